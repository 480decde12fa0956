import type { Device, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'

const AT_ONCE = 500
const MOST_PAGES = 20

/** What a user's home owns now: the list is asked for, the record decides. The first 10 000. */
export const thingsOf = async ({ devices }: Registry, user: User): Promise<Device[]> => {
  const found: Device[] = []
  let after: string | undefined
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await devices.listOfHome(user.project, user.home, after, AT_ONCE)
    found.push(...items.filter(({ owner }) => owner === user.home))
    after = next
    if (next === undefined) return found
  }
  return found
}
