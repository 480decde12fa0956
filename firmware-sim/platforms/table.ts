import { latchkey } from './latchkey.ts'
import type { Platform } from './platform.ts'
import { thethings } from './thethings.ts'
import { thingsboard } from './thingsboard.ts'

/** Every platform that can be simulated. A new one is a file and a row here. */
export const PLATFORMS = { latchkey, thingsboard, thethings } as const satisfies Record<
  string,
  Platform
>

/** A name of a platform in the table. */
export type PlatformName = keyof typeof PLATFORMS

/** The names, for help texts and for checking what was given. */
export const PLATFORM_NAMES = Object.keys(PLATFORMS) as PlatformName[]

/** The row of a platform. */
export const platformOf = (name: PlatformName): Platform => PLATFORMS[name]
