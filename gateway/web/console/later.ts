import { awaited } from './parts/said.ts'
import type { Room } from './room.ts'

type Labels = typeof import('./labels/labels.ts')

const ask = () =>
  import('./labels/labels.ts').then(
    (body) => ({ ok: true as const, body }),
    // The file did not come: that is all that an import is refused for.
    () => ({ ok: false as const, failure: { kind: 'unreachable' as const } }),
  )

/** A place for what labels and imports are made of: a file of its own, which comes when somebody needs it. */
export const withLabels = (room: Room, draw: (labels: Labels) => HTMLElement): HTMLElement =>
  awaited<Labels>(room, 6, ask, (labels) => [draw(labels)])
