/** Where a piece of work belongs in a trace: W3C Trace Context, 3.2. */
export type Place = {
  /** 32 hex digits. */
  readonly trace: string
  /** 16 hex digits. */
  readonly span: string
  readonly isSampled: boolean
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const LONGEST = 128

/** Reads `traceparent`. `undefined`: there is none, or it is not valid and has to be ignored (4.3). */
export const readTraceparent = (header: string | string[] | undefined): Place | undefined => {
  if (typeof header !== 'string' || header.length > LONGEST) return undefined
  const [, version, trace = '', span = '', flags = '', more] = FORM.exec(header) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined))
    return undefined
  if (/^0+$/.test(trace) || /^0+$/.test(span)) return undefined
  return { trace, span, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}
