import { randomUUID } from 'node:crypto'
import type { Log } from '../log.ts'
import { createExporter } from './exporter.ts'
import type { TraceSettings } from './settings.ts'
import { createTracer, type Tracer } from './tracer.ts'

type Options = {
  readonly settings: TraceSettings | undefined
  readonly log: Log
  readonly onLost: (count: number) => void
}

/** `undefined` without settings: then nothing is wrapped, and nothing is paid. */
export const openTracer = ({ settings, log, onLost }: Options): Tracer | undefined => {
  if (settings === undefined) return undefined
  const exporter = createExporter({ ...settings, log, onLost, instance: randomUUID() })
  return createTracer({ ...settings, ...exporter })
}
