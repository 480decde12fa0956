import type { Decoder } from './decode.ts'

/** Why there is no text of a QR code. */
export type NotRead = 'no-camera' | 'no-permission' | 'no-code' | 'stopped'

/** A text that was read, or why not. */
export type Read = { readonly text: string } | { readonly not: NotRead }

const FRAME_MS = 120
const LARGEST_FILE = 50 * 1024 * 1024

/** Whether the browser lets us ask for a camera: only on HTTPS and on this machine. */
export const hasCamera = (): boolean => navigator.mediaDevices !== undefined

const opened = async (): Promise<MediaStream | NotRead> => {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    })
  } catch (cause) {
    const isRefused = cause instanceof DOMException && /NotAllowed|Security/.test(cause.name)
    return isRefused ? 'no-permission' : 'no-camera'
  }
}

/** Shows the camera in `video` and reads until there is a QR code or it is stopped. The camera is off afterwards. */
export const readCamera = async (
  video: HTMLVideoElement,
  decoder: Decoder,
  signal: AbortSignal,
): Promise<Read> => {
  const stream = await opened()
  if (typeof stream === 'string') return { not: stream }
  const close = () => {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
  signal.addEventListener('abort', close)
  try {
    video.srcObject = stream
    await video.play().catch(() => undefined)
    while (!signal.aborted) {
      const text = await decoder.ofFrame(video)
      if (text !== undefined) return { text }
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS))
    }
    return { not: 'stopped' }
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

/** Reads the QR code in a picture of any format that the browser can show. */
export const readPicture = async (file: Blob, decoder: Decoder): Promise<Read> => {
  if (file.size > LARGEST_FILE) return { not: 'no-code' }
  const picture = await createImageBitmap(file).catch(() => undefined)
  if (picture === undefined) return { not: 'no-code' }
  try {
    const text = await decoder.ofPicture(picture)
    return text === undefined ? { not: 'no-code' } : { text }
  } finally {
    picture.close()
  }
}
