import type { Room } from '../room.ts'
import type { FleetDevice } from '../shapes.ts'
import { deviceLabels } from './devices.ts'
import { importing } from './import.ts'
import type { LabelWords } from './words.ts'
import { de } from './words-de.ts'
import { en } from './words-en.ts'

const WORDS = new Map<string, LabelWords>([
  ['en', en],
  ['de', de],
])

const wordsFor = ({ words }: Room): LabelWords => WORDS.get(words.lang) ?? en

/** Labels for devices that were chosen. */
export const labelsFor = (room: Room, chosen: readonly FleetDevice[]): HTMLElement =>
  deviceLabels(room, wordsFor(room), chosen)

/** A file of devices, and labels for what it made. */
export const importFor = (room: Room): HTMLElement => importing(room, wordsFor(room))
