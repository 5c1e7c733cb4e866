// The cases of the demo's page. Their names stand in demo_test.go as well.
import { until, equal } from './harness.mjs'
import { Panel, newName, visit, seen, logged, switchTo } from './page.mjs'
import { looks } from './looks.mjs'

const room = { type: 'init', instanceId: 'test-123' }
const withoutToken = (frame) => frame.includes('"type":"init"') && !frame.includes('authToken')

// spoiled presses a button that spoils the token, and asserts the refusal as the
// browser sees it, and that the legacy server has not heard of it.
const spoiled = (button, code, reason) => async (newContext) => {
  const user = newName('eve')
  const panel = await visit(await newContext(), user)
  await seen(panel.page, user)
  await panel.press(button)
  await panel.refused(code, reason)
  const line = await logged(panel.page, (l) => l.msg === 'auth' && l.code === reason)
  equal(line.status, '', 'status of the refusal in the log')
  const own = await seen(panel.page, user, (c) => c.state === 'closed')
  const newer = await panel.page.locator('.connection h3').evaluateAll((all) => all.map((e) => parseInt(e.textContent.slice(1), 10)))
  equal(Math.max(...newer), parseInt(own.number.slice(1), 10), 'the newest connection of the legacy server')
  await panel.press('Log in')
  await panel.connected(user)
}

