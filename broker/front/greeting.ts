import type { ConnectRead } from './decode-connect.ts'
import { type Fault, REASON_CODES } from './fault.ts'
import { speakFifth } from './fifth.ts'
import { hangUp, type Line } from './line.ts'
import { refusal } from './v5.ts'
import type { Version } from './version.ts'

/** [MQTT-3.1.4-1] and its like: what a CONNECT that is refused gets to hear. */
export const refuseConnect = (line: Line, { code, rule }: Fault, isV5: boolean): void => {
  line.onEvent({ what: 'fault', rule })
  line.isOver = true
  const words = refusal(code, isV5)
  if (words === undefined) {
    line.stream.destroy()
    return
  }
  line.stream.write(words)
  hangUp(line)
}

/** From here on the line speaks the version of the CONNECT. */
export const greet = (line: Line, connect: ConnectRead): void => {
  line.version = connect.protocolVersion as Version
  if (line.version !== 5) return
  if (connect.mqtt5.has('authenticationMethod')) {
    const rule = 'an authentication method that we do not have'
    refuseConnect(line, { code: REASON_CODES.badAuthenticationMethod, rule }, true)
    return
  }
  line.fifth = speakFifth(line, connect)
}
