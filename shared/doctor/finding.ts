/** What a check found, in one line, and what to do about it. */
export type Finding = {
  readonly name: string
  readonly state: 'good' | 'warning' | 'fault'
  readonly says: string
  readonly todo?: string
}

export const good = (name: string, says: string): Finding => ({ name, state: 'good', says })

/** Something that works today and should not stay so. */
export const warning = (name: string, says: string, todo: string): Finding => ({
  ...{ name, state: 'warning', says, todo },
})

/** Something that does not work, or that nobody should rely on. */
export const fault = (name: string, says: string, todo: string): Finding => ({
  ...{ name, state: 'fault', says, todo },
})
