/** Where traces go and how many: the standard variables of OpenTelemetry. */
export type TraceSettings = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly service: string
  /** The share of traces that are recorded, 0 to 1. */
  readonly share: number
  /** Whether a caller who brings a trace decides for his. */
  readonly followsCaller: boolean
}

type Env = Readonly<Record<string, string | undefined>>

const SAMPLERS = new Map<string, (share: number) => number>([
  ['always_on', () => 1],
  ['always_off', () => 0],
  ['traceidratio', (share) => share],
])

/** `a=1,b=2`, percent-encoded. `undefined`: it is not. */
const headersIn = (text: string): Record<string, string> | undefined => {
  try {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '')
    const headers = pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new RangeError('no name')
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())] as const
    })
    return Object.fromEntries(new Headers([...headers].map(([name, value]) => [name, value])))
  } catch {
    return undefined
  }
}

const urlIn = (env: Env, faults: string[]): string | undefined => {
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = own || (base ? `${base.replace(/\/+$/, '')}/v1/traces` : undefined)
  if (url === undefined || (URL.canParse(url) && /^https?:/.test(url))) return url
  faults.push(
    `OTEL_EXPORTER_OTLP_${own ? 'TRACES_' : ''}ENDPOINT: must be an http or https URL; gRPC is not spoken`,
  )
  return undefined
}

const samplerIn = (env: Env, faults: string[]) => {
  const word = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on'
  const followsCaller = word.startsWith('parentbased_')
  const arm = SAMPLERS.get(followsCaller ? word.slice('parentbased_'.length) : word)
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG || '1')
  if (arm === undefined)
    faults.push(
      `OTEL_TRACES_SAMPLER: must be one of ${[...SAMPLERS.keys()].join(', ')}, or with parentbased_ before it`,
    )
  if (!(share >= 0 && share <= 1)) faults.push('OTEL_TRACES_SAMPLER_ARG: must be 0 to 1')
  return { share: arm?.(share) ?? 0, followsCaller }
}

/**
 * Reads them. `undefined`: nothing is traced. Variables of signals that we do not send are not ours to judge.
 * OpenTelemetry: "OTLP Exporter Configuration", "Environment Variable Specification".
 */
export const readTraceSettings = (env: Env, faults: string[]): TraceSettings | undefined => {
  const isOff = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true'
  if (isOff || env.OTEL_TRACES_EXPORTER === 'none') return undefined
  const url = urlIn(env, faults)
  if (url === undefined) return undefined
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL
  if (protocol === 'grpc')
    faults.push('OTEL_EXPORTER_OTLP_PROTOCOL: gRPC is not spoken; http/json is')
  const headers = headersIn(
    env.OTEL_EXPORTER_OTLP_TRACES_HEADERS || env.OTEL_EXPORTER_OTLP_HEADERS || '',
  )
  if (headers === undefined)
    faults.push('OTEL_EXPORTER_OTLP_HEADERS: must be name=value,name=value, percent-encoded')
  const timeoutMs = Number(
    env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT || env.OTEL_EXPORTER_OTLP_TIMEOUT || '10000',
  )
  if (!(timeoutMs >= 1 && timeoutMs <= 60_000))
    faults.push('OTEL_EXPORTER_OTLP_TIMEOUT: must be 1 to 60000')
  const service = (env.OTEL_SERVICE_NAME || 'latchkey').slice(0, 255)
  return { url, headers: headers ?? {}, timeoutMs, service, ...samplerIn(env, faults) }
}
