import { createClient } from '../../client/index.ts'

/** Mistakes: the compiler has to see every one, else this file does not compile. */
export const mistakes = async () => {
  const latchkey = createClient({ server: 'http://127.0.0.1:8080' })
  const made = await latchkey.claim({ linkId: 'a word' })
  return [
    // @ts-expect-error a server is needed
    createClient({}),
    // @ts-expect-error there is no such call
    latchkey.stealDevice({ id: 'x' }),
    // @ts-expect-error a claim needs a half
    latchkey.claim(),
    // @ts-expect-error a number is a number
    latchkey.listDevices({ limit: '10' }),
    // @ts-expect-error an unknown member
    latchkey.makeDevice({ name: 'x', colour: 'red' }),
    // @ts-expect-error nothing is given to sign out
    latchkey.signOut({ id: 'x' }),
    // @ts-expect-error a refusal has no value
    made.value,
    // @ts-expect-error what waits has no device
    made.ok ? made.value.device : undefined,
    // @ts-expect-error there is no such reason
    !made.ok && made.reason === 'bad-luck',
  ]
}
