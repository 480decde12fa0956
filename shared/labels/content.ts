/** What a label is about: the device's name and the secret that claims it. Without a secret, it is typed. */
export type Labelled = { readonly name: string; readonly secret?: string | undefined }

/** `url`: where our claim page is, without a slash at its end. `project`: where it is not the default one. */
export type ContentOptions = { readonly url: string; readonly project: string | undefined }

/** What the QR code of a label says. */
export type Content = (labelled: Labelled, options: ContentOptions) => string

/** Our link: what is secret stands behind `#`, which no server is sent (research/anchors.md F10). */
export const linkOf: Content = ({ name, secret }, { url, project }) => {
  const query = project === undefined ? '' : `?project=${encodeURIComponent(project)}`
  const key = secret === undefined ? '' : `&s=${encodeURIComponent(secret)}`
  return `${url}/c${query}#d=${encodeURIComponent(name)}${key}`
}

/** What ThingsBoard's apps read: research/thingsboard.md 4, "QR code convention". */
const thingsboard: Content = ({ name, secret }) =>
  JSON.stringify({ deviceName: name, ...(secret === undefined ? {} : { secretKey: secret }) })

/** What the QR code of a label may say, by the word for it. */
export const CONTENTS = new Map<string, Content>([
  ['link', linkOf],
  ['thingsboard', thingsboard],
])
