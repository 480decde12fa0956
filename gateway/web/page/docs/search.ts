type Found = { readonly article: HTMLElement; readonly link: HTMLElement; readonly text: string }

const textOf = (article: HTMLElement): string =>
  [article.id, ...[...article.querySelectorAll('h3, .place, .name')].map((n) => n.textContent)]
    .join(' ')
    .toLowerCase()

/** Hides what does not have every word of a query; a heading goes with all that is under it. */
export const createSearch = (main: HTMLElement, nav: HTMLElement) => {
  const rows: Found[] = [...main.querySelectorAll<HTMLElement>('article')].flatMap((article) => {
    const link = nav.querySelector<HTMLElement>(`a[href="#${CSS.escape(article.id)}"]`)
    return link === null ? [] : [{ article, link, text: textOf(article) }]
  })
  const hideEmpty = (place: HTMLElement, part: string, inner: string) => {
    for (const group of place.querySelectorAll<HTMLElement>(part))
      group.hidden = group.querySelector(`${inner}:not([hidden])`) === null
  }

  /** Answers how many are left. */
  return (query: string): number => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    let left = 0
    for (const { article, link, text } of rows) {
      const isFound = words.every((word) => text.includes(word))
      article.hidden = !isFound
      const item = link.closest('li')
      if (item !== null) item.hidden = !isFound
      if (isFound) left += 1
    }
    hideEmpty(main, 'section.topic', 'article')
    hideEmpty(nav, 'section', 'li')
    main.classList.toggle('searched', words.length > 0)
    return left
  }
}
