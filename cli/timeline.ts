/** What a server answered. */
export type Body = Readonly<Record<string, unknown>>

/** Something that happened to a device. `at`: RFC 3339. */
export type Moment = {
  readonly at: string
  readonly what: string
  readonly about: string
  readonly reason?: string
  readonly detail?: string
  readonly nextStep?: string
}

const itemsOf = ({ items }: Body): readonly Body[] =>
  Array.isArray(items) ? (items as Body[]) : []
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const words = (...parts: readonly string[]) => parts.filter((part) => part !== '').join(' ')

const why = ({ reason, detail, nextStep }: Body) =>
  typeof reason === 'string' ? { reason, detail: textOf(detail), nextStep: textOf(nextStep) } : {}

/** One row for each type of line in a device's story. */
const STORY: Readonly<Record<string, (line: Body, attempt: Body | undefined) => string>> = {
  claimed: ({ home, epoch, via, by }) =>
    `by home ${textOf(home)} (account ${textOf(by)}), epoch ${String(epoch)}, through ${textOf(via)}`,
  released: ({ by, epoch, via }) =>
    `by ${textOf(by)}, epoch ${String(epoch)}, through ${textOf(via)}`,
  removed: () => '',
  refused: ({ via }, attempt) =>
    words(
      'a claim',
      attempt === undefined ? '' : `of account ${textOf(attempt.user)}`,
      `through ${textOf(via)}`,
    ),
  'offer-refused': ({ what, via }) => `to the device: ${textOf(what)}, through ${textOf(via)}`,
}

/** What of the audit is not in the story. */
const AUDIT: Readonly<Record<string, string>> = {
  'device.made': 'made',
  'window.opened': 'window opened',
  'box-key.set': 'box key set',
  'credential.renewed': 'credential renewed',
  'certificate.set': 'certificate set',
  'certificate.removed': 'certificate removed',
  'transfer.asked': 'transfer asked for',
  'transfer.approved': 'transfer approved',
  'transfer.denied': 'transfer denied',
}

const actorOf = ({ by, via }: Body): string => {
  const { kind, id } = (by ?? {}) as { kind?: unknown; id?: unknown }
  return words(
    kind === undefined ? '' : `by ${textOf(kind)} ${textOf(id)}`,
    via === undefined ? '' : `through ${textOf(via)}`,
  )
}

/** Claims, releases, refusals, and the halves that were left. */
export const momentsOf = (history: Body, attempts: Body, audit: readonly Body[]): Moment[] => {
  const known = new Map(itemsOf(attempts).map((attempt) => [attempt.id, attempt]))
  const story = itemsOf(history).map((line) => ({
    at: textOf(line.at),
    what: textOf(line.type).replace('offer-refused', 'refused'),
    about: STORY[textOf(line.type)]?.(line, known.get(line.claim)) ?? '',
    ...why(line),
  }))
  const told = audit.flatMap((line) => {
    const what = AUDIT[textOf(line.type)]
    if (what === undefined || typeof line.at !== 'number') return []
    return [{ at: new Date(line.at).toISOString(), what, about: actorOf(line) }]
  })
  return [...told, ...story]
}

const EVENTS: Readonly<Record<string, string>> = {
  'latchkey.device.connected': 'connected',
  'latchkey.device.disconnected': 'disconnected',
  'latchkey.command.acknowledged': 'command done',
  'latchkey.command.dropped': 'command dropped',
}

/** Connections and commands, since it has its present owner. */
export const eventsOf = (events: Body): Moment[] =>
  itemsOf(events).flatMap(({ time, type, data }) => {
    const what = EVENTS[textOf(type)]
    const { action, id, reason } = (data ?? {}) as Body
    const about = words(
      textOf(action) || (what?.startsWith('command') ? textOf(id) : ''),
      textOf(reason),
    )
    return what === undefined ? [] : [{ at: textOf(time), what, about }]
  })

/** How a device is now, in a sentence. */
export const nowOf = (device: Body): string => {
  const { name, connected, claimed, home, epoch, window, boxKey, claimMode } = device
  const owner = (home as { name?: unknown } | undefined)?.name
  const halves = [
    window === undefined ? '' : `its window is open until ${textOf((window as Body).expiresAt)}`,
    boxKey === true ? 'its box key is good' : '',
    claimMode === true ? 'it is in claim mode' : '',
  ].filter((half) => half !== '')
  return [
    `${textOf(name)} is ${connected === true ? 'connected' : 'not connected'}`,
    claimed === true ? `owned by ${textOf(owner)}` : 'owned by nobody',
    `epoch ${String(epoch)}`,
    ...(claimed === true ? [] : halves.length > 0 ? halves : ['nothing opens it to a claim']),
  ].join(', ')
}

/** A moment for a terminal. */
export const spell = ({ at, what, about, reason, detail, nextStep }: Moment): string => {
  const first = `${at}  ${what.padEnd(16)} ${about}\n`
  return reason === undefined
    ? first
    : `${first}${' '.repeat(at.length + 2)}${reason}: ${detail}\n${' '.repeat(at.length + 2)}-> ${nextStep}\n`
}
