import type { Device, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'

const AT_ONCE = 500
const MOST_PAGES = 20

/** What a user's homes own now. The first 10 000. */
export const thingsOf = async ({ holdings }: Registry, user: User): Promise<Device[]> => {
  const found: Device[] = []
  let after: string | undefined
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await holdings.list(user, after, AT_ONCE)
    found.push(...items)
    after = next
    if (next === undefined) return found
  }
  return found
}
