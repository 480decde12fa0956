import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, start } from '../../main.ts'
import { type Config, readConfig } from '../../shared/config.ts'
import { type Log, silentLog } from '../../shared/log.ts'

/** The first maker of every server in the tests. */
export const ADMIN = { email: 'admin@localhost', password: 'a-good-password' }

/** A whole Latchkey in this process, on real sockets, with a store of its own. */
export type TestServer = {
  readonly mqttUrl: string
  readonly httpUrl: string
  readonly folder: string
  readonly close: () => Promise<void>
}

/** `store`: a redis URL; else an embedded store in a folder that goes away with the server. */
export const startServer = async (
  settings: Readonly<Record<string, string>> = {},
  log: Log = silentLog,
): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const config = readConfig(
    {
      LATCHKEY_MQTT_PORT: '0',
      LATCHKEY_HTTP_PORT: '0',
      LATCHKEY_STORE: `embedded:${join(folder, 'store')}`,
      LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
      LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
      LATCHKEY_MAIL: `file:${join(folder, 'mail')}`,
      LATCHKEY_SMS: `file:${join(folder, 'sms')}`,
      ...settings,
    },
    folder,
  )
  if ('faults' in config) throw new Error(config.faults.join('\n'))
  const running: Running = await start({
    config: config as Config,
    log,
    onPassword: () => undefined,
  })
  return {
    mqttUrl: `mqtt://${running.mqtt?.host}:${running.mqtt?.port}`,
    httpUrl: `http://${running.http?.host}:${running.http?.port}`,
    folder,
    close: async () => {
      await running.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
