import { createClient, type Result, type Session } from '../../client/index.ts'

/** Compiles: what programs may write. Never run. */
export const written = async () => {
  const latchkey = createClient({ server: 'http://127.0.0.1:8080' })
  const session: Result<Session> = await latchkey.signIn({ email: 'a@b', password: 'secret' })
  if (!session.ok) return [session.reason === 'too-many-attempts', session.problem.retryAfterMs]

  await latchkey.claim({ device: 'lamp-1', secret: 'right' }, { signal: AbortSignal.timeout(1) })
  await latchkey.claim({ linkId: 'a word', home: session.value.user.home })
  const made = await latchkey.claim({ code: 'XXXX' })
  if (made.ok && made.value.state === 'waiting') await latchkey.untilDecided(made.value.id)
  if (made.ok && made.value.state === 'claimed') {
    const epoch: number = made.value.epoch
    await latchkey.giveCommand({ id: made.value.device, action: 'blink', parameters: epoch })
  }
  await latchkey.listDevices()
  await latchkey.listDevices({ limit: 10 })
  await latchkey.makeClaimCode()
  await latchkey.makeClaimCode({ product: 'lamps' })
  await latchkey.signOut()
  await latchkey.signOut(undefined, { signal: AbortSignal.timeout(1) })
  for await (const event of latchkey.events({ after: 'x' })) {
    if (event.type === 'latchkey.device.event') return event.data
  }
  return []
}
