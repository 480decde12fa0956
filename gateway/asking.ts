import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  type Addresses,
  type Asking,
  stranger,
  within,
  writtenAddress,
} from '../shared/audit/actor.ts'
import { networkOf } from './address.ts'

/** Lets the audit know from where a request came, and later who has shown a credential in it. */
export const noteWhoAsks = (app: FastifyInstance, addresses: Addresses): void => {
  const asking = new WeakMap<FastifyRequest, Asking>()
  app.addHook('onRequest', (request, _reply, done) => {
    const one = stranger(writtenAddress(networkOf(request.ip), addresses))
    asking.set(request, one)
    within(one, done)
  })
  // A body is read in the context of its socket.
  app.addHook('preValidation', (request, _reply, done) => {
    within(asking.get(request) ?? {}, done)
  })
}
