const KEPT = 'latchkey-language'

/** The languages that a reader may want, by BCP 47 tags, the dearest first. */
export const languagesOf = (query: URLSearchParams): readonly string[] => [
  query.get('lang') ?? '',
  sessionStorage.getItem(KEPT) ?? '',
  ...navigator.languages,
]

/** Remembers what a reader has chosen, as long as his tab is open. */
export const keepLanguage = (lang: string): void => sessionStorage.setItem(KEPT, lang)
