import { afterEach, expect, test } from '@jest/globals'
import { ask } from '../../faults/asking.ts'
import { must, signIn } from '../../faults/people.ts'
import { slotOf } from '../../shared/store/redis/slot.ts'
import { type RedisCluster, startCluster } from '../store/redis-cluster.ts'
import { describeWithRedis, type RedisServer } from '../support/redis-server.ts'
import { ADMIN } from '../support/server.ts'
import { acknowledged, type Stage, startStage } from './stage.ts'

const SEED = Number(process.env.FAULTS_SEED ?? 2)
const THIRD = Math.ceil(16_383 / 3)

describeWithRedis('a cluster of three masters under claims on two nodes', () => {
  let cluster: RedisCluster | undefined
  let stage: Stage | undefined
  afterEach(async () => {
    await stage?.close()
    await cluster?.stop()
  })

  const thirdOf = (project: string) => Math.min(2, Math.floor(slotOf(`{${project}}`) / THIRD))
  /** Which master has the devices of the stage. */
  const oursOf = async ({ maker }: Stage): Promise<number> => {
    const session = await signIn(maker, ADMIN.email, ADMIN.password)
    return thirdOf(session?.user.project ?? '')
  }
  /** A project in each third of the slots, by the place of its master. */
  const projectsOf = async ({ maker }: Stage): Promise<Map<number, string>> => {
    const found = new Map<number, string>()
    for (let n = 0; found.size < 3 && n < 40; n++) {
      const body = { name: `project-${n}`, accounts: 'email', provisioning: 'pre' }
      const call = { method: 'POST', path: '/latchkey/v1/projects', body } as const
      const { id } = must<{ id: string }>(await ask(maker, { ...call, token: maker.token }), 201)
      found.set(thirdOf(id), id)
    }
    return found
  }
  /** What a maker is told who makes a device in a project now. */
  const makeIn = async ({ maker, system }: Stage, project: string, name: string) => {
    const reply = await fetch(`http://127.0.0.1:${system.http(maker.random)}/latchkey/v1/devices`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${maker.token}` },
      body: JSON.stringify({ name, project }),
    })
    await reply.arrayBuffer()
    return reply.status
  }

  test('without the master of other projects claims go on; its own get 503, and work again when it is back', async () => {
    cluster = await startCluster()
    stage = await startStage({ url: cluster.url, seed: SEED })
    const { playDuring, violations } = stage
    const projects = await projectsOf(stage)
    const ours = await oursOf(stage)
    const lost = [0, 1, 2].find((place) => place !== ours && projects.has(place)) as number
    const [gone, stays] = [projects.get(lost), projects.get(ours)] as [string, string]
    const victim = cluster.nodes[lost] as RedisServer
    await playDuring(async () => {
      await acknowledged(stage as Stage, 5)
      await victim.kill()
      expect(await makeIn(stage as Stage, gone, 'at-once')).toBe(503)
      await acknowledged(stage as Stage, 8)
      expect(await makeIn(stage as Stage, gone, 'later')).toBe(503)
      await victim.restart()
      await acknowledged(stage as Stage, 5)
    })
    let status = 0
    for (let n = 0; status !== 201 && n < 100; n++) {
      status = await makeIn(stage, gone, `back-${n}`)
      if (status !== 201) await new Promise((done) => setTimeout(done, 100))
    }
    expect(status).toBe(201)
    expect(await makeIn(stage, stays, 'stays')).toBe(201)
    expect(await violations()).toEqual([])
  }, 60_000)

  test('a master that is lost for good is replaced by its replica, and nothing acknowledged is lost', async () => {
    cluster = await startCluster({ replicas: true })
    // One replica of each master: with the setting the new master, which has none, would answer nothing.
    stage = await startStage({ url: cluster.url, seed: SEED })
    const { playDuring, violations } = stage
    const ours = await oursOf(stage)
    await playDuring(async () => {
      await acknowledged(stage as Stage, 5)
      await (cluster as RedisCluster).nodes[ours]?.kill()
      await acknowledged(stage as Stage, 5, 30_000)
    })
    expect(await violations()).toEqual([])
  }, 60_000)
})
