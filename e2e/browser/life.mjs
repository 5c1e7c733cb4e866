// node life.mjs WORLD SIDECAR BROWSER PATH [WORDS]: what a user lives through, in a
// headless browser: chromium or firefox.
import { equal, run, until } from '../demo/harness.mjs'
import { run as runInFirefox } from './firefox.mjs'
import { empty, happens, isStatus, logIn, logOut, opened, push, status, worldAt } from './tab.mjs'

const [world, sidecar, browser, executablePath, only] = process.argv.slice(2)
const { control, stored, tab } = worldAt(world, sidecar)

const ids = (name, from, to) => Array.from({ length: to - from + 1 }, (_, i) => `${name}${from + i}`)
const list = (all) => all.map((e) => `${e.id} ${e.user}`)
const log = (page) => page.evaluate(() => window.log)

// unplug takes the network from all tabs; what is open is lost, as by a dead link.
// Firefox cannot be driven so: there the servers go instead.
async function unplug(context, ...tabs) {
  if (context.setOffline) {
    await context.setOffline(true)
    await control('cut')
  } else {
    await control('auth', { status: 503 })
    await control('stop')
  }
  for (const page of tabs) await until('the connection is lost', () => page.evaluate(() => window.socket.session === null))
}

// plug brings it back; tokens live for ttl seconds from now on.
async function plug(context, ttl = 3600) {
  await control('auth', { ttl })
  if (context.setOffline) return context.setOffline(false)
  for (const page of await context.pages()) await page.evaluate(() => void dispatchEvent(new Event('online'))) // as a browser does
  await control('start')
}

