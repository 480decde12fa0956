import fc from 'fast-check'
import { ROWS } from './malformed.ts'
import { ROWS_5 } from './malformed-v5.ts'

const LARGE = 5000

type Change = (bytes: Buffer, at: number, value: number) => Buffer

/** Small wrongs, each done to a stream of bytes at one place. */
const CHANGES: readonly Change[] = [
  (bytes, at, value) => {
    const changed = Buffer.from(bytes)
    changed[at] = value
    return changed
  },
  (bytes, at, value) => {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] as number) ^ (1 << (value & 7))
    return changed
  },
  (bytes, at, value) =>
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (value & 3))]),
  (bytes, at, value) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)]),
  (bytes, at, value) => Buffer.concat([bytes.subarray(0, at + (value & 15)), bytes.subarray(at)]),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, value) => Buffer.concat([bytes, bytes.subarray(at, at + value)]),
]

const change = fc.record({
  kind: fc.constantFrom(...CHANGES),
  place: fc.nat(4096),
  value: fc.nat(255),
})

/** Streams of packets, most of them well-formed but for a change or two; `user` is a credential that counts. */
export const streams = (user: string): fc.Arbitrary<Buffer> => {
  const seeds = [...ROWS, ...ROWS_5]
    .map((row) => row.bytes(user))
    .filter(({ length }) => length < LARGE)
  return fc
    .tuple(
      fc.array(fc.constantFrom(...seeds), { minLength: 1, maxLength: 3 }),
      fc.array(change, { maxLength: 4 }),
    )
    .map(([parts, changes]) =>
      changes.reduce<Buffer>(
        (bytes, { kind, place, value }) =>
          bytes.length === 0 ? bytes : kind(bytes, place % bytes.length, value),
        Buffer.concat(parts) as Buffer,
      ),
    )
}

/** Bytes of no meaning at all. */
export const noise: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 600 })
  .map((bytes) => Buffer.from(bytes))

/** Cuts bytes into chunks at given places, as a network does. */
export const chunksOf = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length))
}

/** How long a fuzz test may go on: a share of `FUZZ_SECONDS`, usually ten. */
export const fuzzFor = (share: number) => {
  const ms = Number(process.env.FUZZ_SECONDS ?? 10) * share * 1000
  return {
    run: { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: ms, endOnFailure: false },
    timeout: ms + 30_000,
  }
}
