/** The platforms whose APIs are served beside ours, by dialect. What they say is in their own documents. */
export const PLATFORMS: ReadonlyMap<string, { readonly title: string; readonly url: string }> =
  new Map([
    [
      'thingsboard',
      { title: 'ThingsBoard', url: 'https://thingsboard.io/docs/user-guide/claiming-devices/' },
    ],
    ['particle', { title: 'Particle', url: 'https://docs.particle.io/reference/cloud-apis/api/' }],
    ['mode', { title: 'MODE', url: 'https://dev.tinkermode.com/platform/api/' }],
    ['thethings', { title: 'thethings.io', url: 'https://developers.thethings.io/reference' }],
    ['thingful', { title: 'Thingful', url: 'https://thingful.github.io/api-docs/' }],
  ])

/** A tag for each of them that is served. */
export const platformTags = (dialects: readonly string[]) =>
  dialects.flatMap((name) => {
    const platform = PLATFORMS.get(name)
    if (platform === undefined) return []
    const { title, url } = platform
    return [
      {
        name: title,
        description: `${title}'s own claiming API is served at its original paths.`,
        externalDocs: { url, description: 'Its own reference' },
      },
    ]
  })
