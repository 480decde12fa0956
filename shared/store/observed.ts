import { StoreDown } from '../errors.ts'
import type { Metrics, StoreCall } from '../metrics.ts'
import { observed } from '../observed.ts'
import type { Tracer } from '../trace/tracer.ts'
import type { Store } from './port.ts'

type Watched = { readonly metrics: Pick<Metrics, 'stored'>; readonly tracer?: Tracer | undefined }

/** A store that says how it does. */
export const observeStore = (store: Store, { metrics, tracer }: Watched): Store => {
  // Called for every packet and request, so without a promise more than needed.
  const seen = <T>(call: StoreCall, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    return work().then(
      (answer) => {
        const outcome = answer === false && call === 'commit' ? 'conflict' : 'done'
        metrics.stored(call, outcome, (performance.now() - began) / 1000)
        return answer
      },
      (cause: unknown) => {
        if (cause instanceof StoreDown)
          metrics.stored(call, 'down', (performance.now() - began) / 1000)
        throw cause
      },
    )
  }
  const traced = (work: () => Promise<boolean>): Promise<boolean> =>
    tracer === undefined
      ? work()
      : observed(tracer, 'store commit', 'client', { 'db.operation.name': 'commit' }, QUIET, work)
  return {
    read: (keys) => seen('read', () => store.read(keys)),
    commit: (change) => traced(() => seen('commit', () => store.commit(change))),
    list: (index, page) => seen('list', () => store.list(index, page)),
    tail: (log, after, limit) => seen('tail', () => store.tail(log, after, limit)),
    last: (log, limit) => seen('last', () => store.last(log, limit)),
    count: (budget, windowMs, by) => seen('count', () => store.count(budget, windowMs, by)),
    announce: (channel, message) => seen('announce', () => store.announce(channel, message)),
    ping: () => seen('ping', () => store.ping()),
    watch: (channel, listener) => store.watch(channel, listener),
    close: () => store.close(),
  }
}

const QUIET = {
  took: () => undefined,
  told: (isApplied: boolean) => ({ 'latchkey.outcome': isApplied ? 'done' : 'conflict' }),
}
