import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from '@jest/globals'
import { connectDevice } from '../support/device.ts'
import { folder } from '../support/process.ts'

const EXAMPLE = join(resolve(import.meta.dirname, '../..'), 'examples/embed/broker.mjs')

test('the example of somebody’s own broker starts, serves its own people and claims', async () => {
  const { path, drop } = folder()
  const child = spawn(process.execPath, [EXAMPLE], {
    cwd: path,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const { port, token } = JSON.parse(line)
    const url = `mqtt://127.0.0.1:${port}`
    const house = await connectDevice(url, 'house', ['house/light'], { password: 'secret' })
    await house.publish('house/light', { on: true })
    expect(await house.next('house/light')).toEqual({ on: true })
    for (const protocolVersion of [4, 5] as const) {
      const lamp = await connectDevice(url, token, ['latchkey/v1/claim/result'], {
        protocolVersion,
      })
      await lamp.publish('latchkey/v1/claim', { secret: 'open sesame' })
      expect(await lamp.next('latchkey/v1/claim/result')).toMatchObject({ state: 'open' })
      await lamp.end()
    }
    await expect(connectDevice(url, 'house', [], { password: 'wrong' })).rejects.toThrow()
    await house.end()
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
  } finally {
    child.kill('SIGKILL')
    drop()
  }
})
