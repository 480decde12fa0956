/** Whether a filter matches a topic (4.7): level by level, and no wildcard first for a topic that begins with `$`. */
export const matches = (filter: string, topic: string): boolean => {
  if (filter === topic) return true
  const isReserved = topic.charCodeAt(0) === DOLLAR
  // [MQTT-4.7.2-1]
  if (isReserved && (filter.startsWith('+') || filter.startsWith('#'))) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [place, level] of wanted.entries()) {
    // `a/#` matches `a`, too.
    if (level === '#') return true
    if (place >= levels.length) return false
    if (level !== '+' && level !== levels[place]) return false
  }
  return wanted.length === levels.length
}

const DOLLAR = 36
