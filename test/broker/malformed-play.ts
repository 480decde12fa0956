import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import type { Outcome, Row } from './malformed.ts'
import { PING } from './malformed-bytes.ts'

type Came = { readonly type: number; readonly body: Buffer }

const CONNACK = 2
const PINGRESP = 13
const DISCONNECT = 14
const WORDS = new Map([
  [4, 'puback'],
  [5, 'pubrec'],
  [7, 'pubcomp'],
  [9, 'suback'],
  [11, 'unsuback'],
])

/** Cuts what a server sent into packets; servers are trusted to send whole lengths. */
const cut = (bytes: Buffer): Came[] => {
  const came: Came[] = []
  for (let at = 0; at + 1 < bytes.length; ) {
    let length = 0
    let place = 1
    for (; place <= 4; place++) {
      const byte = bytes[at + place] ?? 0
      length += (byte & 0x7f) * 128 ** (place - 1)
      if ((byte & 0x80) === 0) break
    }
    const start = at + place + 1
    if (start + length > bytes.length) break
    came.push({ type: (bytes[at] as number) >> 4, body: bytes.subarray(start, start + length) })
    at = start + length
  }
  return came
}

const say = (code: number, isV5: boolean): string =>
  isV5 && code >= 0x80 ? `0x${code.toString(16)}` : String(code)

/** The answer's codes in words; the packet id and the properties are left out. */
const answerOf = ({ type, body }: Came, isV5: boolean): Outcome => {
  const word = WORDS.get(type) as string
  if (word === 'suback' || word === 'unsuback') {
    const start = isV5 ? 3 + (body[2] as number) : 2
    const all = [...body.subarray(start)].map((code) => say(code, isV5))
    const isLong = all.length > 9 && new Set(all).size === 1
    const codes = isLong ? `${all[0]} times ${all.length}` : all.join(',')
    return (codes === '' ? word : `${word} ${codes}`) as Outcome
  }
  const code = body[2]
  return (code === undefined || code === 0 ? word : `${word} ${say(code, isV5)}`) as Outcome
}

const outcomeOf = (came: readonly Came[], isClosed: boolean, isV5: boolean): Outcome => {
  const [connack] = came
  if (connack === undefined || connack.type !== CONNACK) return 'closed'
  const code = connack.body[1] as number
  if (code !== 0) return `connack ${say(code, isV5)}`
  const goodbye = came.find(({ type }) => type === DISCONNECT)
  if (goodbye !== undefined) return `disconnect ${say(goodbye.body[0] ?? 0, isV5)}`
  if (isClosed) return 'closed'
  const answer = came.find(({ type }) => WORDS.has(type))
  return answer === undefined ? 'accepted' : answerOf(answer, isV5)
}

/** Opens a socket on the loopback; what it says and that it breaks off is nobody's trouble. */
export const openSocket = async (port: number): Promise<Socket> => {
  const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** When a socket is closed, in whatever way. */
export const whenClosed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()))

const LONGEST_MS = 4000

/** Plays a row against a server and says what became of it; `silent` where nothing did. */
export const play = async (
  port: number,
  user: string,
  row: Row,
  isV5: boolean,
): Promise<Outcome | 'silent'> => {
  const socket = await openSocket(port)
  let bytes = Buffer.alloc(0)
  const wanted = row.expect.split(' ')[0]
  const isAnswered = (came: readonly Came[]) =>
    came.some(({ type }) => type === PINGRESP) &&
    (![...WORDS.values()].includes(wanted as string) || came.some(({ type }) => WORDS.has(type)))
  const done = new Promise<'closed' | 'answered' | 'silent'>((resolve) => {
    const timer = setTimeout(() => resolve('silent'), LONGEST_MS)
    socket.on('data', (data: Buffer) => {
      bytes = Buffer.concat([bytes, data])
      if (isAnswered(cut(bytes))) resolve('answered')
    })
    socket.once('close', () => resolve('closed'))
    socket.once('close', () => clearTimeout(timer))
  })
  socket.write(Buffer.concat([row.bytes(user), PING]))
  const end = await done
  socket.destroy()
  const came = cut(bytes)
  return end === 'silent' ? 'silent' : outcomeOf(came, end === 'closed', isV5)
}
