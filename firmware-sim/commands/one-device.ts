import {
  connectDevice,
  openWindow,
  presentCode,
  type SimDevice,
  sendEvents,
  untilOwner,
} from '../device.ts'
import { Refused, Unreachable } from '../failure.ts'
import type { Identity } from '../fleet.ts'
import type { LinkNews } from '../link.ts'
import type { Heard } from '../platforms/platform.ts'
import { platformOf } from '../platforms/table.ts'
import { newSecret } from '../secret.ts'
import { EXIT, type ExitCode } from './command.ts'
import type { DevicePlan } from './device-plan.ts'
import type { Report } from './report.ts'

type Run = {
  readonly identity: Identity
  readonly index: number
  readonly plan: DevicePlan
  readonly report: Report
  readonly drawsCode: boolean
  readonly signal: AbortSignal
}

// The longest wait that a timer of Node takes, 24 days: no limit, for a simulation.
const NO_LIMIT_MS = 2_147_483_647

const failed = (report: Report, device: string, error: unknown): ExitCode => {
  if (error instanceof Refused) {
    report.tell('refused', { device, reason: error.message })
    return EXIT.refused
  }
  if (!(error instanceof Unreachable)) throw error
  report.tell('unreachable', { device, why: error.message })
  return EXIT.unreachable
}

const tellNews = (report: Report, device: string, news: LinkNews): void => {
  switch (news.kind) {
    case 'up':
      report.tell('connected', { device })
      if (news.denied.length > 0) report.tell('not-granted', { device, topics: news.denied })
      break
    case 'retry':
      report.tell('retrying', { device, inMs: news.inMs, why: news.why })
      break
    case 'over': // told with the exit code that it decides
  }
}

const tellHeard = (report: Report, device: string, heard: Heard): void => {
  switch (heard.kind) {
    case 'owner': {
      const { claimed, epoch, home } = heard
      report.tell('owner', { device, claimed, epoch, home })
      break
    }
    case 'command':
      report.tell('command', { device, id: heard.id, action: heard.action })
      break
    case 'result':
      if (heard.state === 'claimed') report.tell('claimed', { device, epoch: heard.epoch })
  }
}

const bring = async ({ plan, report }: Run, label: string, sim: SimDevice, code: string) => {
  const outcome = await presentCode(sim, code, plan.timeoutMs)
  if (outcome.state === 'claimed') return EXIT.done
  report.tell('refused', { device: label, reason: outcome.reason })
  return EXIT.refused
}

const open = async (run: Run, label: string, sim: SimDevice): Promise<ExitCode> => {
  const { identity, plan, report, drawsCode } = run
  if (plan.code !== undefined) return bring(run, label, sim, plan.code)
  // What came into being for a home has its owner, and no window to open.
  if (plan.source.kind === 'provision') return EXIT.done
  const secret = plan.noSecret ? undefined : (plan.secret ?? newSecret())
  const outcome = await openWindow(sim, { secret, durationMs: plan.durationMs }, plan.timeoutMs)
  if (outcome.state === 'refused') {
    // A device that is owned already may not open a window, and need not: that goal is reached.
    if (plan.goal === 'claimed' && sim.owner()?.claimed) return EXIT.done
    report.tell('refused', { device: label, reason: outcome.reason })
    return EXIT.refused
  }
  if (outcome.state === 'claimed') return EXIT.done
  const expiresAt = outcome.state === 'open' ? outcome.expiresAt : undefined
  const { name } = identity
  const code = name === undefined ? undefined : platformOf(plan.platform).code(name, secret)
  report.tell('open', { device: label, secret, expiresAt, code })
  if (drawsCode && code !== undefined) report.drawCode(code)
  return EXIT.done
}

const reachGoal = async (run: Run, label: string, sim: SimDevice, over: Promise<ExitCode>) => {
  const { plan, report, signal } = run
  const told = platformOf(plan.platform).device.answers
  const interrupted = new Promise<ExitCode>((resolve) => {
    const code = plan.goal === 'claimed' ? EXIT.unreachable : EXIT.done
    if (signal.aborted) resolve(code)
    signal.addEventListener('abort', () => resolve(code), { once: true })
  })
  const work = async (): Promise<ExitCode> => {
    const waitMs = plan.goal === 'claimed' ? (plan.timeoutMs ?? NO_LIMIT_MS) : NO_LIMIT_MS
    if (plan.goal !== 'open' && told) await untilOwner(sim, true, waitMs)
    if (plan.events > 0) {
      await sendEvents(sim, plan.events)
      report.tell('sent', { device: label, events: plan.events })
    }
    return plan.goal === 'never' ? over : EXIT.done
  }
  return Promise.race([work(), over, interrupted])
}

/**
 * One device of `sim device`: resolves when its window is open (or is not to be); `rest` then gives the exit code,
 * when the goal is reached and the device is disconnected.
 */
export const runOneDevice = async (run: Run): Promise<{ rest: Promise<ExitCode> }> => {
  const { identity, plan, report, signal } = run
  const label = identity.name ?? `#${run.index + 1}`
  let end = (_code: ExitCode) => {}
  const over = new Promise<ExitCode>((resolve) => {
    end = resolve
  })
  let sim: SimDevice | undefined
  const finish = async (code: Promise<ExitCode>): Promise<ExitCode> => {
    try {
      return await code
    } catch (error) {
      return failed(report, label, error)
    } finally {
      report.step()
      await sim?.close()
    }
  }
  if (signal.aborted) return { rest: finish(Promise.resolve(EXIT.unreachable)) }
  try {
    const connected = await connectDevice({
      ...plan,
      token: identity.token,
      signal,
      onHeard: (heard) => tellHeard(report, label, heard),
      onNews(news) {
        tellNews(report, label, news)
        if (news.kind === 'over') end(failed(report, label, news.error))
      },
    })
    sim = connected
    const code = await open(run, label, connected)
    if (code !== EXIT.done) return { rest: finish(Promise.resolve(code)) }
    return { rest: finish(reachGoal(run, label, connected, over)) }
  } catch (error) {
    return { rest: finish(Promise.reject(error)) }
  }
}
