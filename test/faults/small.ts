import { join, resolve } from 'node:path'
import { type CampaignOptions, type Outcome, runCampaign } from '../../faults/campaign.ts'
import { linesOf } from '../../faults/history.ts'

/** The built program; `LATCHKEY_DIST` names another build. */
export const DIST = resolve(process.env.LATCHKEY_DIST ?? 'dist')
/** Far more than it takes: only a test that hangs comes to it. */
export const LIMIT_MS = 120_000
/** Another one is tried by `npm run faults -- --seed N`. */
const SEED = 20_260_101

const SMALL = {
  ...{ seed: SEED, claims: 150, kills: 6, cli: join(DIST, 'cli.js') },
  ...{ apps: 6, devices: 30, connected: 6 },
  // What "everysec" may lose to a kill depends on the disk: operations.md, "Which store".
  fsyncs: ['always'],
} as const satisfies Partial<CampaignOptions>

/** A campaign that is short enough for the suite. */
export const runSmall = (
  options: Pick<CampaignOptions, 'store'> & Partial<CampaignOptions>,
): Promise<Outcome> => runCampaign({ ...SMALL, ...options })

/** What a failure needs to be made again. */
export const shownOf = ({ seed, violations }: Outcome) => ({ seed, violations })
export const CLEAN = { seed: SEED, violations: [] }

/** What clients and devices have met. */
export const metIn = ({ history }: Outcome) => ({
  claims: linesOf(history, 'claim').some(({ result }) => result.kind === 'ok'),
  races: linesOf(history, 'claim').some(({ result }) => result.kind === 'refused'),
  doubts: history.some((line) => 'result' in line && line.result.kind === 'unknown'),
  endedSessions: linesOf(history, 'use').some(({ result }) => result.kind === 'refused'),
  notices: linesOf(history, 'notice').length > 0,
  ends: linesOf(history, 'final').length > 0,
})

/** What a campaign has to have met, or it has shown nothing. */
export const ALL = {
  ...{ claims: true, races: true, doubts: true },
  ...{ endedSessions: true, notices: true, ends: true },
}
