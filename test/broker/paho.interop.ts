import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { PAHO_TESTS } from './paho.ts'
import { startOpenBroker } from './paho-broker.ts'

/** The folder `interoperability` of github:eclipse/paho.mqtt.testing, where somebody has it. */
const PAHO = process.env.PAHO_DIR
const LONGEST_MS = 60_000

/** Paho's scripts read the arguments that unittest reads too: one test a process, told where to go. */
const RUN = `
import sys, unittest
module, test, port = sys.argv[1:4]
sys.argv = sys.argv[:1]
sys.path.insert(0, '.')
m = __import__(module)
m.host, m.port = '127.0.0.1', int(port)
m.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
m.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
m.nosubscribe_topics = ("test/nosubscribe",)
m.topic_prefix = "client_test5/"
result = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite([m.Test(test)]))
sys.exit(0 if result.wasSuccessful() else 1)
`

const passes = async (module: string, name: string): Promise<boolean> => {
  const broker = await startOpenBroker({ limits: { keepAliveSeconds: 60 } })
  const child = spawn('python3', ['-c', RUN, module, name, String(broker.port)], {
    cwd: PAHO as string,
    stdio: 'ignore',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  await broker.close()
  return code === 0
}

// Paho's suite is not ours to ship: `npm run paho` is told where it lies.
const define = PAHO === undefined ? describe.skip : describe

define(
  `Paho's interoperability tests${PAHO === undefined ? ' (skipped: no PAHO_DIR)' : ''}`,
  () => {
    test.each(PAHO_TESTS.map((row) => [row.module, row.name, row.fails] as const))(
      '%s %s',
      async (module, name, fails) => {
        expect(await passes(module, name)).toBe(fails === undefined)
      },
      LONGEST_MS + 10_000,
    )
  },
)

test('each of Paho’s tests is in the table once', () => {
  const names = PAHO_TESTS.map(({ module, name }) => `${module} ${name}`)
  expect(new Set(names).size).toBe(11 + 27)
  expect(names).toHaveLength(11 + 27)
})
