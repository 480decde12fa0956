import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { within } from '../../shared/audit/actor.ts'
import { audited } from '../../shared/audit/line.ts'
import { chainFault, headOf, linesOf } from '../../shared/audit/reading.ts'
import type { AuditLine } from '../../shared/audit/records.ts'
import { createSealer } from '../../shared/audit/sealer.ts'
import { keys } from '../../shared/store/keys.ts'
import { put } from '../../shared/store/transact.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newProject } from '../support/people.ts'

const KEEP = 1000

onEachGround((ground) => {
  const parts = () => {
    const { parts: all, store } = ground()
    const { digests, now } = all
    return { ...all, store, sealer: createSealer({ store, digests, now, keep: KEEP }) }
  }
  const write = async ({ store, parts: { now } }: Ground, project: string, count: number) => {
    for (let n = 0; n < count; n += 100)
      await store.commit({
        append: Array.from({ length: Math.min(100, count - n) }, (_, m) =>
          audited({ at: now(), project: project as never, type: 'key.made', what: `${n + m}` }),
        ),
      })
  }
  const linesIn = async (project: string): Promise<AuditLine[]> => {
    const lines: AuditLine[] = []
    for await (const { item } of linesOf(ground().store, project as never))
      lines.push(JSON.parse(item) as AuditLine)
    return lines
  }

  test('what many write and many seal at once stands in one chain, each once', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, store, digests } = parts()
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        await write(ground(), id, 40)
        await sealer.seal(id)
      }),
    )
    await sealer.seal(id)
    const lines = await linesIn(id)
    // The project itself has a line.
    expect(lines.map(({ seq }) => seq)).toEqual(Array.from({ length: 801 }, (_, n) => n + 1))
    expect(await chainFault(store, digests, id)).toBeUndefined()
  })

  test('a chain keeps as much as was set, and says itself what was cut', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, store, digests } = parts()
    for (let round = 0; round < 9; round++) {
      await write(ground(), id, 500)
      await sealer.seal(id)
      expect(await chainFault(store, digests, id)).toBeUndefined()
    }
    const lines = await linesIn(id)
    const { seq: last } = lines.at(-1) as AuditLine
    expect(lines[0]?.seq).toBeGreaterThan(1)
    expect(lines.length).toBeGreaterThanOrEqual(KEEP)
    expect(lines.length).toBeLessThan(3 * KEEP)
    const cuts = lines.flatMap(({ cut }) => (cut === undefined ? [] : [cut]))
    expect(cuts.length).toBeGreaterThan(0)
    expect(last - (cuts.at(-1)?.seq ?? 0)).toBeGreaterThanOrEqual(KEEP)
  })

  test('a head that was not written with the instance key is found', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, store, digests } = parts()
    await sealer.seal(id)
    const head = await headOf(store, id)
    await store.commit({ put: [put(keys.auditHead(id), { ...head, mac: 'x' })] })
    expect(await chainFault(store, digests, id)).toMatch(/instance key/)
  })

  test('a chain whose end was taken off is found', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, store, digests } = parts()
    await sealer.seal(id)
    const head = await headOf(store, id)
    const seq = (head?.seq ?? 0) + 1
    const mac = digests.secret(`audit head ${id}`, `${seq}\n${head?.hash}`)
    await store.commit({ put: [put(keys.auditHead(id), { ...head, seq, mac })] })
    expect(await chainFault(store, digests, id)).toMatch(/missing/)
  })

  test('what somebody else has written there stands in the chain as such, and holds up nothing', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, store, digests } = parts()
    const forged = { at: 1, project: id, type: 'key.made', seq: 7, prev: 'x', hash: 'y' }
    const foreign = { at: 1, project: 'another', type: 'key.made' }
    const junk = [
      '{',
      'null',
      '[]',
      '"text"',
      '{}',
      JSON.stringify(forged),
      JSON.stringify(foreign),
    ]
    const log = keys.audit(id)
    await store.commit({ append: junk.map((item) => ({ log, item, keep: KEEP, ttlMs: 60_000 })) })
    await write(ground(), id, 1)
    await sealer.seal(id)
    const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
    expect((await linesIn(id)).map(({ type, what }) => [type, what])).toEqual([
      ['project.made', undefined],
      ...junk.map((text) => ['audit.unreadable', digest(text)]),
      ['key.made', '0'],
    ])
    expect(await chainFault(store, digests, id)).toBeUndefined()
  })

  test('a request says who acts and from where; what nobody asked for says neither', async () => {
    const { id } = await newProject(ground().parts)
    const { sealer, registry } = parts()
    await within({ from: '192.0.2.0/24', by: { kind: 'user', id: 'u' } }, () =>
      registry.projectKeys.create(id, 'a program'),
    )
    await sealer.seal(id)
    const [made, key] = await linesIn(id)
    expect(made).not.toHaveProperty('by')
    expect(key).toMatchObject({
      type: 'key.made',
      by: { kind: 'user', id: 'u' },
      from: '192.0.2.0/24',
    })
  })
})
