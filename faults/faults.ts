import type { Fault } from './fault.ts'
import { FULL } from './full.ts'
import { KILLS } from './kills.ts'
import { NETWORKS } from './networks.ts'
import { NODES } from './nodes.ts'
import { STALLS } from './stalls.ts'

/** Everything that can be done to a system, one row for each kind of fault. */
export const FAULTS: readonly Fault[] = [...KILLS, ...STALLS, ...FULL, ...NETWORKS, ...NODES]
