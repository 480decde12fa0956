import { StoreDown, StoreUnfit } from '../errors.ts'
import { KeyFileUnfit } from '../guard/instance-key.ts'
import { FileUnfit } from '../move/read-file.ts'

/** Why an operator's command did not do its work: settings to be put right, something that was refused, a store out of reach. */
export class OperatorFault extends Error {
  readonly kind: 'wrong' | 'refused' | 'down'

  constructor(kind: OperatorFault['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

const faultOf = (cause: unknown): unknown => {
  if (cause instanceof StoreUnfit) return new OperatorFault('refused', cause.faults.join('; '))
  if (cause instanceof FileUnfit) return new OperatorFault('refused', cause.message)
  if (cause instanceof KeyFileUnfit)
    return new OperatorFault('wrong', `LATCHKEY_KEY_FILE: ${cause.message}`)
  if (cause instanceof StoreDown) return new OperatorFault('down', cause.message)
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
    return new OperatorFault('wrong', `a file cannot be read (${code})`)
  return cause
}

/** The same work, with its expected errors in words for the operator. */
export const explained = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (cause) {
    throw faultOf(cause)
  }
}
