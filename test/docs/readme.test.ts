import { describe, expect, test } from '@jest/globals'
import { hasCommands, shellBlocks, type } from '../support/readme.ts'
import { ADMIN, startServer } from '../support/server.ts'

const NEEDED = ['curl', 'mosquitto_rr', 'mosquitto_sub']
const CLAIM = shellBlocks('README.md').filter((block) => /curl|mosquitto/.test(block))

/** The README's own lines; only the addresses are those of a server that nobody else uses. */
const linesFor = (server: { httpUrl: string; mqttUrl: string }): string => {
  const { port } = new URL(server.mqttUrl)
  const mosquitto = ['mosquitto_rr', 'mosquitto_sub'].map(
    (name) => `${name}() { command ${name} -p ${port} -W 10 "$@"; }`,
  )
  const typed = CLAIM.join('\n')
    .replace('http://127.0.0.1:8080', server.httpUrl)
    .replace('what the first start has printed', ADMIN.password)
  return `set -e\n${mosquitto.join('\n')}\n${typed}`
}

const objectsIn = (said: string) =>
  [...said.matchAll(/\{"id":.*?\}/g)].map(([text]) => JSON.parse(text) as Record<string, unknown>)

const run = async () => {
  const server = await startServer()
  const typed = type(linesFor(server))
  try {
    expect([await typed.exited, typed.said()]).toEqual([0, expect.any(String)])
    const [window, account, claim, command, heard] = objectsIn(typed.said())
    expect(window).toMatchObject({ state: 'open' })
    expect(account).toMatchObject({ email: 'ada@example.com', role: 'customer' })
    expect(claim).toMatchObject({ state: 'claimed', epoch: 1 })
    expect(heard).toEqual({ id: command?.id, action: 'blink', epoch: 1 })
  } finally {
    await typed.end()
    await server.close()
  }
}

describe('README.md', () => {
  test('has a claim of four steps', () => {
    expect(CLAIM).toHaveLength(4)
  })

  const name = 'its claim in a minute, typed as it stands there, claims and commands'
  // What a reader types needs what the README says he needs; with CI=true it has to be there.
  if (hasCommands(...NEEDED) || process.env.CI === 'true') test(name, run)
  else test.skip(`${name} (skipped: there is no ${NEEDED.join(', ')})`, run)
})
