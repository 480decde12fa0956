import fastify from 'fastify'

/** The floor on the HTTP side: a Fastify that checks the same body and answers with the same members. */
const app = fastify()
const body = {
  type: 'object',
  properties: { device: { type: 'string' }, secret: { type: 'string' } },
  required: ['device'],
  additionalProperties: false,
}
app.post('/latchkey/v1/claims', { schema: { body } }, async (_request, reply) =>
  reply.code(201).send({
    id: '00000000-0000-4000-8000-000000000000',
    state: 'claimed',
    device: '00000000-0000-4000-8000-000000000000',
    epoch: 1,
  }),
)
await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`${JSON.stringify({ msg: 'ready', http: app.server.address() })}\n`)
process.on('SIGTERM', () => process.exit(0))
