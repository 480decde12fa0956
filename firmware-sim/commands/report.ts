import cliProgress from 'cli-progress'
import { drawQr } from '../qr.ts'
import type { Io } from './command.ts'

type Device = { readonly device: string }

/** What the commands tell. With `--json` each is one line with the member `event`. Never a token or a password. */
export type SimEvents = {
  created: Device
  connected: Device
  'not-granted': Device & { readonly topics: readonly string[] }
  retrying: Device & { readonly inMs: number; readonly why: string }
  open: Device & {
    readonly secret: string | undefined
    readonly expiresAt?: string | undefined
    readonly code?: string | undefined
  }
  refused: Device & { readonly reason: string; readonly attempt?: string | undefined }
  unreachable: Device & { readonly why: string }
  owner: Device & {
    readonly claimed: boolean
    readonly epoch: number | undefined
    readonly home: string | undefined
  }
  command: Device & { readonly id: string; readonly action: string }
  sent: Device & { readonly events: number }
  claimed: Device & { readonly epoch: number | undefined; readonly claim?: string | undefined }
  waiting: Device & { readonly claim: string; readonly expiresAt: string | undefined }
  released: Device
  listed: Device & { readonly name: string }
  explained: { readonly claim: string; readonly explanation: unknown }
  done: Readonly<Record<string, number>>
}

type Prose = { [E in keyof SimEvents]: (said: SimEvents[E]) => string }

const epochOf = (epoch: number | undefined): string =>
  epoch === undefined ? '' : `, epoch ${epoch}`

const prose: Prose = {
  created: ({ device }) => `${device}  created`,
  connected: ({ device }) => `${device}  connected`,
  'not-granted': ({ device, topics }) => `${device}  may not subscribe to ${topics.join(', ')}`,
  retrying: ({ device, inMs, why }) => `${device}  tries again in ${inMs} ms: ${why}`,
  open: ({ device, secret, expiresAt }) =>
    `${device}  can be claimed ${secret === undefined ? 'without a secret' : `with secret ${secret}`}${
      expiresAt === undefined ? '' : ` until ${expiresAt}`
    }`,
  refused: ({ device, reason, attempt }) =>
    `${device}  refused: ${reason}${attempt === undefined ? '' : ` (claim ${attempt})`}`,
  unreachable: ({ device, why }) => `${device}  gave up: ${why}`,
  owner: ({ device, claimed, epoch, home }) =>
    `${device}  ${claimed ? 'is claimed' : 'has no owner'}${epochOf(epoch)}${
      home === undefined ? '' : `, home ${home}`
    }`,
  command: ({ device, id, action }) => `${device}  does ${action} (command ${id})`,
  sent: ({ device, events }) => `${device}  sent ${events} events`,
  claimed: ({ device, epoch, claim }) =>
    `${device}  claimed${epochOf(epoch)}${claim === undefined ? '' : ` (claim ${claim})`}`,
  waiting: ({ device, claim, expiresAt }) =>
    `${device}  waits for the other half until ${expiresAt ?? 'it expires'} (claim ${claim})`,
  released: ({ device }) => `${device}  released`,
  listed: ({ device, name }) => `${device}  ${name}`,
  explained: ({ explanation }) => JSON.stringify(explanation, undefined, 2),
  done: (counts) =>
    Object.entries(counts)
      .map(([word, count]) => `${count} ${word}`)
      .join(', '),
}

/** Tells what happens, as prose or JSON lines on stdout, with a bar on stderr for a fleet. */
export type Report = {
  readonly tell: <E extends keyof SimEvents>(event: E, said: SimEvents[E]) => void
  readonly drawCode: (content: string) => void
  readonly step: () => void
  /** Whether stdout is a terminal. */
  readonly onTerminal: boolean
  /** Ends the bar and writes what it held back. */
  readonly end: () => void
}

// The type definitions of Node know `isTTY` only on its own streams.
const isTerminal = (stream: NodeJS.WritableStream): boolean =>
  'isTTY' in stream && stream.isTTY === true

/** A report to `io`. A bar is shown for more than one item when stderr is a terminal. */
export const createReport = (io: Io, options: { json: boolean; total: number }): Report => {
  const bar =
    options.total > 1 && isTerminal(io.stderr)
      ? new cliProgress.SingleBar({
          stream: io.stderr,
          format: '{bar} {value}/{total}, {eta_formatted} left',
        })
      : undefined
  bar?.start(options.total, 0)
  const held: string[] = []
  // A bar and lines on the same terminal would overwrite each other.
  let holds = bar !== undefined && isTerminal(io.stdout)
  const write = (line: string) => {
    if (holds) held.push(line)
    else io.stdout.write(line)
  }
  return {
    tell: (event, said) =>
      write(`${options.json ? JSON.stringify({ event, ...said }) : prose[event](said)}\n`),
    drawCode: (content) => write(drawQr(content)),
    step: () => bar?.increment(),
    onTerminal: isTerminal(io.stdout),
    end() {
      bar?.stop()
      holds = false
      for (const line of held.splice(0)) io.stdout.write(line)
    },
  }
}
