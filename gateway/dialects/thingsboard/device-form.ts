import { type Static, Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { DEFAULT_TYPE } from './entities.ts'
import { orNull, Reference } from './forms.ts'

const Short = Type.String({ maxLength: 255 })

const DeviceForm = Type.Object({
  id: orNull(Reference),
  name: orNull(Type.String()),
  type: orNull(Short),
  label: orNull(Short),
  additionalInfo: orNull(Type.Object({ gateway: Type.Optional(Type.Unknown()) })),
})

/** A device as a client sends it. */
export type DeviceForm = Static<typeof DeviceForm>
/** Reads a device out of a body. */
export const deviceFormOf = checker(DeviceForm)

const LONGEST_NAME = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/

/** Whether a device could have that name at all. */
export const isName = (name: string): boolean => name.length <= LONGEST_NAME

/** What is wrong with a name, in the platform's words. `undefined`: nothing. */
export const faultOfName = (name: string): string | undefined => {
  if (name.trim() === '') return 'Device name should be specified!'
  if (!isName(name)) return 'name length must be equal or less than 255'
  return CONTROL.test(name) ? 'name is malformed' : undefined
}

/** What a form says of a device. A gateway is told by a mark in the free part: research/thingsboard.md 1.1. */
export const membersOf = ({ type, label, additionalInfo }: DeviceForm) => ({
  ...(!type || type === DEFAULT_TYPE ? {} : { deviceClass: type }),
  ...(label ? { label } : {}),
  gateway: additionalInfo?.gateway === true,
})
