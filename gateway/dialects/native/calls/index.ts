import type { TSchema } from 'typebox'
import type { Calls } from '../../../description/call.ts'
import { Account, accountCalls, Project, Session } from './accounts.ts'
import { AuditLine, auditCalls } from './audit.ts'
import { Attempt, Claim, Claimed, claimCalls, Waiting } from './claims.ts'
import { Device, deviceCalls, NewDevice, StoryLine } from './devices.ts'
import { Command, eventCalls, Webhook } from './events.ts'
import { Home, homeCalls, Member } from './homes.ts'
import { ImportedDevice, importCalls, Operation } from './imports.ts'
import { letterCalls } from './letters.ts'
import { Counts, FleetDevice, House, makerCalls, Person } from './makers.ts'

/** Every call of the native API, by operation id. */
export const nativeCalls: Calls = {
  ...claimCalls,
  ...deviceCalls,
  ...importCalls,
  ...eventCalls,
  ...homeCalls,
  ...accountCalls,
  ...auditCalls,
  ...makerCalls,
  ...letterCalls,
}

/** Shapes that have a name of their own in the description. */
export const nativeShapes: Readonly<Record<string, TSchema>> = {
  ...{ Claim, Claimed, Waiting, Attempt },
  ...{ Device, NewDevice, StoryLine, Command, Webhook },
  ...{ Operation, ImportedDevice, AuditLine },
  ...{ Session, Account, Project, Home, Member },
  ...{ FleetDevice, Person, House, Counts },
}
