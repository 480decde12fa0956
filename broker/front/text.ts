import { isUtf8 } from 'node:buffer'

/** Plain printable ASCII: what nearly all topics and ids are. */
const isPlain = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte < 0x20 || byte > 0x7e) return false
  }
  return true
}

/** Control characters and non-characters: [MQTT-1.5.3-2] for U+0000, and what 1.5.3 lets a receiver close for. */
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}]/u

/** A text of the wire; `undefined` when it is not well-formed UTF-8 [MQTT-1.5.3-1] or has a forbidden character. */
export const readText = (bytes: Buffer, start: number, end: number): string | undefined => {
  if (isPlain(bytes, start, end)) return bytes.toString('latin1', start, end)
  if (!isUtf8(bytes.subarray(start, end))) return undefined
  const text = bytes.toString('utf8', start, end)
  return FORBIDDEN.test(text) ? undefined : text
}

/** [MQTT-3.3.2-2]: a topic name has no wildcard. */
export const hasWildcard = (topic: string): boolean => topic.includes('+') || topic.includes('#')

/** [MQTT-4.7.1-2], [MQTT-4.7.1-3]: `#` alone in the last level, `+` alone in its level. */
export const isFilter = (filter: string): boolean => {
  if (!hasWildcard(filter)) return true
  const levels = filter.split('/')
  return levels.every((level, place) => {
    if (level === '+') return true
    if (level === '#') return place === levels.length - 1
    return !hasWildcard(level)
  })
}

/** How many levels a topic has, without splitting it. */
export const levelsOf = (topic: string): number => {
  let levels = 1
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) levels += 1
  return levels
}
