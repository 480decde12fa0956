import type { App, Device } from './app.ts'
import type { Trouble } from './history.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import type { StoreName, System } from './system.ts'

/** What a fault is done to. */
export type Scene = {
  readonly system: System
  readonly recorder: Recorder
  readonly random: Random
  readonly maker: App
  readonly apps: readonly App[]
  /** A device that nobody else plays with, and how it leaves a half. */
  readonly spare: { readonly device: Device; readonly offer: (secret: string) => Promise<boolean> }
  /** What is worth to be told of a strike, counted. */
  readonly remark: (what: string) => void
}

/** One kind of fault. */
export type Fault = {
  /** F1 to F22. */
  readonly id: string
  readonly about: string
  readonly stores: readonly StoreName[]
  /** It ends a process as kill -9 does: these are mixed, and struck as often as is asked for. */
  readonly isKill?: true
  /** How often it is struck when it is no kill. */
  readonly strikes?: number
  /** Does it once; resolves when what it broke is whole again. */
  readonly strike: (scene: Scene) => Promise<void>
}

/** Does something between two times, and notes that it was done. */
export const during = async (
  { recorder }: Scene,
  told: Pick<Trouble, 'fault' | 'what'> & { readonly isOutage?: true; readonly isFull?: true },
  work: () => Promise<unknown>,
): Promise<void> => {
  const from = recorder.now()
  await work()
  recorder.note({ op: 'fault', ...told, from, to: recorder.now() })
}
