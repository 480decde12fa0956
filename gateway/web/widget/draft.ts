import type { Label, Way } from './label.ts'
import type { Settings } from './settings.ts'

/** What stands in the fields. */
export type Draft = {
  way: Way
  device: string
  secret: string
  link: string
  code: string
}

/** A field of the form, by the word that names it. */
export type Field = 'device' | 'secret' | 'link' | 'code'

export const emptyDraft = (way: Way): Draft => ({ way, device: '', secret: '', link: '', code: '' })

/** The fields of each way, in order. */
export const FIELDS: Readonly<Record<Way, readonly Field[]>> = {
  device: ['device', 'secret'],
  link: ['link'],
  code: ['code'],
}

/** The fields that are shown. */
export const shownFields = ({ way }: Draft, { isOn }: Settings): readonly Field[] =>
  FIELDS[way].filter((field) => field !== 'secret' || !isOn('no-secret'))

/** The fields that have to be filled and are not. */
export const missingFields = (draft: Draft, settings: Settings): readonly Field[] =>
  shownFields(draft, settings).filter(
    (field) =>
      (field === 'secret' ? draft.secret : draft[field].trim()) === '' &&
      !(field === 'secret' && settings.isOn('secret-optional')),
  )

/** Puts a label into the fields. */
export const fill = (draft: Draft, label: Label): void => {
  draft.way = label.way
  switch (label.way) {
    case 'device':
      draft.device = label.device
      draft.secret = label.secret ?? ''
      return
    case 'link':
      draft.link = label.linkId
      return
    case 'code':
      draft.code = label.code
  }
}

/** What the fields say. A secret stays as it was typed: every blank counts. */
export const labelOf = (draft: Draft): Label => {
  switch (draft.way) {
    case 'device': {
      const device = draft.device.trim()
      return draft.secret === ''
        ? { way: 'device', device }
        : { way: 'device', device, secret: draft.secret }
    }
    case 'link':
      return { way: 'link', linkId: draft.link }
    case 'code':
      return { way: 'code', code: draft.code.trim() }
  }
}
