import { createRequire } from 'node:module'

type Done<T> = (error: Error | null, answer?: T) => void
type Setup = {
  deviceInfo(done: Done<{ id: string; claimed: boolean }>): void
  publicKey(done: Done<string>): void
  setClaimCode(code: string, done: Done<unknown>): void
  scan(done: Done<readonly { readonly ssid: string }[]>): void
  configure(network: Readonly<Record<string, unknown>>, done: Done<{ r: number }>): void
  connect(index: number, done: Done<unknown>): void
  version(done: Done<unknown>): void
}

const SoftAPSetup = createRequire(import.meta.url)('softap-setup') as new (
  options: Readonly<Record<string, unknown>>,
) => Setup

/** softap-setup, unmodified: what a phone runs while it is on the network of a device. */
export const softApSetup = (
  protocol: 'tcp' | 'http',
  { host, port }: { readonly host: string; readonly port: number },
) => {
  const setup = new SoftAPSetup({ protocol, host, port })
  const answered = <T>(ask: (done: Done<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      ask((error, answer) => (error ? reject(error) : resolve(answer as T)))
    })
  return {
    deviceInfo: () => answered<{ id: string; claimed: boolean }>((done) => setup.deviceInfo(done)),
    publicKey: () => answered<string>((done) => setup.publicKey(done)),
    setClaimCode: (code: string) => answered((done) => setup.setClaimCode(code, done)),
    scan: () => answered<readonly { readonly ssid: string }[]>((done) => setup.scan(done)),
    configure: (network: Readonly<Record<string, unknown>>) =>
      answered<{ r: number }>((done) => setup.configure(network, done)),
    connect: () => answered((done) => setup.connect(0, done)),
    version: () => answered((done) => setup.version(done)),
  }
}
