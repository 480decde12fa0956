import type { Asked } from '../shared/mail/mail.ts'
import { type Refused, refused } from '../shared/model/outcomes.ts'
import type { Device, Transfer } from '../shared/model/records.ts'
import type { Change } from '../shared/store/port.ts'
import { joined } from '../shared/store/transact.ts'
import type { GatewayContext } from './context.ts'

/** Mails of one commit, and what to call after it. */
export type Letters = { readonly change: Change; readonly wake: () => void }

type Context = Pick<GatewayContext, 'registry' | 'mail'>

/** More owners than these are not written to. */
const MOST_LETTERS = 10

/** What its owner calls a device. */
export const nameOf = ({ called, label, name }: Device) => called?.name ?? label ?? name

const together = (letters: readonly (Asked | Refused)[]): Letters => {
  // Who has no address is told by his apps alone.
  const asked = letters.filter((one) => one.state === 'asked')
  return {
    change: joined(...asked.map(({ change }) => change)),
    wake: () => {
      for (const { wake } of asked) wake()
    },
  }
}

/** The user that the token of a mail was written to, and what he is asked. */
export const subjectOf = (transfer: Transfer, user: string): string => `${transfer.id}/${user}`

/** Asks the owners of a device for their answer, each with a token of his own. `too-many-attempts`: they get too many. */
export const lettersToOwners = async (
  { registry, mail }: Context,
  device: Device,
  transfer: Transfer,
): Promise<Letters | Refused> => {
  const { project } = device
  const members = await registry.members.list(project, transfer.from)
  const owners = members.filter(({ user, membership }) => user.email && membership.role === 'owner')
  const letters = await Promise.all(
    owners.slice(0, MOST_LETTERS).map(({ user }) =>
      mail.ask({
        ...{ project, letter: 'transfer', to: user.email ?? '', about: nameOf(device) },
        subject: subjectOf(transfer, user.id),
        ttlMs: transfer.expiresAt - transfer.createdAt,
      }),
    ),
  )
  const full = letters.find((one) => one.state === 'refused' && one.reason === 'too-many-attempts')
  return full?.state === 'refused' ? full : together(letters)
}

/** Tells who asked for a device what its owner has answered. */
export const letterToAsker = async (
  { registry, mail }: Context,
  device: Device,
  { user: id }: Transfer,
  isApproved: boolean,
): Promise<Letters> => {
  const { project } = device
  const user = await registry.users.get({ project, user: id })
  const letter = isApproved ? 'transfer-approved' : 'transfer-denied'
  const asked =
    user?.email === undefined
      ? refused('bad-request')
      : await mail.ask({ project, letter, to: user.email, about: nameOf(device) })
  return together([asked])
}
