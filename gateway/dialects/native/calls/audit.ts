import { Type } from 'typebox'
import { AUDIT_TYPES } from '../../../../shared/audit/records.ts'
import { ReasonWord } from '../../../../shared/model/device-messages.ts'
import type { Calls } from '../../../description/call.ts'
import { Epoch, exactly, Id, oneOf, optional, Text } from './shapes.ts'

const Seq = Type.Integer({ minimum: 0 })
const Hash = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const Mark = exactly({ seq: Seq, hash: Hash })

export const AuditLine = exactly(
  {
    seq: Type.Integer({ minimum: 1 }),
    at: Type.Integer({ description: 'Epoch ms' }),
    project: Text,
    type: oneOf(AUDIT_TYPES),
    by: optional(exactly({ kind: oneOf(['user', 'device', 'key', 'operator']), id: Text })),
    from: optional(Type.String({ description: 'A network, as far as it is written down' })),
    via: optional(Text),
    user: optional(Id),
    device: optional(Id),
    home: optional(Id),
    claim: optional(Id),
    reason: optional(ReasonWord),
    epoch: optional(Epoch),
    what: optional(Text),
    count: optional(Seq),
    cut: optional(Mark),
    prev: Hash,
    hash: Hash,
  },
  'A line of the audit. `hash` is SHA-256 over `prev`, a line feed and the canonical JSON of the rest',
)
const Ended = exactly({ head: exactly({ ...Mark.properties, mac: Text }) })
const GoesOn = exactly({ next: Text })

/** What has happened in a project. */
export const auditCalls = {
  readAudit: {
    on: 'GET /latchkey/v1/audit',
    topic: 'Projects',
    summary: 'Who has done what, and when',
    about:
      'NDJSON, oldest line first, ended by how the chain ends, or with `limit` by where to go on (`after`). ' +
      'With `device` only what is about that one. `project=instance` is for makers of the default project: what belongs to no project.',
    by: 'maker',
    answers: {
      200: {
        is: 'Lines',
        type: 'application/x-ndjson',
        body: Type.Union([AuditLine, GoesOn, Ended]),
      },
    },
    problems: [404],
  },
} as const satisfies Calls
