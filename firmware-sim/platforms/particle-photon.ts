import { generateKeyPairSync } from 'node:crypto'
import { dial } from '../connection.ts'
import { within } from '../within.ts'

/** A Photon's identity; the credential is what it shows to the broker. */
export type PhotonOptions = {
  /** 24 hex digits. */
  readonly id: string
  readonly token: string
  /** `mqtt://…` */
  readonly url: string
}

/** What came of going online: the code is gone only when it was confirmed. */
export type Online = { readonly presented: boolean; readonly confirmed: boolean }

/** A simulated Photon: what its SoftAP answers, and what it does once it is on the network. */
export type Photon = {
  /** The answer to a command of the SoftAP; `undefined`: there is no such command. */
  readonly answer: (command: string, body: string) => Readonly<Record<string, unknown>> | undefined
  /** Settles when `connect-ap` has made it go online. */
  readonly online: Promise<Online>
  readonly close: () => Promise<void>
}

const ROOT = 'spark/device/claim'
/** The firmware has room for so many characters: research/particle.md 0.1. */
const CODE_SIZE = 63
/** There is no negative answer: after this time it takes its code for refused. */
const CONFIRM_MS = 500
const DONE = { r: 0 }
const FAILED = { r: -1 }

/** As its SoftAP shows the key: DER in hex. */
const newPublicKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 1024 })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('hex')

const membersOf = (body: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** Powers a Photon on in listening mode, with nobody's code in it. */
export const createPhoton = ({ id, token, url }: PhotonOptions): Photon => {
  const publicKey = newPublicKey()
  let code = ''
  let isClaimed = false
  let configured: unknown
  let end: () => Promise<void> = async () => undefined
  let settle: (online: Promise<Online>) => void = () => undefined
  const online = new Promise<Online>((resolve) => {
    settle = resolve
  })

  const present = async (): Promise<Online> => {
    let confirm: () => void = () => undefined
    const confirmed = new Promise<true>((resolve) => {
      confirm = () => resolve(true)
    })
    const connection = await dial({
      ...{ url, token, protocol: 4, clientId: id, subscriptions: [`${ROOT}/confirm`] },
      // At anything below the root the firmware forgets the code and takes itself for claimed.
      onMessage: (topic) => {
        if (!topic.startsWith(`${ROOT}/`)) return
        code = ''
        isClaimed = true
        confirm()
      },
    })
    end = connection.close
    if (code === '') return { presented: false, confirmed: false }
    await connection.publish({ topic: `${ROOT}/code`, payload: code })
    return {
      presented: true,
      confirmed: await within(CONFIRM_MS, 'confirmation', confirmed).catch(() => false),
    }
  }

  const set = ({ k, v }: Readonly<Record<string, unknown>>) => {
    if (k !== 'cc') return DONE
    if (typeof v !== 'string' || v.length > CODE_SIZE) return FAILED
    // Also a code that is worth nothing is taken: research/particle.md 2.
    code = v
    return DONE
  }

  const commands = new Map<string, (body: string) => Readonly<Record<string, unknown>>>([
    ['device-id', () => ({ id: id.toUpperCase(), c: isClaimed ? '1' : '0' })],
    ['public-key', () => ({ b: publicKey, ...DONE })],
    ['set', (body) => set(membersOf(body))],
    ['version', () => ({ v: 2 })],
    [
      'scan-ap',
      () => ({ scans: [{ ssid: 'home', rssi: -42, sec: 4_194_308, ch: 6, mdr: 54_000 }] }),
    ],
    [
      'configure-ap',
      (body) => {
        configured = membersOf(body).ssid
        return typeof configured === 'string' ? DONE : FAILED
      },
    ],
    [
      'connect-ap',
      () => {
        settle(present())
        return DONE
      },
    ],
  ])

  return {
    answer: (command, body) => commands.get(command)?.(body),
    online,
    close: async () => end(),
  }
}
