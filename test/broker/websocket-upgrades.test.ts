import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { handUpgrades } from '../../gateway/upgrades.ts'
import type { UpgradeTaker } from '../../shared/upgrade.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const listening = async (takers: readonly UpgradeTaker[], prepare?: (server: Server) => void) => {
  const server = createServer((_request, reply) => reply.end())
  handUpgrades(server, takers)
  prepare?.(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => server.close())
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** `open`, or the status of the refusal. */
const outcomeOf = async (url: string): Promise<string> => {
  const socket = new WebSocket(url)
  const failed = once(socket, 'error').then(([error]) => (error as Error).message)
  const opened = once(socket, 'open').then(() => 'open')
  void opened.catch(() => undefined)
  const outcome = await Promise.race([failed, opened])
  void failed.catch(() => undefined)
  socket.terminate()
  return /\d{3}/.exec(outcome)?.[0] ?? outcome
}

const webSockets = new WebSocketServer({ noServer: true })

const takerAt =
  (path: string): UpgradeTaker =>
  (request, socket, head) => {
    if (request.url !== path) return 'not-mine'
    webSockets.handleUpgrade(request, socket, head, () => undefined)
    return 'taken'
  }

test('an upgrade goes to the first taker that wants it', async () => {
  const url = await listening([takerAt('/one'), takerAt('/two'), () => 418])
  expect(await outcomeOf(`${url}/one`)).toBe('open')
  expect(await outcomeOf(`${url}/two`)).toBe('open')
  expect(await outcomeOf(`${url}/three`)).toBe('418')
})

test('what nobody takes is refused with 404', async () => {
  expect(await outcomeOf(await listening([]))).toBe('404')
})

test('what another listener takes in its own time is left to it, and refused with 404 if it does not', async () => {
  const url = await listening([takerAt('/one')], (server) => {
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/live') return
      setImmediate(() => webSockets.handleUpgrade(request, socket, head, () => undefined))
    })
  })
  expect(await outcomeOf(`${url}/live`)).toBe('open')
  expect(await outcomeOf(`${url}/nowhere`)).toBe('404')
})
