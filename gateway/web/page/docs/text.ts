import { make } from '../../widget/dom.ts'

const LINK = /\[([^\]]+)\]\((\/[\w./#-]*|https:\/\/[^)\s]+)\)/

const inline = (text: string): Node[] =>
  text.split(/(`[^`]+`|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (/^`.+`$/.test(part)) return make('code', {}, part.slice(1, -1))
    const [, name, href] = LINK.exec(part) ?? []
    return name === undefined || href === undefined
      ? document.createTextNode(part)
      : make('a', { href }, name)
  })

/** Paragraphs of a description: plain text with `code` and links, and nothing else of Markdown. */
export const paragraphs = (text: string | undefined): HTMLElement[] =>
  (text ?? '')
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => make('p', {}, ...inline(part)))

/** A short text in one line. */
export const line = (text: string): Node[] => inline(text)
