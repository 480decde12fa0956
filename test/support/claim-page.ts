import type { Locator, Page } from 'playwright-core'

/** The password of every `customer` of the tests. */
export const PASSWORD = 'customer-password'

/** A text of the element or the page, as a person finds it. */
export const said = (page: Page, text: string | RegExp): Locator => page.getByText(text)

/** A button by what it says. */
export const button = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('button', { name })

/** A field by its label. */
export const field = (page: Page, label: string): Locator =>
  page.getByRole('textbox', { name: label, exact: true })

/** Says what one has: a name and a key, a shared id, a code. */
export const choose = (page: Page, way: string): Promise<void> =>
  page.getByRole('radio', { name: way }).check()

/** Signs in on the claim page, in English. */
export const signInOn = async (page: Page, email: string, password = PASSWORD): Promise<void> => {
  await field(page, 'E-mail address').fill(email)
  await field(page, 'Password').fill(password)
  await button(page, /^Sign in$/).click()
}

/** Types a device and its secret, and claims. */
export const claimOn = async (page: Page, device: string, secret: string): Promise<void> => {
  await field(page, 'Device name').fill(device)
  await field(page, 'Secret key').fill(secret)
  await button(page, 'Claim device').click()
}

/** Where the keyboard is, within shadow roots too: an id, else a part, else a text. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    let place = document.activeElement
    while (place?.shadowRoot?.activeElement) place = place.shadowRoot.activeElement
    return place?.id || place?.getAttribute('part') || place?.textContent || ''
  })()`)
