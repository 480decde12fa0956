import { expect, test } from '@jest/globals'
import { linesOf } from '../../shared/audit/reading.ts'
import type { AuditLine } from '../../shared/audit/records.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import { onEachGround } from '../support/lasting.ts'
import { newDevice, newHome, newProject, newUser } from '../support/people.ts'

/** What no call of the native API does, or only much later. The others are in `events.test.ts`. */
onEachGround((ground) => {
  const auditOf = async (project: ProjectId): Promise<AuditLine[]> => {
    const { parts, store } = ground()
    await parts.sealer.seal(project)
    const lines: AuditLine[] = []
    for await (const { item } of linesOf(store, project)) lines.push(JSON.parse(item) as AuditLine)
    return lines
  }
  const typesOf = async (project: ProjectId) => (await auditOf(project)).map(({ type }) => type)

  test('a certificate that is set, set again, and taken back', async () => {
    const { parts } = ground()
    const { id: project } = await newProject(parts)
    const { device } = await newDevice(parts, project)
    const { certificates } = parts.registry
    await certificates.set(project, device.id, 'ab'.repeat(32))
    await certificates.set(project, device.id, undefined)
    const lines = await auditOf(project)
    expect(lines.map(({ type, device: of }) => [type, of])).toEqual([
      ['project.made', undefined],
      ['device.made', device.id],
      ['certificate.set', device.id],
      ['certificate.removed', device.id],
    ])
    // Which certificate is the device's own affair.
    expect(JSON.stringify(lines)).not.toContain('ab'.repeat(32))
  })

  test('an address that its user has shown to be his', async () => {
    const { parts } = ground()
    const { id: project } = await newProject(parts)
    const user = await newUser({ ...parts, project }, { unverified: true })
    expect(await parts.registry.users.prove({ project, user: user.id }, {})).toBe(true)
    expect(await typesOf(project)).toEqual(['project.made', 'user.made', 'user.verified'])
  })

  test('a home that ends', async () => {
    const { parts } = ground()
    const { id: project } = await newProject(parts)
    const user = await newUser({ ...parts, project })
    const home = await newHome(parts, user)
    const end = { project, home: home.id, by: user.id, via: 'latchkey' }
    expect(await parts.registry.clearing.endHome(end)).toBe('ended')
    expect((await auditOf(project)).at(-1)).toMatchObject({ type: 'home.removed', home: home.id })
  })

  test('a project that has ended leaves no chain', async () => {
    const { parts, store } = ground()
    const { id: project } = await newProject(parts)
    await parts.sealer.seal(project)
    expect(await parts.registry.clearing.endProject(project)).toBe('ended')
    await parts.sealer.seal(project)
    const lines = await store.tail(`{${project}}audit-chain` as never, undefined, 10)
    // What is left of it ends by itself.
    expect(lines.length).toBeLessThanOrEqual(9)
    const [head] = await store.read([`{${project}}audit-head` as never])
    expect(head).toBeUndefined()
  })
})
