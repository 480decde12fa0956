/** What a label, a link or a person says: the half of a claim that an account brings. */
export type Label =
  | { readonly way: 'device'; readonly device: string; readonly secret?: string }
  | { readonly way: 'link'; readonly linkId: string }
  | { readonly way: 'code'; readonly code: string }

export type Way = Label['way']

/** What a QR code turned out to be. `elsewhere`: a link to another host, which is not to learn the secret from us. */
export type Reading =
  | { readonly kind: 'label'; readonly label: Label }
  | { readonly kind: 'elsewhere'; readonly host: string }
  | { readonly kind: 'nothing' }

const LONGEST = 4096
const LONGEST_NAME = 255
const LONGEST_SECRET = 256
const PATHS = new Set(['/c', '/claim'])

const NOTHING: Reading = { kind: 'nothing' }

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= longest

const labelOf = (device: unknown, secret: unknown): Label | undefined => {
  if (!isText(device, LONGEST_NAME)) return undefined
  return isText(secret, LONGEST_SECRET)
    ? { way: 'device', device, secret }
    : { way: 'device', device }
}

/** `undefined`: no percent-encoding of a text. */
const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The fragment of our links, with or without `#`: `d` device, `s` its secret, or `l` a shared id, or `c` a claim code,
 * percent-encoded; a plus sign is a plus sign. `undefined`: there is no label in it.
 */
export const readFragment = (fragment: string): Label | undefined => {
  if (fragment.length > LONGEST) return undefined
  const members = new Map<string, string | undefined>()
  for (const pair of fragment.replace(/^#/, '').split('&')) {
    const [name = '', ...value] = pair.split('=')
    if (!members.has(name)) members.set(name, decoded(value.join('=')))
  }
  const [linkId, code] = [members.get('l'), members.get('c')]
  if (isText(linkId, LONGEST_SECRET)) return { way: 'link', linkId }
  if (isText(code, LONGEST_NAME)) return { way: 'code', code }
  return labelOf(members.get('d'), members.get('s'))
}

/** ThingsBoard's convention: `{"deviceName":"…","secretKey":"…"}` (research/thingsboard.md 4). */
const readJson = (text: string): Label | undefined => {
  try {
    const { deviceName, secretKey } = JSON.parse(text) as Record<string, unknown>
    return labelOf(deviceName, secretKey)
  } catch {
    return undefined
  }
}

const readLink = (link: URL, server: string): Reading => {
  const label = PATHS.has(link.pathname.replace(/\/$/, '')) ? readFragment(link.hash) : undefined
  if (label === undefined) return NOTHING
  return link.origin === server ? { kind: 'label', label } : { kind: 'elsewhere', host: link.host }
}

/** What the text of a QR code says to the server of that origin. */
export const readQr = (content: string, server: string): Reading => {
  // Scanners add a line end (research/security.md S50).
  const text = content.replace(/[\r\n]+$/, '')
  if (text.length > LONGEST) return NOTHING
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return readLink(new URL(text), server)
  const label = readJson(text)
  return label === undefined ? NOTHING : { kind: 'label', label }
}
