type Of<Name extends string> = { readonly [N in Name]: string }
type Counted = (count: number) => string

/** Every text of the label sheets and of the import. They come with them, and not before. */
export type LabelWords = {
  readonly keys: Of<
    'title' | 'new' | 'none' | 'newText' | 'noneText' | 'days' | 'make' | 'makeNone' | 'stop'
  > &
    Of<'progress' | 'askText' | 'ask'> & {
      readonly askTitle: Counted
      readonly made: Counted
    }
  readonly refused: Of<'title' | 'device' | 'why' | 'owned' | 'stopped' | 'again'>
  readonly sheet: Of<
    'title' | 'once' | 'sheet' | 'roll' | 'width' | 'height' | 'start' | 'content' | 'link'
  > &
    Of<'thingsboard' | 'wrongSize' | 'wrongDays' | 'former' | 'next' | 'pdf' | 'svg' | 'drawing'> &
    Of<'small' | 'letters' | 'print'> & {
      readonly a4: (name: string, count: number, width: string, height: string) => string
      readonly wrongStart: Counted
      readonly tooLong: Counted
      readonly page: (page: string, pages: string) => string
      readonly preview: (page: string, pages: string, labels: string) => string
    }
  readonly file: Of<'title' | 'lead' | 'file' | 'hint' | 'keys' | 'keysText' | 'send'> &
    Of<'missing' | 'otherKind' | 'tooLarge' | 'empty' | 'another'>
  readonly operation: Of<
    'title' | 'waiting' | 'running' | 'done' | 'rows' | 'created' | 'updated' | 'unchanged'
  > &
    Of<'failed' | 'faults' | 'line' | 'fault' | 'progress' | 'results' | 'save' | 'noKeys'> &
    Of<'foreign' | 'ownKeys' | 'resultsText'> & {
      readonly tooMany: (count: string, most: string) => string
    }
}
