// The platform's own policy asks for six characters; ours takes no more than 128.
const SHORTEST = 6
const LONGEST = 128

/** What is wrong with a new password, in the platform's words. `undefined`: nothing. */
export const faultOfPassword = (password: string): string | undefined => {
  if (password.length < SHORTEST)
    return `Password must be ${SHORTEST} or more characters in length.`
  if (password.length > LONGEST)
    return `Password must be no more than ${LONGEST} characters in length.`
  return undefined
}
