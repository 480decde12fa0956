/** What happened, and what to do about it. */
export type Saying = { readonly title: string; readonly text: string }

/** Every text of the element. Where a word is a function, its argument stands in the text. */
export type Words = {
  /** BCP 47. */
  readonly lang: string
  readonly heading: string
  readonly intro: string
  readonly scan: string
  readonly picture: string
  readonly or: string
  readonly wayLegend: string
  readonly ways: { readonly device: string; readonly link: string; readonly code: string }
  readonly device: string
  readonly secret: string
  readonly showSecret: string
  readonly hideSecret: string
  readonly link: string
  readonly linkHint: string
  readonly code: string
  readonly codeHint: string
  readonly button: string
  readonly sending: string
  readonly deviceRequired: string
  readonly secretRequired: string
  readonly linkRequired: string
  readonly codeRequired: string
  readonly success: string
  readonly successText: (name: string | undefined) => string
  readonly unfinished: string
  readonly alreadyYours: Saying
  readonly another: string
  readonly notFound: string
  readonly notFoundText: string
  readonly failed: string
  readonly failedText: string
  readonly waiting: string
  /** What the device has to bring. */
  readonly waitingText: { readonly link: string; readonly code: string }
  readonly left: string
  readonly stop: string
  readonly signedOut: Saying
  /** A key with a check character, which does not fit. */
  readonly mistyped: Saying
  readonly held: Saying
  readonly unreachable: Saying
  readonly camera: string
  readonly cameraClose: string
  readonly noCamera: Saying
  readonly noPermission: Saying
  readonly noCode: Saying
  readonly notOurs: Saying
  readonly elsewhere: (host: string) => Saying
  readonly read: Saying
  readonly instead: string
  /** By the server's reason (CONTRACT 5). What is missing here is said in the server's own words. */
  readonly reasons: Readonly<Record<string, Saying>>
}
