import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { claimsOf } from '../sim/server.js'
import { allAre, launch, open, Site, token, until, workers } from './harness.js'

let browser: Browser
let context: BrowserContext
let site: Site
let url: string

before(async () => { browser = await launch() })
after(() => browser.close())

beforeEach(async () => {
  site = new Site({ '/client/': 'dist', '/': 'test/browser/fixture' })
  url = await site.start()
  context = await browser.newContext()
})

afterEach(async () => {
  await context.close()
  await site.stop()
})

async function freeze(page: Page, state: 'frozen' | 'active'): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state })
  await session.detach()
}

for (const [way, query] of [['a shared worker', '?'], ['Web Locks', '?worker=no']] as const) {
  describe(`tabs that take turns by ${way}`, () => {
    test('five pages fetch one token, and one more when it expires', async () => {
      site.lifetimes = [6]
      const pages = await open(context, url + query, 5)
      await allAre(pages, 'authenticated')
      assert.equal((await workers(browser)).length, way === 'Web Locks' ? 0 : 1)
      await until('the second token', () => site.asked > 1)
      const tokens = await until('it is in all pages', async () => {
        const all = await Promise.all(pages.map(token))
        return all.every((t) => t !== null && claimsOf(t)['n'] === 2) && all
      })
      assert.equal(new Set(tokens).size, 1)
      assert.equal(site.asked, 2)
    })

    test('a logout in one is known in all, and none has a token any more', async (t) => {
      const pages = await open(context, url + query, 5)
      await allAre(pages, 'authenticated')
      const began = await pages[0]?.evaluate(() => { const now = Date.now(); void window.auth.signOut(); return now }) ?? 0
      await allAre(pages, 'signed-out')
      const known = await Promise.all(pages.map((page) => page.evaluate(() => window.states.find((s) => s.status === 'signed-out')?.at ?? 0)))
      t.diagnostic(`known in all after ${Math.max(...known) - began} ms`)
      assert.deepEqual(await Promise.all(pages.map(token)), [null, null, null, null, null])
      const [late] = await open(context, url + query, 1)
      assert.equal(await token(late as Page), null)
      assert.equal(site.asked, 1)
    })

    test('a refused refresh in one signs all out; a server that fails signs nobody out', async () => {
      const pages = await open(context, url + query, 3)
      await allAre(pages, 'authenticated')
      site.status = 503
      await pages[1]?.evaluate(() => window.auth.getToken({ forceRefresh: true }))
      await allAre(pages, 'offline')
      site.status = 401
      await allAre(pages, 'signed-out')
      for (const page of pages) assert.equal(await page.evaluate(() => window.auth.state.error), 'REFRESH_REFUSED')
    })

    test('a page that was frozen during the logout does not come back with the old token', async () => {
      const [awake, asleep] = await open(context, url + query, 2) as [Page, Page]
      await allAre([awake, asleep], 'authenticated')
      await freeze(asleep, 'frozen')
      await awake.evaluate(() => window.auth.signOut())
      await freeze(asleep, 'active')
      assert.equal(await token(asleep), null)
      await allAre([awake, asleep], 'signed-out')
    })

    test('where the page that refreshes is closed, another one takes over', async () => {
      site.status = 0 // no answer
      const [first] = await open(context, url + query, 1) as [Page]
      await until('it has asked', () => site.asked === 1)
      const [second] = await open(context, url + query, 1) as [Page]
      site.status = null
      await first.close({ runBeforeUnload: false })
      await allAre([second], 'authenticated')
      assert.equal(site.asked, 2)
    })

    test('a user who logs in while other pages are open is logged in in all of them, as that user', async () => {
      site.user = null
      const pages = await open(context, url + query, 3)
      await until('the application was asked', () => site.asked > 0)
      site.user = 'bob'
      await pages[2]?.evaluate(() => window.auth.signIn())
      await allAre(pages, 'authenticated')
      for (const page of pages) assert.equal(await page.evaluate(() => window.auth.state.userId), 'bob')
    })
  })
}

describe('a content security policy', () => {
  test('that allows workers of this origin is enough for the shared worker', async () => {
    site.headers = { 'content-security-policy': "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; worker-src 'self'" }
    const complaints: string[] = []
    context.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
    await allAre(await open(context, url, 2), 'authenticated')
    assert.equal((await workers(browser)).length, 1)
    assert.deepEqual(complaints, [])
  })

  test('that forbids workers leaves the tabs to Web Locks', async () => {
    site.headers = { 'content-security-policy': "worker-src 'none'" }
    const pages = await open(context, url, 5)
    await allAre(pages, 'authenticated')
    assert.deepEqual(await workers(browser), [])
    assert.equal(site.asked, 1)
  })
})

describe('what is stored', () => {
  // Everything that a script of the origin could read without running in the page of the session.
  const dump = (page: Page) => page.evaluate(async () => {
    const open = indexedDB.open('syncward-v1')
    const db = await new Promise<IDBDatabase>((resolve) => { open.onsuccess = () => resolve(open.result) })
    const names = [...db.objectStoreNames]
    const all = names.length === 0 ? null : db.transaction(names).objectStore(names[0] ?? '').getAll()
    const rows = await new Promise((resolve) => { if (all === null) resolve([]); else all.onsuccess = () => resolve(all.result) })
    db.close()
    return JSON.stringify([rows, { ...localStorage }, { ...sessionStorage }, document.cookie])
  })

  for (const storage of ['memory', 'localStorage', 'indexedDB']) {
    test(`with ${storage}`, async () => {
      const [page] = await open(context, `${url}?storage=${storage}`, 1) as [Page]
      await allAre([page], 'authenticated')
      const held = await token(page) ?? ''
      const stored = await dump(page)
      assert.equal(stored.includes(held), storage !== 'memory')
      await page.goto('about:blank')
      await page.goto(`${url}?storage=${storage}`)
      await allAre([page], 'authenticated')
      assert.ok(storage === 'memory' || site.asked === 1, 'a reload needs no refresh')
      await page.evaluate(() => window.auth.signOut())
      assert.equal((await dump(page)).includes('alice'), false)
      assert.equal((await dump(page)).includes(held), false)
    })
  }
})
