import { writeFileSync } from 'node:fs'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from '@jest/globals'
import { modeHome, modeUser, send } from '../support/mode.ts'
import { ownedDevice, printedDevice, projectWith } from '../support/mode-devices.ts'
import { startServer } from '../support/server.ts'
test('serve', async () => {
  const server = await startServer()
  const project = await projectWith(server)
  const user = await modeUser(server, project)
  const { id: home } = await modeHome(server, user)
  const device = await ownedDevice(server, project, { key: user.key, home })
  const free = await printedDevice(project)
  const space = await projectWith(server, { provisioning: 'on-demand' })
  const bob = await modeUser(server, space)
  const { id: bobs } = await modeHome(server, bob)
  const begun = await send(server.httpUrl, 'POST', `/homes/${bobs}/deviceProvisioning`, { key: bob.key, body: { deviceClass: 'cls', deviceTag: 'tag' } })
  await send(server.httpUrl, 'PUT', `/devices/${device.id}/kv/color`, { key: user.key, body: { value: 'red' } })
  writeFileSync('/tmp/f/run/world.json', JSON.stringify({ http: server.httpUrl, mqtt: server.mqttUrl, user: user.key, home, device, free, token: begun.body.token }))
  for (let n = 0; n < 1200 && !existsSync('/tmp/f/run/stop'); n++) await sleep(250)
  await server.close()
}, 320_000)
