import { crc32, deflateSync } from 'node:zlib'
import { encodeQR } from 'qr'

const SCALE = 8

/** The grey values of a QR code: white 255, black 0, with a margin. */
const drawn = (content: string) => {
  const modules = encodeQR(content, 'raw', { border: 4 })
  const size = modules.length * SCALE
  const greyAt = (x: number, y: number) =>
    modules[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] ? 0 : 255
  return { size, greyAt }
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A PNG (ISO/IEC 15948) of 8-bit greys. */
const png = (width: number, height: number, greyAt: (x: number, y: number) => number): Buffer => {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => greyAt(x, y))]),
  )
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A picture of a QR code, as a file input takes it. */
export const qrPicture = (content: string) => {
  const { size, greyAt } = drawn(content)
  return { name: 'label.png', mimeType: 'image/png', buffer: png(size, size, greyAt) }
}

/** A picture without a QR code. */
export const blankPicture = () => ({
  name: 'blank.png',
  mimeType: 'image/png',
  buffer: png(64, 64, () => 200),
})

/** A film of a QR code in front of a camera, as Chromium's false camera plays it: YUV4MPEG2, 640 x 480. */
export const qrFilm = (content: string): Buffer => {
  const [width, height, frames] = [640, 480, 4]
  const { size, greyAt } = drawn(content)
  const [left, top] = [Math.floor((width - size) / 2), Math.floor((height - size) / 2)]
  const luma = Buffer.alloc(width * height, 160)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) luma[(top + y) * width + left + x] = greyAt(x, y)
  const chroma = Buffer.alloc((width * height) / 2, 128)
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, chroma])
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame)])
}
