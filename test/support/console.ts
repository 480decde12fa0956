import type { Locator, Page } from 'playwright-core'
import { button, field } from './claim-page.ts'
import { ADMIN } from './server.ts'

/** Signs in on the console, in English. */
export const enterConsole = async (
  page: Page,
  { email, password }: { email: string; password: string } = ADMIN,
): Promise<void> => {
  await field(page, 'E-mail address').fill(email)
  await field(page, 'Password').fill(password)
  await button(page, /^Sign in$/).click()
}

/** The title of the page that is shown. */
export const title = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('heading', { level: 1, name })

/** A page by its name in the navigation. */
export const goTo = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name, exact: true }).click()

/** A row of a table, by what names it. */
export const row = (page: Page, name: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })

/** The dialog that is open. */
export const dialog = (page: Page): Locator => page.getByRole('dialog')

/** A line of a device's story, or of the ticker. */
export const line = (page: Page, text: string | RegExp): Locator =>
  page.getByRole('listitem').filter({ hasText: text })

/** Resolves when nothing moves any more, but for what never ends. */
export const SETTLED = `Promise.allSettled(
  document.getAnimations()
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    .map(({ finished }) => finished),
)`