const cases = {
  'whoever logs in works, and each event bears the name, the time and the connection': async (newContext) => {
    const page = await tab(await newContext())
    equal(await status(page), 'anonymous', 'before')
    await logIn(page, 'alice')
    await opened(page)
    await push(page, ids('e', 1, 3))
    await empty(page)
    const all = await stored()
    equal(list(all), ids('e', 1, 3).map((id) => `${id} alice`), 'stored')
    const [ok] = await page.evaluate(() => window.oks)
    for (const { event: { metadata } } of all) {
      equal([metadata.userId, metadata.connectionId], ['alice', ok.connectionId], 'metadata')
      equal([typeof metadata.timestamp, typeof metadata.clientTimestamp], ['number', 'number'], 'times')
    }
  },

  'what is done offline is there when the network is, in order and once': async (newContext) => {
    const context = await newContext()
    const page = await tab(context, 'alice')
    await opened(page)
    await unplug(context, page)
    await push(page, ids('e', 1, 10))
    equal(await stored(), [], 'stored while offline')
    equal(['signed-out', 'anonymous'].includes(await status(page)), false, 'logged out')
    await plug(context)
    await empty(page)
    equal(list(await stored()), ids('e', 1, 10).map((id) => `${id} alice`), 'stored')
  },

  'a token that expires is refreshed on the open socket, and nothing is connected anew': async (newContext) => {
    await control('auth', { ttl: 8 })
    const page = await tab(await newContext(), 'alice')
    await until('two refreshes', () => page.evaluate(() => window.oks.length >= 3), 90_000)
    await push(page, ['e1'])
    await empty(page)
    equal(await log(page), ['open auth alice'], 'the socket')
    const oks = await page.evaluate(() => window.oks)
    equal(new Set(oks.map((ok) => ok.connectionId)).size, 1, 'connections')
    equal(oks.every((ok, i) => i === 0 || ok.expiresAt > oks[i - 1].expiresAt), true, 'each token lives longer')
    equal((await control('state')).open, 1, 'connections of the server')
  },

  'a token that expires beyond grace while offline is refreshed, and what was done is replayed': async (newContext) => {
    await control('auth', { ttl: 4 })
    const context = await newContext()
    const page = await tab(context, 'alice')
    await opened(page)
    await unplug(context, page)
    await push(page, ids('e', 1, 3))
    // JWT_GRACE_PERIOD is 3 s.
    await until('the end of the grace', () => page.evaluate(() => Date.now() > window.auth.state.expiresAt + 4000))
    equal(['offline', 'refreshing'].includes(await status(page)), true, 'an expired login is kept')
    const lost = (await log(page)).length
    await plug(context)
    await empty(page)
    equal(list(await stored()), ids('e', 1, 3).map((id) => `${id} alice`), 'stored')
    // Firefox holds a dial back after others have failed: it may begin before the refresh, and end behind it.
    const refusals = (await log(page)).slice(lost).filter((line) => line.startsWith('lost 44') && !(browser === 'firefox' && line === 'lost 4401 TOKEN_EXPIRED refresh'))
    equal(refusals, [], 'refusals on the way back')
  },

  'a logout in one tab ends all connections of all tabs, here and on the server': async (newContext) => {
    const [here, device] = [await newContext(), await newContext()]
    const tabs = []
    for (let i = 0; i < 3; i++) tabs.push(await tab(here, 'alice'))
    const other = await tab(device, 'alice')
    const bob = await tab(await newContext(), 'bob')
    for (const page of [...tabs, other]) await opened(page)
    await opened(bob, 'auth bob')
    equal((await control('state')).open, 5, 'connections of the server')
    await control('auth', { status: 401 }) // and the auth service knows it too
    await logOut(tabs[1])
    for (const page of [...tabs, other]) await isStatus(page, 'signed-out')
    await until('Bob alone is connected', async () => (await control('state')).open === 1)
    await happens(other, 'lost 4403 SESSION_REVOKED sign-out')
    for (const page of tabs) {
      equal(await page.evaluate(() => window.auth.getToken()), null, 'a token')
      equal(await page.evaluate(() => window.socket.session), null, 'a session')
    }
    equal(await log(bob), ['open auth bob'], 'Bob')
  },

  'a page over plain http, which is no secure context, works as any other': async (newContext) => {
    const host = 'app.test'
    const context = await newContext({ baseURL: world.replace('127.0.0.1', host) })
    const [one, two] = [await tab(context, 'alice', { host }), await tab(context, 'alice', { host })]
    const has = () => [isSecureContext, crypto.subtle, crypto.randomUUID, navigator.locks, navigator.storage].map(Boolean)
    equal(await one.evaluate(has), [false, false, false, false, false], 'what browsers withhold')
    for (const page of [one, two]) await opened(page)
    await push(one, ['e1'])
    const id = await one.evaluate(() => window.queue.push({ text: 'hello' }))
    await empty(one)
    equal(list(await stored()), ['e1 alice', `${id} alice`], 'stored')
    await logOut(one)
    await isStatus(two, 'signed-out')
    await until('nobody is connected', async () => (await control('state')).open === 0)
  },

  'a page that goes into the history and comes back sends what waits, and once': async (newContext) => {
    const page = await tab(await newContext(), 'alice')
    await opened(page)
    await push(page, ['e1'])
    await empty(page)
    // Its events are made: no tool keeps hold of a page that truly goes there.
    const turns = (type) => page.evaluate((name) => void dispatchEvent(new PageTransitionEvent(name, { persisted: true })), type)
    await turns('pagehide')
    await control('cut')
    await push(page, ['e2', 'e3'])
    await turns('pageshow')
    await opened(page, 'auth alice', 2)
    await empty(page)
    equal(list(await stored()), ids('e', 1, 3).map((id) => `${id} alice`), 'stored')
    equal(await status(page), 'authenticated', 'the login')
  },

  'a server that is out of reach for a minute logs nobody out, and its clients come back spread': async (newContext) => {
    const context = await newContext()
    const tabs = []
    for (let i = 0; i < 3; i++) {
      const page = await tab(context, 'alice', { patient: 'yes' })
      await opened(page)
      tabs.push(page)
    }
    // The minute is one of the pages' clock: their timers run when they are told to.
    for (const page of tabs) await page.clock.install()
    await control('auth', { status: 503 })
    await control('stop')
    for (const page of tabs) await until('a loss', () => page.evaluate(() => window.losses.length > 0))
    for (let second = 0; second < 60; second++) {
      await Promise.all(tabs.map((page) => page.clock.runFor(1000)))
      await new Promise((wake) => setTimeout(wake, 20)) // for the dials, which are real
      if (second === 30) await tabs[0].evaluate(() => window.auth.getToken({ forceRefresh: true })) // nor does a refresh
    }
    await push(tabs[0], ['e1'])
    const losses = await Promise.all(tabs.map((page) => page.evaluate(() => window.losses)))
    for (const own of losses) {
      equal(own.length >= 3 && own.length <= 40, true, `attempts in a minute: ${own.length}`)
      equal(own.filter(({ next }) => next !== 'backoff'), [], 'what follows')
      const free = own.filter(({ refusal }) => refusal === null) // without those that the server gave a time
      equal(free.filter(({ delayMs }, i) => delayMs < 100 || delayMs > Math.min(30_000, 1000 * 2 ** (i + 1))), [], 'delays out of bounds')
    }
    const delays = losses.flat().map(({ delayMs }) => delayMs).filter((delay) => delay > 100)
    equal(new Set(delays).size > delays.length / 2, true, `delays that differ: ${delays}`)
    for (const page of tabs) equal(['signed-out', 'anonymous'].includes(await status(page)), false, 'logged out')
    await control('auth', {})
    await control('start')
    await until('all are back', async () => {
      await Promise.all(tabs.map((page) => page.clock.runFor(1000)))
      return (await Promise.all(tabs.map(log))).every((lines) => lines.filter((line) => line === 'open auth alice').length > 1)
    })
    await until('the event is stored', async () => {
      await Promise.all(tabs.map((page) => page.clock.runFor(1000)))
      return (await stored()).length > 0
    })
    equal(list(await stored()), ['e1 alice'], 'stored')
  },

  'a restart of the sidecar is waited for, and loses nothing': async (newContext) => {
    const context = await newContext()
    const tabs = [await tab(context, 'alice'), await tab(context, 'alice')]
    for (const page of tabs) await opened(page)
    await push(tabs[0], ids('e', 1, 3))
    await empty(tabs[0])
    await control('stop')
    for (const page of tabs) await happens(page, 'lost 1012 DRAINING backoff')
    await push(tabs[0], ids('e', 4, 6))
    await push(tabs[1], ids('e', 7, 8))
    await control('start')
    for (const page of tabs) await opened(page, 'auth alice', 2)
    await empty(tabs[0])
    equal(list(await stored()), ids('e', 1, 8).map((id) => `${id} alice`), 'stored')
  },

  'of two users of one machine, neither sends what is the other\'s': async (newContext) => {
    const context = await newContext()
    const [one, two] = [await tab(context, 'alice'), await tab(context, 'alice')]
    for (const page of [one, two]) await opened(page)
    await unplug(context, one, two)
    await push(one, ids('a', 1, 2))
    await push(two, ids('a', 3, 4))
    await logOut(one)
    await isStatus(two, 'signed-out')
    await plug(context)
    await logIn(two, 'bob')
    for (const page of [one, two]) await opened(page, 'auth bob')
    await push(one, ['b1'])
    await push(two, ['b2'])
    await empty(one)
    equal(list(await stored()), ['b1 bob', 'b2 bob'], 'while Bob is there')
    await logOut(one)
    await logIn(one, 'alice')
    for (const page of [one, two]) await opened(page, 'auth alice', 2)
    await empty(one)
    equal(list(await stored()).slice(2), ids('a', 1, 4).map((id) => `${id} alice`), 'when Alice is back')
  },

  'five tabs refresh once, each time for all': async (newContext) => {
    await control('auth', { ttl: 8 })
    const { asked: before } = await control('state')
    const context = await newContext()
    const tabs = await Promise.all(Array.from({ length: 5 }, (_, i) => tab(context, i === 0 ? 'alice' : undefined)))
    await logIn(tabs[0], 'alice')
    for (const page of tabs) await until('two refreshes', () => page.evaluate(() => window.oks.length >= 3), 90_000)
    const { asked } = await control('state')
    await until('each of the tokens is in each tab', async () =>
      (await Promise.all(tabs.map((page) => page.evaluate(() => window.expiries.size)))).every((n) => n >= asked - before - 1))
    equal(asked - before <= 6, true, `tokens asked for: ${asked - before}`)
    for (const page of tabs) equal((await log(page)).filter((line) => line.startsWith('open auth')), ['open auth alice'], 'the socket')
  },

  'the flag flipped to off and back: all go on, without a name and with one': async (newContext) => {
    const context = await newContext()
    const tabs = [await tab(context, 'alice'), await tab(context, 'alice')]
    for (const page of tabs) await opened(page)
    await push(tabs[0], ['e1'])
    await control('flip', { mode: 'off' })
    await push(tabs[0], ['e2'])
    await empty(tabs[0])
    for (const page of tabs) equal(await log(page), ['open auth alice'], 'the flip drops nobody')
    await control('cut')
    for (const page of tabs) await opened(page, 'plain null')
    await push(tabs[1], ['e3'])
    await empty(tabs[1])
    await control('flip', { mode: 'enforce' })
    for (const page of tabs) await happens(page, 'lost 4401 AUTH_REQUIRED backoff')
    for (const page of tabs) await opened(page, 'auth alice', 2)
    await push(tabs[0], ['e4'])
    await empty(tabs[0])
    equal(list(await stored()), ['e1 alice', 'e2 alice', 'e3 ', 'e4 alice'], 'stored')
    for (const page of tabs) equal(await status(page), 'authenticated', 'the login')
  },
}

// What a browser says when it cannot connect.
const failures = /WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|status of 503/
const expected = Object.fromEntries(Object.keys(cases).map((name) => [name, failures]))
// The clock of a page is held by a tool that Firefox does not know.
if (browser === 'firefox') delete cases['a server that is out of reach for a minute logs nobody out, and its clients come back spread']
await (browser === 'firefox' ? runInFirefox : run)({ url: world, executablePath, cases, only, expected, before: () => control('reset') })
