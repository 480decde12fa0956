import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './mail.ts'
import type { TestServer } from './server.ts'

/** A letter as `LATCHKEY_MAIL=file:DIR` writes it (CONTRACT 6, Mail and SMS). */
export type Letter = {
  readonly to: string
  readonly kind: string
  readonly text: string
  readonly token?: string
}

/** The letters to somebody so far, the oldest first. */
export const lettersTo = ({ folder }: Pick<TestServer, 'folder'>, email: string): Letter[] => {
  const mail = join(folder, 'mail')
  const names = existsSync(mail) ? readdirSync(mail).filter((name) => name.endsWith('.json')) : []
  const letters = names
    .sort()
    .map((name) => JSON.parse(readFileSync(join(mail, name), 'utf8')) as Letter)
  return letters.filter(({ to }) => to === email)
}

/** The link of a letter, as a person finds it in the text. */
export const linkIn = ({ text }: Letter): string => {
  const link = /^https?:\S+$/m.exec(text)?.[0]
  if (link === undefined) throw new Error('the letter has no link')
  return link
}

/** Waits for the letter of that number to somebody. */
export const letterTo = async (
  server: Pick<TestServer, 'folder'>,
  email: string,
  number = 1,
): Promise<Letter & { readonly token: string; readonly link: string }> => {
  await eventually(() => lettersTo(server, email).length >= number)
  const letter = lettersTo(server, email)[number - 1]
  if (letter?.token === undefined) throw new Error('the letter has no token')
  return { ...letter, token: letter.token, link: linkIn(letter) }
}
