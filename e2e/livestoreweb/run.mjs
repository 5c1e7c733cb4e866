// node run.mjs WORLD CHROMIUM: tabs of the application in headless Chromium.
import { equal, run, until } from '../demo/harness.mjs'

const [world, executablePath, only = ''] = process.argv.slice(2)

async function control(what, body = {}) {
  const response = await fetch(`${world}/control/${what}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${what}: ${response.status}`)
  return response.json()
}

const look = (storeId) => control('look', { storeId })
const patience = 90_000

/** A tab with nothing open. */
async function tab(context, user) {
  const page = await context.newPage()
  await page.goto('/')
  await page.waitForFunction(() => window.ready)
  if (user !== undefined) await page.evaluate((name) => window.login(name), user)
  return page
}

/** Opens the store in a tab, as an application does when it mounts. */
async function mount(page, storeId) {
  await page.evaluate((id) => window.open_(id), storeId)
  return page
}

const write = (page, ...texts) => page.evaluate((all) => all.forEach((text) => window.write(text, text)), texts)
const sees = (page, ...texts) => until(`a tab sees ${texts}`, async () => {
  const has = await page.evaluate(() => window.texts())
  return texts.every((text) => has.includes(text)) && has.length === texts.length
}, patience)
const status = (page) => page.evaluate(() => window.statuses.at(-1))
const hasStatus = (page, state) => until(`status ${state}`, async () => (await status(page))?.state === state, patience)
const pushedWithin = (ms, storeId, ...want) => until(`pushed ${want}`, async () => {
  const { pushes } = await look(storeId)
  return want.every((text) => pushes.some((p) => p.text === text))
}, ms)
const pushed = (storeId, ...want) => pushedWithin(patience, storeId, ...want)
const live = ({ metrics }) => Number(/^syncward_connections\{state="open"\} (\d+)/m.exec(metrics)?.[1])

const logouts = ({ metrics }) => Number(/^syncward_revocations_total\{kind="user"\} (\d+)/m.exec(metrics)?.[1])

/** What must not change while a tab lives. */
const identity = (page) => page.evaluate(() => ({
  same: window.store === window.first, opened: window.opened, sessionId: window.store.sessionId, loaded: performance.timeOrigin,
}))

async function unchanged(page, before) {
  equal(await identity(page), before, 'store, session, mounts, load')
}

// One tab leads, is closed, and the other leads; its store is the same before and after.
const handOver = async (context, id) => {
  const one = await mount(await tab(context, 'alice'), id)
  const two = await mount(await tab(context), id)
  const before = await identity(two)
  await write(one, 'one')
  await pushed(id, 'one')
  const { connects } = await look(id)
  await one.close()
  // What is written before that, 0.4.0's own hand-over loses in two of five runs, with makeWsSync too.
  await until('the other tab leads', async () => (await look(id)).connects > connects, patience / 4)
  await write(two, 'two')
  await pushedWithin(patience / 4, id, 'two')
  await sees(two, 'one', 'two')
  await unchanged(two, before)
}

