import { renderUnicodeCompact } from 'uqr'

/** The QR code of a text, drawn in half blocks for a terminal, ending in a new line. */
export const drawQr = (content: string): string =>
  `${renderUnicodeCompact(content, { border: 2 })}\n`
