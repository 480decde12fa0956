import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './campaign.ts'
import { type Line, linesOf, writeHistory } from './history.ts'

const MS = 1_000_000

/** How often each operation was answered in each way. */
const answersIn = (history: readonly Line[]): Readonly<Record<string, Record<string, number>>> => {
  const counts: Record<string, Record<string, number>> = {}
  for (const line of history) {
    if (!('called' in line)) continue
    const { result } = line
    const answer =
      result.kind === 'refused'
        ? `refused: ${result.reason}`
        : result.kind === 'ok' && result.again
          ? 'again'
          : result.kind
    counts[line.op] ??= {}
    const ofOne = counts[line.op] as Record<string, number>
    ofOne[answer] = (ofOne[answer] ?? 0) + 1
  }
  return counts
}

/** The longest that "not now" took, ms: CONTRACT 6 has it within 5 s. */
const slowest503 = (history: readonly Line[]): number =>
  Math.round(
    linesOf(history, 'try')
      .filter(({ result }) => result.kind === 'unknown' && result.why === '503')
      .reduce((most, { called, returned }) => Math.max(most, returned - called), 0) / MS,
  )

/** Everything about a campaign but its history. Times are ms from its beginning. */
export const reportOf = ({ history, ...outcome }: Outcome) => ({
  ...outcome,
  operations: answersIn(history),
  slowest503Ms: slowest503(history),
  notices: linesOf(history, 'notice').length,
  faults: linesOf(history, 'fault').map(({ fault, what, from, to }) => ({
    ...{ fault, what, fromMs: Math.round(from / MS), toMs: Math.round(to / MS) },
  })),
})

/** Writes report and history into a folder; answers where they lie. */
export const writeReport = async (folder: string, outcome: Outcome): Promise<string> => {
  const place = join(folder, `${outcome.store}-${outcome.seed}`)
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'report.json'), `${JSON.stringify(reportOf(outcome), undefined, 2)}\n`)
  await writeHistory(join(place, 'history.jsonl'), outcome.history)
  return place
}

const MOST_SHOWN = 20

/** A campaign in a few lines, for a person. */
export const summaryOf = (outcome: Outcome, place: string): string => {
  const { store, seed, tookMs, claims, acknowledged, kills, strikes, remarks, violations } = outcome
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  const shown = violations
    .slice(0, MOST_SHOWN)
    .map(({ invariant, device, what }) => `  ${invariant} ${device ?? ''} ${what}\n`)
  return [
    `${store}, seed ${seed}: ${kills} kills during ${claims} claims, ${acknowledged} devices claimed, `,
    `${violations.length} violations, ${(tookMs / 1000).toFixed(0)} s\n`,
    `  struck: ${list(strikes)}\n`,
    ...(Object.keys(remarks).length === 0 ? [] : [`  seen: ${list(remarks)}\n`]),
    ...shown,
    ...(violations.length > MOST_SHOWN ? [`  and ${violations.length - MOST_SHOWN} more\n`] : []),
    `  ${place}\n`,
  ].join('')
}
