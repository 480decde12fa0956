import { randomBytes } from 'node:crypto'
import { dial } from './connection.ts'
import { WrongUsage } from './failure.ts'
import type { LinkOptions } from './link.ts'
import type { Provisioned } from './platforms/platform.ts'
import { type PlatformName, platformOf } from './platforms/table.ts'
import { within } from './within.ts'

/** How a device that is not there yet connects; `token` is the one that an account made for it. */
export type ProvisionOptions = Pick<LinkOptions, 'url' | 'token' | 'protocol' | 'timeoutMs'> & {
  readonly platform?: PlatformName | undefined
}

const ANSWER_MS = 30_000

/** Brings a provisioning token. The answer holds the new device's one credential; a refusal is a value. */
export const provision = async (options: ProvisionOptions): Promise<Provisioned> => {
  const { url, token, protocol = 4, timeoutMs = ANSWER_MS } = options
  const side = platformOf(options.platform ?? 'latchkey').device.provision
  if (side === undefined) throw new WrongUsage('devices are not made on demand on this platform')
  let answer = (_provisioned: Provisioned) => {}
  const answered = new Promise<Provisioned>((resolve) => {
    answer = resolve
  })
  const connection = await dial({
    ...{ url, protocol, subscriptions: side.subscriptions },
    token: side.userName,
    clientId: `sim-${randomBytes(8).toString('hex')}`,
    onMessage: (topic, payload) => {
      const said = side.read(topic, payload)
      if (said !== undefined) answer(said)
    },
  })
  try {
    await within(timeoutMs, 'PUBACK', connection.publish(side.ask(token)))
    return await within(timeoutMs, 'answer from the platform', answered)
  } finally {
    await connection.close()
  }
}