export const cases = ({ shots }) => ({
  'two clients on a page see each other\'s events with the user that the server was told': async (newContext) => {
    const page = await (await newContext()).newPage()
    await page.goto('/')
    const [alice, bob] = [0, 1].map((i) => new Panel(page, page.locator('.client').nth(i)))
    await alice.connected('alice')
    await bob.connected('bob')
    await alice.send('from the first')
    await bob.send('from the second')
    for (const panel of [alice, bob]) {
      await panel.sees('alice', 'from the first')
      await panel.sees('bob', 'from the second')
    }
  },

  'a second tab is another client': async (newContext) => {
    const context = await newContext()
    const first = await visit(context, newName('ann'))
    const opened = context.waitForEvent('page')
    await first.page.getByRole('link', { name: 'Open another tab as carol' }).click()
    const page = await opened
    const second = new Panel(page, page.locator('.client').first())
    await second.connected('carol')
    await first.send('from tab one')
    await second.send('from tab two')
    for (const panel of [first, second]) {
      await panel.sees((await first.at('who').textContent()), 'from tab one')
      await panel.sees('carol', 'from tab two')
    }
  },

  'a late client is told of what it has missed': async (newContext) => {
    const context = await newContext()
    const user = newName('fay')
    await (await visit(context, user)).send('long ago')
    await (await visit(context, newName('gus'))).sees(user, 'long ago')
  },

  'the token is gone where the server looks, and a verified name is there': async (newContext) => {
    const user = newName('hal')
    const panel = await visit(await newContext(), user)
    const sent = JSON.parse(await panel.at('sent').textContent())
    equal(sent, { ...room, authToken: sent.authToken }, 'first frame sent')
    const got = await seen(panel.page, user, (c) => c.frames.length > 0)
    equal(got.frames, [JSON.stringify(room)], 'frames of the legacy server')
    equal(got.seals, ['no token', 'signature verified'], 'seals')
    equal([got.headers['X-Sync-User-Id'], got.headers['X-Sync-Auth-Status'], got.status], [user, 'valid', 'valid'], 'identity headers')
    equal(Boolean(got.headers['X-Sync-Assertion']) && !got.headers.Authorization, true, 'assertion and no authorization')
    const line = await logged(panel.page, (l) => l.user_id === user)
    equal([line.msg, line.status, line.mode, line.instance_id], ['auth', 'valid', 'enforce', 'test-123'], 'log line')
  },

  'Break my token is refused with TOKEN_INVALID': spoiled('Break my token', 4401, 'TOKEN_INVALID'),
  'No token is refused with AUTH_REQUIRED': spoiled('No token', 4401, 'AUTH_REQUIRED'),
  'Expire past grace is refused with TOKEN_EXPIRED': spoiled('Expire past grace', 4401, 'TOKEN_EXPIRED'),

  'Expire my token is accepted in grace': async (newContext) => {
    const user = newName('ivy')
    const panel = await visit(await newContext(), user)
    await panel.press('Expire my token')
    await panel.shows('outcome', /accepted in grace/)
    await panel.shows('left', /^in grace for \d+ s$/)
    await panel.shows('state', 'connected')
    await seen(panel.page, user, (c) => c.status === 'grace')
    const line = await logged(panel.page, (l) => l.user_id === user && l.status === 'grace')
    equal(line.expired_for > 0, true, 'the log says for how long')
  },

  'Refresh goes up the open connection and its token is taken out too': async (newContext) => {
    const user = newName('joe')
    const panel = await visit(await newContext(), user)
    const before = await seen(panel.page, user)
    await panel.press('Refresh')
    await panel.shows('outcome', /^Refreshed on the open connection/)
    const after = await seen(panel.page, user, (c) => c.frames.filter(withoutToken).length === 2)
    equal([after.number, after.state, after.seals[0]], [before.number, 'open', 'no token'], 'the same connection')
  },

  'Refresh mends a refusal': async (newContext) => {
    const user = newName('kim')
    const panel = await visit(await newContext(), user)
    await panel.press('Break my token')
    await panel.refused(4401, 'TOKEN_INVALID')
    await panel.press('Refresh')
    await panel.connected(user)
  },

  'Reconnect misses nothing and repeats nothing': async (newContext) => {
    const context = await newContext()
    const user = newName('lea')
    const panel = await visit(context, user)
    await panel.send('before')
    await panel.sees(user, 'before')
    await panel.press('No token')
    await panel.refused(4401, 'AUTH_REQUIRED')
    const other = await visit(context, newName('max'))
    await other.send('meanwhile')
    await panel.press('Log in')
    await panel.sees(await other.at('who').textContent(), 'meanwhile')
    await panel.press('Reconnect')
    await panel.connected(user)
    const texts = (await panel.events()).map(([, text]) => text)
    equal([texts.filter((t) => t === 'before').length, texts.filter((t) => t === 'meanwhile').length], [1, 1], 'how often each is there')
  },

  'Log in makes anyone of you, but for names that no header can hold': async (newContext) => {
    const panel = await visit(await newContext(), newName('ned'))
    const user = newName('Olga.x@example')
    await panel.root.getByLabel('Name').fill(user)
    await panel.press('Log in')
    await panel.connected(user)
    await panel.shows('who', user)
    await panel.send('with a new name')
    await panel.sees(user, 'with a new name')
    const complain = await until('the refusal', async () => {
      await panel.root.getByLabel('Name').fill('no blanks')
      const answered = panel.page.waitForResponse('**/auth/login')
      await panel.press('Log in')
      return (await answered).status()
    })
    equal(complain, 400, 'status of a bad name')
    await panel.shows('outcome', /^a name is 1 to 32 letters/)
  },

  'Be someone else is another user from then on': async (newContext) => {
    const panel = await visit(await newContext(), newName('pia'))
    await panel.press('Be someone else')
    await panel.connected('alice')
    await panel.press('Be someone else')
    await panel.connected('bob')
    const text = newName('as bob')
    await panel.send(text)
    await panel.sees('bob', text)
  },

  'Log out leaves no token, new or old, and no way in': async (newContext) => {
    const panel = await visit(await newContext(), newName('quy'))
    await panel.press('Log out')
    await panel.refused(4401, 'AUTH_REQUIRED')
    await panel.shows('outcome', /Logged out: the token is gone/)
    await panel.shows('left', 'no token')
    for (const button of ['Refresh', 'Expire my token', 'Break my token']) {
      await panel.press(button)
      await panel.shows('outcome', 'this session is logged out')
    }
    await panel.press('Reconnect')
    await panel.refused(4401, 'AUTH_REQUIRED')
  },

  'the switch to observe lets in as anonymous what enforce would refuse': async (newContext) => {
    const panel = await visit(await newContext(), newName('ron'))
    await panel.page.getByRole('radio', { name: 'enforce' }).focus()
    await panel.page.keyboard.press('ArrowRight') // the keyboard is enough
    await switchTo(panel.page, 'observe')
    await panel.press('No token')
    await panel.connected('anonymous')
    const got = await seen(panel.page, 'anonymous', (c) => c.status === 'anonymous')
    equal(got.seals, ['no token', 'signature verified'], 'seals')
    await logged(panel.page, (l) => l.status === 'anonymous' && l.code === 'AUTH_REQUIRED' && l.mode === 'observe')
    // Enforced again, the anonymous connection is ended, within 30 s.
    await switchTo(panel.page, 'enforce')
    await until('the close', async () => (await panel.at('outcome').textContent()).startsWith('4401 AUTH_REQUIRED'), 60_000)
    await panel.shows('state', 'closed')
  },

  'the switch to off is a plain relay, and the page shows the token that arrives': async (newContext) => {
    const user = newName('sue')
    const panel = await visit(await newContext(), user)
    await switchTo(panel.page, 'off')
    await panel.press('Reconnect')
    await panel.shows('outcome', 'The server was told nobody’s name.')
    const got = await seen(panel.page, '', (c) => c.frames.length > 0)
    equal(got.seals, ['token arrived', 'no identity headers'], 'seals')
    equal(Object.keys(got.headers).filter((name) => /^x-sync/i.test(name)), [], 'identity headers')
    equal(/"authToken":"ey/.test(got.frames[0]), true, 'the token is in the frame')
    await panel.send('who am I')
    await panel.sees('nobody', 'who am I')
  },

  'left alone a token expires, falls into grace, and ends its connection; one that is refreshed lives': async (newContext) => {
    const context = await newContext()
    const [left, kept] = [await visit(context, newName('tim')), await visit(context, newName('uma'))]
    await left.root.getByRole('checkbox').uncheck()
    const number = (await seen(kept.page, await kept.at('who').textContent())).number
    await left.shows('left', /^valid for \d+ s$/)
    await left.shows('left', /^in grace for \d+ s$/)
    await left.shows('state', 'connected')
    await until('the end of the grace', async () => (await left.at('outcome').textContent()).startsWith('4401 TOKEN_EXPIRED'), 120_000)
    await left.shows('state', 'closed')
    await left.shows('left', 'expired, past its grace')
    await kept.shows('state', 'connected')
    await kept.shows('left', /^valid for/)
    const now = await seen(kept.page, await kept.at('who').textContent())
    equal([now.number, now.state], [number, 'open'], 'the connection that was refreshed')
  },

  'a page whose demo has stopped says so': async (newContext) => {
    const context = await newContext()
    const panel = await visit(context, newName('vic'))
    equal(await panel.page.getByRole('alert').isVisible(), false, 'the notice')
    let down = true
    await context.route('**/feed*', (route) => (down ? route.fulfill({ status: 204 }) : route.continue()))
    await panel.page.getByRole('alert').waitFor()
    down = false
    await panel.page.getByRole('alert').waitFor({ state: 'hidden' })
  },

  'the first connection snippet works when it is pasted into the console': async (newContext) => {
    const panel = await visit(await newContext(), newName('wim'))
    const told = await panel.page.evaluate(async () => {
      const { token } = await (await fetch('/auth/login', { method: 'POST', body: '{"user":"pasted"}' })).json()
      const ws = new WebSocket(`ws://localhost:${location.port}/sync`)
      return new Promise((resolve) => {
        ws.onopen = () => ws.send(JSON.stringify({ type: 'init', instanceId: 'test-123', authToken: token }))
        ws.onmessage = (message) => { resolve(JSON.parse(message.data)); ws.close() }
        ws.onclose = ws.onerror = (event) => resolve({ type: event.type, code: event.code, reason: event.reason })
      })
    })
    equal([told.type, told.userId], ['ready', 'pasted'], 'the first answer')
  },

  ...looks(shots),
})
