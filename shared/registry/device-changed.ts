import { changedIn } from '../audit/changed.ts'
import { audited } from '../audit/line.ts'
import type { Device } from '../model/records.ts'
import type { LogItem } from '../store/port.ts'

/**
 * What a maker changes of a device, for the audit. What its home calls it is the home's own affair, and which gateway speaks
 * for it changes with every connection.
 */
const TOLD = [
  'name',
  'deviceClass',
  'tag',
  'label',
  'gateway',
  'claimingAllowed',
  'boxKey',
] as const satisfies readonly (keyof Device)[]

/** The line of a change that is not about ownership; none, where nothing is to be told. */
export const deviceChanged = (before: Device, after: Device, at: number): LogItem[] => {
  const what = changedIn(before, after, TOLD)
  const { project, id: device } = before
  return what === '' ? [] : [audited({ at, project, type: 'device.changed', device, what })]
}
