import { CONTENTS, type ContentOptions, type Labelled } from './content.ts'
import { drawLabel, type Mark } from './draw.ts'
import { cornerOf, perPage, type Sheet } from './sheet.ts'

/** One page as it is to be printed, all in mm. */
export type Page = {
  readonly width: number
  readonly height: number
  readonly marks: readonly Mark[]
}

export type PagesOptions = ContentOptions & {
  readonly sheet: Sheet
  /** A word of `CONTENTS`. */
  readonly content: string
  /** Places of the first page that are used up already. */
  readonly skipped: number
  /** Told of every label: the size of a module of its code, mm. */
  readonly onModule: (module: number) => void
}

/** Labels on pages, one page in memory at a time. The same labels are the same pages. */
export async function* pagesOf(
  labels: AsyncIterable<Labelled>,
  options: PagesOptions,
): AsyncGenerator<Page> {
  const { sheet, content, skipped, onModule } = options
  const contentOf = CONTENTS.get(content)
  if (contentOf === undefined) throw new RangeError('no such content')
  let marks: Mark[] = []
  let place = skipped
  for await (const labelled of labels) {
    if (place === perPage(sheet)) {
      yield { ...sheet.page, marks }
      marks = []
      place = 0
    }
    const box = { ...cornerOf(sheet, place), ...sheet.label }
    const drawn = drawLabel(labelled, contentOf(labelled, options), box)
    marks.push(...drawn.marks)
    onModule(drawn.module)
    place += 1
  }
  if (marks.length > 0) yield { ...sheet.page, marks }
}
