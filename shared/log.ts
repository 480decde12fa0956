import { pino } from 'pino'

/** What the rooms need of a logger: pino's own shape, object first. */
export type Log = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** JSON lines on stdout; made readable when a person is looking at a terminal. */
export const openLog = (level: LogLevel, pretty: boolean) =>
  pretty
    ? pino({ level, base: null, transport: { target: 'pino-pretty', options: { colorize: true } } })
    : pino({ level, base: null })

/** For programs that embed us and tests: says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
