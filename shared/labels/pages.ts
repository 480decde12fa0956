import type { Content, ContentOptions, Labelled } from './content.ts'
import { drawLabel, type Mark } from './draw.ts'
import { cornerOf, perPage, type Sheet } from './sheet.ts'

/** One page as it is to be printed, all in mm. `module`: of its smallest code. */
export type Page = {
  readonly width: number
  readonly height: number
  readonly marks: readonly Mark[]
  readonly module: number
}

export type PageOptions = ContentOptions & {
  readonly sheet: Sheet
  readonly content: Content
  /** Places of the first page that are used up already. */
  readonly skipped: number
}

/** Labels on one page, from the first free place on; no more than have room there. */
const pageOf = (labels: readonly Labelled[], options: PageOptions): Page => {
  const { sheet, content, skipped } = options
  const drawn = labels.map((labelled, place) => {
    const box = { ...cornerOf(sheet, skipped + place), ...sheet.label }
    return drawLabel(labelled, content(labelled, options), box)
  })
  return {
    ...sheet.page,
    marks: drawn.flatMap(({ marks }) => marks),
    module: Math.min(...drawn.map(({ module }) => module)),
  }
}

/** How many pages so many labels are. */
export const pageCount = (
  labels: number,
  { sheet, skipped }: Pick<PageOptions, 'sheet' | 'skipped'>,
): number => (labels === 0 ? 0 : Math.ceil((labels + skipped) / perPage(sheet)))

/** The page of that number, from 0. */
export const pageAt = (labels: readonly Labelled[], page: number, options: PageOptions): Page => {
  const from = page * perPage(options.sheet) - options.skipped
  const here = labels.slice(Math.max(0, from), from + perPage(options.sheet))
  return pageOf(here, page === 0 ? options : { ...options, skipped: 0 })
}

/** Labels on pages, one page in memory at a time. The same labels are the same pages. */
export async function* pagesOf(
  labels: AsyncIterable<Labelled>,
  options: PageOptions,
): AsyncGenerator<Page> {
  let { skipped } = options
  let here: Labelled[] = []
  for await (const labelled of labels) {
    here.push(labelled)
    if (skipped + here.length < perPage(options.sheet)) continue
    yield pageOf(here, { ...options, skipped })
    here = []
    skipped = 0
  }
  if (here.length > 0) yield pageOf(here, { ...options, skipped })
}
