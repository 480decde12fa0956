import type { Pack } from '../../../../shared/labels/pdf.ts'

/** Packs with what the browser has: `deflate` is its word for RFC 1950. */
export const pack: Pack = async (bytes) => {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(packed).arrayBuffer())
}
