import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, test } from '@jest/globals'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const SCREENSHOTS = resolve(import.meta.dirname, '../web/screenshots')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Where the first Chromium of PATH lies. */
const chromiumPath = (): string | undefined =>
  NAMES.map((name) =>
    spawnSync('sh', ['-c', `command -v ${name}`])
      .stdout.toString()
      .trim(),
  ).find((path) => path !== '')

/** A browser for the tests of a suite; each page in a context of its own. */
export type Opened = {
  /** A new visitor. Whatever his page complains of, and whatever it asks of another host, fails the test. */
  readonly visit: (url: string, options?: BrowserContextOptions) => Promise<Page>
  /** Lets pages ask another host too. */
  readonly allow: (origin: string) => void
  /** What a page has complained of so far; it is expected then. */
  readonly complaints: () => readonly string[]
}

const SKIPPED: Opened = {
  visit: () => Promise.reject(new Error('skipped')),
  allow: () => undefined,
  complaints: () => [],
}

/**
 * Like `describe`, with a real Chromium; reported as skipped by name where there is none, with `CI=true` a failure. `args`: for
 * its command line.
 */
export const describeWithChromium = (
  name: string,
  define: (browser: Opened) => void,
  args: () => readonly string[] = () => [],
): void => {
  const path = chromiumPath()
  if (path !== undefined) describe(name, () => define(browserAt(path, args)))
  else if (process.env.CI !== 'true')
    describe.skip(`${name} (skipped: there is no chromium)`, () => define(SKIPPED))
  else
    test(`${name}: a chromium is needed, because CI=true`, () => {
      throw new Error('there is no chromium in PATH')
    })
}

/** What the network answered is the test's business, not the console's. */
const isAboutAnswer = (text: string) => text.startsWith('Failed to load resource')

const watch = (page: Page, faults: string[], allowed: () => readonly string[]): void => {
  page.on('console', (message) => {
    if (message.type() === 'error' && !isAboutAnswer(message.text())) faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    const isOurs = allowed().includes(origin) || protocol === 'data:' || protocol === 'blob:'
    if (!isOurs) faults.push(`asks ${request.url()}`)
  })
}

const browserAt = (executablePath: string, args: () => readonly string[]): Opened => {
  let browser: Browser | undefined
  const origins = new Set<string>()
  const faults: string[] = []
  beforeAll(async () => {
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    browser = await chromium.launch({
      executablePath,
      headless: true,
      args: [...sandbox, '--disable-dev-shm-usage', ...args()],
    })
  })
  afterEach(async () => {
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
    const told = faults.splice(0)
    if (told.length > 0) throw new Error(`the page complains:\n${told.join('\n')}`)
  })
  afterAll(() => browser?.close())
  return {
    allow: (origin) => void origins.add(origin),
    complaints: () => faults.splice(0),
    visit: async (url, options = {}) => {
      if (browser === undefined) throw new Error('the browser has not started')
      origins.add(new URL(url).origin)
      const context = await browser.newContext({
        locale: 'en-GB',
        // Nothing is looked at half-way.
        reducedMotion: 'reduce',
        ...options,
      })
      context.setDefaultTimeout(10_000)
      const page = await context.newPage()
      watch(page, faults, () => [...origins])
      await page.goto(url)
      return page
    },
  }
}

/** A picture of the page, for people: `test/web/screenshots/<name>.png`. */
export const shoot = async (page: Page, name: string): Promise<void> => {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

type Violation = { id: string; help: string; nodes: { html: string; failureSummary: string }[] }

/** What axe (WCAG 2.2 A and AA, best practices) finds wrong with the page as it is now, in words. */
export const violationsOf = async (page: Page): Promise<readonly string[]> => {
  // Injected by the debugger: the page's own policy does not let scripts in.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(AXE)
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run(document)')
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`),
  )
}
