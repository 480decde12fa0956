import type { HomeId } from '../model/ids.ts'
import type { Device, User } from '../model/records.ts'
import type { Devices } from './devices.ts'
import type { Members } from './members.ts'

/** A page of devices; `next` is what the next page is asked for with. */
export type Holding = { readonly items: readonly Device[]; readonly next: string | undefined }

/** What all the homes of a user own. */
export const createHoldings = (members: Members, devices: Devices) => {
  /**
   * In the order of homes and then of devices; `after` is a former `next`: home and device with a colon between. The list
   * of a home is asked for, the record of each device decides.
   */
  const list = async (user: User, after: string | undefined, limit: number): Promise<Holding> => {
    const [fromHome = '', fromDevice] = after?.split(':') ?? []
    const homes = (await members.homesOf(user)).filter((home) => home >= fromHome)
    const items: Device[] = []
    for (const home of homes) {
      let place: string | undefined = home === fromHome ? fromDevice : undefined
      do {
        if (items.length >= limit) return { items, next: placeOf(home, place) }
        const page = await devices.listOfHome(user.project, home, place, limit - items.length)
        items.push(...page.items.filter(({ owner }) => owner === home))
        place = page.next
      } while (place !== undefined)
    }
    return { items, next: undefined }
  }

  const placeOf = (home: HomeId, device: string | undefined) =>
    device === undefined ? home : `${home}:${device}`

  return { list }
}

export type Holdings = ReturnType<typeof createHoldings>
