import { decodeQR } from 'qr/decode.js'

/** The part of the Shape Detection API that we use. TypeScript's DOM does not know it. */
type Detector = {
  readonly detect: (source: CanvasImageSource) => Promise<readonly { readonly rawValue: string }[]>
}
type DetectorClass = {
  new (options: { formats: readonly string[] }): Detector
  getSupportedFormats(): Promise<readonly string[]>
}

/** Larger pictures are drawn smaller: a code that fills a tenth of it can still be read. */
const LARGEST = 1600
/** A second look at a smaller drawing, where noise and moiré are gone. */
const SMALLER = 700

const native = async (): Promise<Detector | undefined> => {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass }
  try {
    const formats = await BarcodeDetector?.getSupportedFormats()
    if (BarcodeDetector === undefined || !formats?.includes('qr_code')) return undefined
    return new BarcodeDetector({ formats: ['qr_code'] })
  } catch {
    return undefined
  }
}

type Picture = CanvasImageSource & { readonly width: number; readonly height: number }
type Size = { readonly width: number; readonly height: number }

const pixelsOf = (picture: CanvasImageSource, { width, height }: Size, largest: number) => {
  const scale = Math.min(1, largest / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return undefined
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

const read = (pixels: ImageData | undefined, timeLimit: number): string | undefined => {
  if (pixels === undefined) return undefined
  try {
    return decodeQR(pixels, { timeLimit })
  } catch {
    // It throws where there is no code.
    return undefined
  }
}

/** Reads QR codes: with the browser's own detector where there is one that works, else in script. */
export const createDecoder = () => {
  let detector: Promise<Detector | undefined> | undefined

  const detect = async (source: CanvasImageSource): Promise<string | undefined> => {
    detector ??= native()
    try {
      const [found] = (await (await detector)?.detect(source)) ?? []
      return found?.rawValue
    } catch {
      // Named, but not there: on some phones it needs a service of the system.
      detector = Promise.resolve(undefined)
      return undefined
    }
  }

  /** The text of the QR code in one frame of a video. */
  const ofFrame = async (video: HTMLVideoElement): Promise<string | undefined> => {
    const size = { width: video.videoWidth, height: video.videoHeight }
    if (size.width === 0) return undefined
    return (await detect(video)) ?? read(pixelsOf(video, size, SMALLER), 30)
  }

  /** The text of the QR code in a picture; it takes its time. */
  const ofPicture = async (picture: Picture): Promise<string | undefined> =>
    (await detect(picture)) ??
    read(pixelsOf(picture, picture, LARGEST), 500) ??
    read(pixelsOf(picture, picture, SMALLER), 500)

  return { ofFrame, ofPicture }
}

export type Decoder = ReturnType<typeof createDecoder>
