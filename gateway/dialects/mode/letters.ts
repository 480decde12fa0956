import type { Home, User } from '../../../shared/model/records.ts'
import type { Change } from '../../../shared/store/port.ts'
import type { GatewayContext } from '../../context.ts'

/** A letter as a part of a commit. When it may not be sent now, nothing: whoever waits for it asks again. */
export type Letter = { readonly change: Change; readonly wake: () => void }

type Asked = Awaited<ReturnType<GatewayContext['mail']['ask']>>

const NO_LETTER: Letter = { change: {}, wake: () => undefined }

const letterOf = (asked: Asked): Letter => (asked.state === 'refused' ? NO_LETTER : asked)

/** What this dialect has to say by mail and by text message. */
export const createLetters = ({ mail }: Pick<GatewayContext, 'mail'>) => {
  /** Asks whether the address or the number is his. */
  const proof = async ({ project, id, email, phone }: User): Promise<Letter> => {
    if (email !== undefined)
      return letterOf(await mail.ask({ project, letter: 'verify-email', to: email, subject: id }))
    if (phone !== undefined) return letterOf(await mail.askSms({ project, to: phone, subject: id }))
    return NO_LETTER
  }

  /** Invites somebody to a home. By text message apps invite themselves (seed 003, Add Home Member). */
  const invitation = async (home: Home, { project, id, email }: User): Promise<Letter> =>
    email === undefined
      ? NO_LETTER
      : letterOf(
          await mail.ask({
            ...{ project, letter: 'member-invite', to: email, subject: id, about: home.title },
          }),
        )

  return { proof, invitation }
}
