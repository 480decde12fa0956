import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { type AsyncApi, documentAt, type OpenApi } from '../support/documents.ts'
import { startServer, type TestServer } from '../support/server.ts'

const WIDE = { viewport: { width: 1280, height: 800 } }
const NARROW = { viewport: { width: 360, height: 640 } }

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

test('the page loads nothing but our own files, runs no script within it, and stands in no frame', async () => {
  const reply = await fetch(`${server.httpUrl}/docs`)
  const policy = reply.headers.get('content-security-policy') ?? ''
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "trusted-types 'none'",
  ])
    expect(policy.split('; ')).toContain(rule)
  expect(reply.headers.get('permissions-policy')).toContain('camera=()')
  expect(await reply.text()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i)
})

describeWithChromium('the page of documents', ({ visit }) => {
  const open = async (options: object, path = '/docs'): Promise<Page> => {
    const page = await visit(`${server.httpUrl}${path}`, options)
    await page.locator('article').first().waitFor()
    return page
  }
  const shown = (page: Page) => page.locator('article:visible h3').allTextContents()

  test('shows every call, every topic and every shape', async () => {
    const page = await open(WIDE)
    const http = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
    const mqtt = await documentAt<AsyncApi>(server.httpUrl, '/asyncapi.json')
    const shapes = (http.components as unknown as { schemas: object }).schemas
    const ids = [
      ...Object.values(http.paths).flatMap((m) => Object.values(m).map((one) => one.operationId)),
      ...Object.keys(mqtt.channels).map((name) => `topic-${name}`),
      ...Object.keys(shapes).map((name) => `shape-${name}`),
    ]
    const there = await page.locator('article').evaluateAll((all) => all.map(({ id }) => id))
    expect(there.toSorted()).toEqual(ids.toSorted())
    const links = await page
      .locator('main a[href^="#"], nav a[href^="#"]')
      .evaluateAll((all) => all.map((a) => (a as { hash?: string }).hash?.slice(1) ?? ''))
    expect(links.filter((id) => !ids.includes(id))).toEqual([])
    await shoot(page, 'docs-wide')
  })

  test('finds what is looked for', async () => {
    const page = await open(WIDE)
    await page.getByRole('searchbox').fill('claim explain')
    expect(await shown(page)).toEqual(['Why, and what to do next'])
    expect(await page.locator('#nav li:visible').count()).toBe(1)
    expect(await page.locator('#found').textContent()).toBe('1 found')
    await page.getByRole('searchbox').fill('gateway/connect')
    expect(await shown(page)).toEqual(['Speak for a child from now on'])
    await page.getByRole('searchbox').fill('')
    expect((await shown(page)).length).toBeGreaterThan(50)
  })

  test('opens where its address says', async () => {
    const page = await open(WIDE, '/docs#makeTicket')
    await expect(page.locator('#makeTicket').isVisible()).resolves.toBe(true)
    const top = await page.locator('#makeTicket').evaluate((a) => a.getBoundingClientRect().top)
    expect(top).toBeGreaterThan(40)
    expect(top).toBeLessThan(700)
    await page.locator('#makeTicket summary', { hasText: 'With curl' }).click()
    expect(await page.locator('#makeTicket pre').textContent()).toContain(
      `curl -X POST ${server.httpUrl}/latchkey/v1/tickets`,
    )
  })

  // The whole page is long: axe needs some seconds for it.
  test.each([
    ['wide, dark', { ...WIDE, colorScheme: 'dark' }],
    ['narrow, light', { ...NARROW, colorScheme: 'light' }],
  ] as const)('can be used by everybody: %s', async (name, options) => {
    const page = await open(options, '/docs')
    for (const box of await page.locator('#claim summary, #readClaim summary').all())
      await box.click()
    expect(await violationsOf(page)).toEqual([])
    const wider = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(wider).toBe(0)
    await shoot(page, `docs-${name.replace(', ', '-')}`)
  })
})
