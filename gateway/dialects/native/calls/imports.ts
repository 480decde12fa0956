import { Type } from 'typebox'
import type { Calls } from '../../../description/call.ts'
import { exactly, Id, oneOf, optional, Text, Time } from './shapes.ts'

const Count = Type.Integer({ minimum: 0 })

export const Operation = exactly(
  {
    id: Id,
    kind: Type.Literal('devices-import'),
    state: oneOf(['waiting', 'running', 'done']),
    project: Id,
    rows: Count,
    created: Count,
    updated: Count,
    unchanged: Count,
    failed: Count,
    bytes: Count,
    bytesDone: Count,
    createdAt: Time,
    finishedAt: optional(Time),
    results: Type.String({ format: 'uri-reference', description: 'Where they can be read' }),
  },
  'Work that goes on after its request',
)
const WrongRow = exactly({
  line: Type.Integer({ minimum: 1 }),
  errors: Type.Array(exactly({ path: Text, message: Text })),
})
export const ImportedDevice = exactly(
  {
    line: Type.Integer({ minimum: 1 }),
    outcome: oneOf(['created', 'updated', 'unchanged']),
    id: Id,
    number: optional(Type.Integer({ minimum: 1 })),
    thingId: optional(Text),
    name: optional(Text),
    token: optional(Text),
    boxKey: optional(Text),
  },
  'One line of the results',
)

/** Many devices at once. */
export const importCalls = {
  importDevices: {
    on: 'POST /latchkey/v1/devices/import',
    topic: 'Devices',
    summary: 'Import devices from a file',
    about:
      'NDJSON, or CSV with a header. The same rows again change nothing. `boxKeys=generate` makes keys to print.',
    by: 'maker',
    takes: ['application/x-ndjson', 'text/csv'],
    answers: { 202: { is: 'Taken in; it is worked on', body: Operation, hasLocation: true } },
    problems: [404, 429],
  },
  readOperation: {
    on: 'GET /latchkey/v1/operations/:id',
    topic: 'Devices',
    summary: 'How far an import is, and what was wrong in the file',
    by: 'maker',
    answers: {
      200: {
        is: 'The operation, and a page of its wrong rows',
        body: exactly({
          ...Operation.properties,
          errors: Type.Array(WrongRow),
          next: optional(Text),
        }),
      },
    },
    problems: [404],
  },
  readResults: {
    on: 'GET /latchkey/v1/operations/:id/results',
    topic: 'Devices',
    summary: 'What an import has made, with credentials',
    about: 'One line of JSON for each device, for the account that has sent the file.',
    by: 'maker',
    answers: { 200: { is: 'Lines', body: ImportedDevice, type: 'application/x-ndjson' } },
    problems: [404],
  },
} as const satisfies Calls
