import { expect, test } from '@jest/globals'
import type { DeviceId } from '../../shared/model/ids.ts'
import { connectDevice } from '../support/device.ts'
import { startEmbedded } from '../support/embedded.ts'

test('a device that is removed while it is let in by its token is not let in', async () => {
  let doomed: DeviceId | undefined
  const broker = await startEmbedded({
    crowd: ({ registry, project }) => ({
      isKnownWrong: () => false,
      wrong: async () => undefined,
      // It is known by now, and has not taken its place: no connection is there that its removal could end.
      arrived: async (device) => {
        if (device === doomed) expect(await registry.devices.remove(project, device)).toBe(true)
        return true
      },
    }),
  })
  const [lamp, kettle] = await Promise.all(
    ['lamp', 'kettle'].map(async (name) => {
      const made = await broker.registry.devices.create({ project: broker.project, name })
      if (made === 'name-taken') throw new Error('taken')
      return made
    }),
  )
  doomed = lamp?.device.id
  for (const protocolVersion of [4, 5] as const) {
    const connecting = connectDevice(broker.url, lamp?.token as string, [], { protocolVersion })
    await expect(connecting).rejects.toMatchObject({ code: protocolVersion === 4 ? 5 : 0x86 })
  }
  expect(broker.connected()).toBe(0)
  const live = await connectDevice(broker.url, kettle?.token as string)
  expect(broker.connected()).toBe(1)
  await live.end()
  await broker.close()
})
