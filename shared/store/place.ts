/** A place in a log, `ms-seq` zero-padded, so that places sort as text: the same in every store. */
export type PlaceParts = { readonly ms: number; readonly seq: number }

const PLACE = /^(\d{15})-(\d{10})$/

/** Spells a place. */
export const placeOf = ({ ms, seq }: PlaceParts): string =>
  `${String(ms).padStart(15, '0')}-${String(seq).padStart(10, '0')}`

/** The place, or `undefined` for what never was one: a stranger's `Last-Event-ID` starts from the oldest kept. */
export const knownPlace = (place: string | undefined): string | undefined =>
  parsePlace(place) === undefined ? undefined : place

/** Reads a place. */
export const parsePlace = (place: string | undefined): PlaceParts | undefined => {
  const parts = place === undefined ? null : PLACE.exec(place)
  return parts === null ? undefined : { ms: Number(parts[1]), seq: Number(parts[2]) }
}

/** The place after `last` at this time; rises even when the clock goes back. */
export const nextPlace = (last: PlaceParts, now: number): PlaceParts =>
  now > last.ms ? { ms: now, seq: 0 } : { ms: last.ms, seq: last.seq + 1 }
