/** Lanes of one batch that are under way at once. */
const AT_ONCE = 64

/**
 * Works through a batch: a few lanes at a time, the items of one lane one after the other, so that the last word about
 * a device is the last one said. Answers in the order of the items. `undefined` is a lane of its own.
 */
export const eachInLane = async <T, R>(
  items: readonly T[],
  laneOf: (item: T) => string | undefined,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results = new Array<R>(items.length)
  const lanes = new Map<string | symbol, number[]>()
  items.forEach((item, place) => {
    const name = laneOf(item) ?? Symbol()
    const lane = lanes.get(name)
    if (lane === undefined) lanes.set(name, [place])
    else lane.push(place)
  })
  const waiting = lanes.values()
  const worker = async () => {
    for (const lane of waiting)
      for (const place of lane) results[place] = await work(items[place] as T)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, lanes.size) }, worker))
  return results
}
