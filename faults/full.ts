import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { claim, release } from './app.ts'
import { ask } from './asking.ts'
import { during, type Fault, type Scene } from './fault.ts'
import { signIn } from './people.ts'

/** Redis has no memory left: reading goes on, and so do release and sign-out, which is remarked; nothing else is written. */
const fillRedis = async (scene: Scene) => {
  const { system, maker, apps, spare, random, remark } = scene
  const { redis } = system
  if (redis === undefined) return
  const owner = random.pick(apps)
  await release(maker, spare.device)
  const secret = randomBytes(16).toString('base64url')
  if (!(await spare.offer(secret))) return
  await claim(owner, spare.device, secret)
  const email = 'full@example.com'
  const session = await signIn(maker, email)
  await redis.tell('CONFIG SET maxmemory 1')
  await during(scene, { fault: 'F7', what: 'redis is full', isFull: true }, async () => {
    const released = await release(owner, spare.device)
    remark(`F7 release: ${wordsOf(released.result)}`)
    if (session === undefined) return
    const call = { method: 'DELETE', path: '/latchkey/v1/sessions', token: session.token } as const
    const { answer, why } = await ask(maker, call, true)
    remark(`F7 sign-out: ${answer?.status ?? why}`)
    await sleep(random.between(500, 2000))
  })
  await redis.tell('CONFIG SET maxmemory 0')
}

const wordsOf = (result: Awaited<ReturnType<typeof release>>['result']): string => {
  switch (result.kind) {
    case 'ok':
      return 'done'
    case 'refused':
      return result.reason
    case 'unknown':
      return result.why ?? 'unknown'
  }
}

/** Faults of a store that has no room. */
export const FULL: readonly Fault[] = [
  {
    id: 'F7',
    about: 'Redis has no memory left (noeviction)',
    stores: ['redis'],
    strikes: 2,
    strike: fillRedis,
  },
]
