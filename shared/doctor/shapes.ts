import { shapeFault } from '../model/shapes.ts'

/** What is wrong with a record as it is stored. `undefined`: nothing, or it is of a kind that is not looked into. */
export const storedFault = (kind: string, value: string): string | undefined => {
  try {
    return shapeFault(kind, JSON.parse(value))
  } catch {
    return `a ${kind} is no JSON`
  }
}