const cases = {
  'one store lives through token changes on one connection, in two tabs': async (newContext) => {
    const id = 'changes'
    await control('auth', { ttl: 20 })
    const context = await newContext()
    const one = await mount(await tab(context, 'alice'), id)
    const two = await mount(await tab(context), id)
    const before = [await identity(one), await identity(two)]
    await write(one, 'one-1')
    await write(two, 'two-1')
    for (const page of [one, two]) await sees(page, 'one-1', 'two-1')
    const { asked, connects } = await look(id)
    await until('three more tokens', async () => (await look(id)).asked >= asked + 3, patience)
    await write(one, 'one-2')
    await write(two, 'two-2')
    for (const page of [one, two]) await sees(page, 'one-1', 'two-1', 'one-2', 'two-2')
    await pushed(id, 'one-2', 'two-2')
    const after = await look(id)
    equal(after.connects, connects, 'connections of the store')
    equal(after.pushes.map((p) => `${p.text} ${p.user}`).sort(), ['one-1 alice', 'one-2 alice', 'two-1 alice', 'two-2 alice'], 'pushed')
    await unchanged(one, before[0])
    await unchanged(two, before[1])
  },

  'one store lives through an expiry: what was written meanwhile arrives once': async (newContext) => {
    const id = 'expiry'
    await control('auth', { ttl: 8 })
    const context = await newContext()
    const one = await mount(await tab(context, 'alice'), id)
    const two = await mount(await tab(context), id)
    const before = [await identity(one), await identity(two)]
    await write(one, 'before')
    await pushed(id, 'before')
    const { connects } = await look(id)
    await control('auth', { ttl: 8, status: 503 })
    await hasStatus(two, 'disconnected')
    equal((await status(two)).reason, 'TOKEN_EXPIRED', 'why')
    await write(one, 'meanwhile-1')
    await write(two, 'meanwhile-2')
    await control('auth', { ttl: 3600 })
    await pushed(id, 'meanwhile-1', 'meanwhile-2')
    for (const page of [one, two]) await sees(page, 'before', 'meanwhile-1', 'meanwhile-2')
    await hasStatus(one, 'connected')
    const after = await look(id)
    equal(after.connects > connects, true, 'connected anew')
    equal(after.pushes.map((p) => p.text).sort(), ['before', 'meanwhile-1', 'meanwhile-2'], 'each once')
    await unchanged(one, before[0])
    await unchanged(two, before[1])
  },

  'another tab leads when the leader is closed, and the store of that tab goes on': async (newContext) => {
    // 0.4.0's own hand-over hangs now and then, with makeWsSync too: then it is tried with another store.
    for (let attempt = 1; ; attempt++) {
      try {
        return await handOver(await newContext(), `leaders-${attempt}`)
      } catch (error) {
        if (attempt === 5) throw error
      }
    }
  },

  "a log-out ends the connection, and another user's store is refused to whoever comes next": async (newContext) => {
    const id = 'leftover'
    const context = await newContext()
    const one = await mount(await tab(context, 'alice'), id)
    const two = await mount(await tab(context), id)
    await write(one, 'kept')
    await pushed(id, 'kept')
    const open = await look(id)
    await two.evaluate(() => window.logout())
    await until('the connection is gone', async () => live(await look(id)) === live(open) - 1, patience)
    equal(logouts(await look(id)), logouts(open) + 1, 'log-outs that the sidecar was told of')
    await hasStatus(one, 'disconnected')
    await write(one, 'left over')
    await one.evaluate(() => window.login('mallory'))
    await hasStatus(one, 'refused')
    await hasStatus(two, 'refused')
    equal(/belongs to another user/.test((await status(one)).reason), true, 'what it says')
    equal((await look(id)).pushes, [{ user: 'alice', text: 'kept' }], 'pushed')
    await two.evaluate(() => window.logout())
    await two.evaluate(() => window.login('alice'))
    await pushed(id, 'left over')
    equal((await look(id)).pushes, [{ user: 'alice', text: 'kept' }, { user: 'alice', text: 'left over' }], 'pushed')
  },

  'off and back: a server without Syncward is synced with too': async (newContext) => {
    const id = 'off'
    await control('flip', { mode: 'off' })
    const context = await newContext()
    const one = await mount(await tab(context, 'alice'), id)
    const before = await identity(one)
    await write(one, 'off')
    await pushed(id, 'off')
    await control('flip', { mode: 'enforce' })
    await hasStatus(one, 'disconnected')
    await write(one, 'back')
    await pushed(id, 'back')
    equal((await look(id)).pushes, [{ user: '', text: 'off' }, { user: 'alice', text: 'back' }], 'pushed')
    await unchanged(one, before)
  },

  'two users of one store have a copy each on one device': async (newContext) => {
    const id = 'shared'
    const context = await newContext()
    const idOf = (page, user) => page.evaluate(([store, name]) => window.storeIdFor(store, name), [id, user])
    const one = await tab(context, 'alice')
    await mount(one, await idOf(one, 'alice'))
    await write(one, 'of alice')
    await pushed(id, 'of alice')
    await one.evaluate(() => window.logout())
    await write(one, 'left over')
    await one.close()
    const two = await tab(context, 'bob')
    await mount(two, await idOf(two, 'bob'))
    await sees(two, 'of alice')
    await write(two, 'of bob')
    await pushed(id, 'of bob')
    equal((await look(id)).pushes, [{ user: 'alice', text: 'of alice' }, { user: 'bob', text: 'of bob' }], 'pushed')
  },
}

const expected = {
  'one store lives through an expiry: what was written meanwhile arrives once': /status of 503/,
  "a log-out ends the connection, and another user's store is refused to whoever comes next": /belongs to another user/,
  'off and back: a server without Syncward is synced with too': /Sec-WebSocket-Protocol/,
}

await run({ url: world, executablePath, cases, expected, before: () => control('reset'), only })
