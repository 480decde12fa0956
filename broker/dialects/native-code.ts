import { checker, parseJson } from '../../shared/check.ts'
import { Code } from '../../shared/model/device-messages.ts'
import { deliver, inOrder } from '../connection.ts'
import type { Handler } from '../dialect.ts'
import { RESULT, refuseMalformed } from './native-result.ts'
import { resultBody } from './native-window.ts'

const codeOf = checker(Code)

/** A device brings the code that an account made. */
export const code: Handler = async (context, connection, payload, reply) => {
  const body = codeOf(parseJson(payload))
  if (!body.ok) return refuseMalformed(context, connection, reply)
  const { project, device } = connection
  const outcome = await inOrder(connection, () =>
    context.engine.presentCode({ project, device, code: body.value.code, via: 'latchkey' }),
  )
  // What has just been claimed is told by its notice.
  if (outcome.state !== 'claimed' || !outcome.fresh)
    await deliver(connection, RESULT, resultBody(outcome), context.log, reply)
  return 'acknowledged'
}
