import type { CloudEvent } from './api.ts'

/** A line that is longer comes from nobody we know. Events of devices have 16 KiB at most. */
const LONGEST_LINE = 1024 * 1024

const parsed = (data: string): CloudEvent | undefined => {
  try {
    return JSON.parse(data) as CloudEvent
  } catch {
    return undefined
  }
}

/** Puts server-sent events (WHATWG HTML, 9.2.6) together from pieces of text, however they were cut. `undefined`: this is no stream of ours. */
export const createFrames = () => {
  let rest = ''
  let data = ''
  return (text: string): readonly CloudEvent[] | undefined => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST_LINE) return undefined
    const events: CloudEvent[] = []
    for (const line of lines) {
      if (line === '' && data !== '') {
        const event = parsed(data)
        if (event === undefined) return undefined
        events.push(event)
        data = ''
      } else if (line.startsWith('data: ')) data = line.slice('data: '.length)
    }
    return events
  }
}
