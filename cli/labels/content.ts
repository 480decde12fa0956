/** What a label is about: the device's name and the secret that claims it. */
export type Labelled = { readonly name: string; readonly secret: string }

export type ContentOptions = { readonly url: string; readonly project: string | undefined }

type Content = (labelled: Labelled, options: ContentOptions) => string

/** Our link: what is secret stands behind `#`, which no server is sent (research/anchors.md F10). */
const link: Content = ({ name, secret }, { url, project }) => {
  const query = project === undefined ? '' : `?project=${encodeURIComponent(project)}`
  return `${url}/c${query}#d=${encodeURIComponent(name)}&s=${encodeURIComponent(secret)}`
}

/** What ThingsBoard's apps read: research/thingsboard.md 4, "QR code convention". */
const thingsboard: Content = ({ name, secret }) =>
  JSON.stringify({ deviceName: name, secretKey: secret })

/** What the QR code of a label may say, by the word for it. */
export const CONTENTS = new Map<string, Content>([
  ['link', link],
  ['thingsboard', thingsboard],
])
