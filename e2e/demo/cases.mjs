// The cases of the demo's page. Their names stand in demo_test.go as well.
import { until, equal } from './harness.mjs'
import { Panel, newName, visit, seen, logged, switchNetwork, switchTo } from './page.mjs'
import { looks } from './looks.mjs'

const room = { type: 'init', instanceId: 'test-123' }

// spoiled presses a button that spoils the token while no other is to be had, and
// asserts the refusal as the browser sees it, that the legacy server has not heard
// of it, and that the client mends it when the auth service is back.
const spoiled = (button, code, reason) => async (newContext) => {
  const user = newName('eve')
  const panel = await visit(await newContext(), user)
  await seen(panel.page, user)
  await panel.authService(false)
  await panel.press(button)
  await panel.refused(code, reason)
  const line = await logged(panel.page, (l) => l.msg === 'auth' && l.code === reason)
  equal(line.status, '', 'status of the refusal in the log')
  const own = await seen(panel.page, user, (c) => c.state === 'closed')
  equal(await newest(panel.page), own.number, 'the newest connection of the legacy server')
  await panel.authService(true)
  await panel.connected(user)
}

// newest is the number of the legacy server's last connection.
const newest = async (page) => `#${Math.max(...await page.locator('.connection h3').evaluateAll((all) => all.map((e) => parseInt(e.textContent.slice(1), 10))))}`

// knock opens a plain WebSocket with a token, and resolves with what comes of it.
const knock = (page, token, address = `ws://localhost:${new URL(page.url()).port}/sync`) => page.evaluate(([at, authToken]) => {
  const ws = new WebSocket(at)
  return new Promise((resolve) => {
    ws.onopen = () => ws.send(JSON.stringify({ type: 'init', instanceId: 'test-123', authToken }))
    ws.onmessage = (message) => { resolve(JSON.parse(message.data)); ws.close() }
    ws.onclose = ws.onerror = (event) => resolve({ type: event.type, code: event.code, reason: event.reason })
  })
}, [address, token])

const logIn = (page, user) => page.evaluate(async (name) => (await fetch('/auth/login', { method: 'POST', body: JSON.stringify({ user: name }) })).json(), user)

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
      equal((await panel.times()).every((time) => /^\d\d:\d\d:\d\d$/.test(time)), true, 'the time that Syncward put in stands beside each')
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
    equal(sent, { ...room, authToken: sent.authToken, authProtocol: 1 }, 'first frame sent')
    const got = await seen(panel.page, user, (c) => c.frames.length > 0)
    equal(got.frames, [JSON.stringify(room)], 'frames of the legacy server')
    equal(got.seals, ['no token', 'signature verified'], 'seals')
    equal([got.headers['X-Sync-User-Id'], got.headers['X-Sync-Auth-Status'], got.status], [user, 'valid', 'valid'], 'identity headers')
    equal(Boolean(got.headers['X-Sync-Assertion']) && !got.headers.Authorization, true, 'assertion and no authorization')
    const line = await logged(panel.page, (l) => l.user_id === user)
    equal([line.msg, line.status, line.mode, line.instance_id], ['auth', 'valid', 'enforce', 'test-123'], 'log line')
  },

  'Break my token is refused with TOKEN_INVALID': spoiled('Break my token', 4401, 'TOKEN_INVALID'),
  'a stranger without a token is refused with AUTH_REQUIRED': async (newContext) => {
    const user = newName('eve')
    const panel = await visit(await newContext(), user)
    const own = await seen(panel.page, user)
    await panel.press('Try without one')
    await panel.happened(/^4401 AUTH_REQUIREDA stranger is out/)
    equal((await logged(panel.page, (l) => l.msg === 'auth' && l.code === 'AUTH_REQUIRED')).status, '', 'status of the refusal in the log')
    equal(await newest(panel.page), own.number, 'the newest connection of the legacy server')
    await panel.shows('state', 'connected')
  },
  'Expire past grace is refused with TOKEN_EXPIRED': spoiled('Expire past grace', 4401, 'TOKEN_EXPIRED'),

  'Expire my token is accepted in grace': async (newContext) => {
    const user = newName('ivy')
    const panel = await visit(await newContext(), user)
    await panel.authService(false)
    await panel.press('Expire my token')
    await panel.happened(/accepted in grace/)
    await panel.shows('left', /^in grace for \d+ s$/)
    await panel.shows('state', 'connected')
    await seen(panel.page, user, (c) => c.status === 'grace')
    const line = await logged(panel.page, (l) => l.user_id === user && l.status === 'grace')
    equal(line.expired_for > 0, true, 'the log says for how long')
    await panel.authService(true)
    await panel.happened(/^Refreshed on the open connection/)
    await panel.shows('left', /^valid for/)
  },

  'Refresh goes up the open connection, and the server hears nothing of it': async (newContext) => {
    const user = newName('joe')
    const panel = await visit(await newContext(), user)
    const before = await seen(panel.page, user)
    await panel.press('Refresh')
    await panel.happened(/^Refreshed on the open connection/)
    await panel.send('behind it') // what was sent before has arrived by then
    const after = await seen(panel.page, user, (c) => c.frames.some((frame) => frame.includes('behind it')))
    equal([after.number, after.state, after.seals[0], after.frames.length], [before.number, 'open', 'no token', 2], 'the same connection')
  },

  'what is refused for its token is mended by the client': async (newContext) => {
    const user = newName('kim')
    const panel = await visit(await newContext(), user)
    for (const [button, reason] of [['Break my token', 'TOKEN_INVALID'], ['Expire past grace', '']]) {
      await panel.press(button)
      if (reason) await panel.happened(new RegExp(`^4401 ${reason}`)) // that a token has expired the client knows, and asks first
      await panel.connected(user)
      await panel.shows('left', /^valid for/)
    }
  },

  'offline, events wait; back, they are there in order and once': async (newContext) => {
    const user = newName('kai')
    const panel = await visit(await newContext(), user)
    const other = await visit(await newContext(), newName('liz'))
    await switchNetwork(panel, true)
    await panel.shows('state', 'offline')
    const texts = [1, 2, 3].map((i) => `${user} ${i}`)
    for (const text of texts) await panel.send(text)
    await panel.shows('queue', '3')
    equal((await panel.times()).slice(-3), ['waiting', 'waiting', 'waiting'], 'beside the events')
    await switchNetwork(panel, false)
    await panel.shows('queue', '0')
    for (const each of [panel, other]) {
      await each.sees(user, texts[2])
      equal((await each.events()).filter(([who]) => who === user).map(([, text]) => text), texts, 'events')
    }
    equal((await panel.times()).includes('waiting'), false, 'something still waits')
  },

  'expired past grace while offline: refreshed, then replayed': async (newContext) => {
    const user = newName('kit')
    const panel = await visit(await newContext(), user)
    await switchNetwork(panel, true)
    await panel.send('from the tunnel')
    await panel.press('Expire past grace')
    await panel.shows('left', 'expired, past its grace')
    await panel.shows('queue', '1')
    await switchNetwork(panel, false)
    await panel.sees(user, 'from the tunnel')
    await panel.shows('queue', '0')
    equal((await panel.history()).filter(({ text }) => /^4\d\d\d/.test(text)), [], 'refusals')
  },

  'Reconnect misses nothing and repeats nothing': async (newContext) => {
    const context = await newContext()
    const user = newName('lea')
    const panel = await visit(context, user)
    await panel.send('before')
    await panel.sees(user, 'before')
    await panel.authService(false)
    await panel.press('Break my token')
    await panel.refused(4401, 'TOKEN_INVALID')
    const other = await visit(context, newName('max'))
    await other.send('meanwhile')
    await panel.authService(true)
    await panel.sees(await other.at('who').textContent(), 'meanwhile')
    await panel.press('Reconnect')
    await panel.connected(user)
    const texts = (await panel.events()).filter(([who]) => who === user || who.startsWith('max')).map(([, text]) => text)
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
    await panel.happened(/^a name is 1 to 32 letters/)
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

  'Log out ends all tabs and devices of that user, and no token, new or old, is a way in': async (newContext) => {
    const user = newName('quy')
    const [here, elsewhere] = [await newContext(), await newContext()]
    const panel = await visit(here, user)
    const { token, session } = await logIn(panel.page, user) // as another device has
    const tab = await visit(here, user)
    const device = await visit(elsewhere, user)
    await tab.page.getByText('2 tabs', { exact: true }).waitFor()
    await panel.press('Log out')
    for (const each of [panel, tab, device]) await each.shows('state', 'logged out')
    await panel.shows('left', 'no token')
    await device.happened(/^4403 SESSION_REVOKED/)
    await seen(panel.page, user, (c) => c.state === 'closed')
    for (const button of ['Refresh', 'Expire my token', 'Break my token']) {
      await panel.press(button)
      await panel.happened(/^Logged out: log in first/)
    }
    equal((await knock(panel.page, token)).reason, 'SESSION_REVOKED', 'the older token')
    equal(typeof session, 'string', 'a session')
    await panel.page.reload()
    await panel.shows('state', 'logged out')
    await panel.root.getByLabel('Name').fill(user) // at once: the new token is newer than the logout
    await panel.press('Log in')
    await panel.connected(user)
    await tab.connected(user)
    await device.shows('state', 'logged out')
  },

  'the switch to observe lets in as anonymous what enforce would refuse': async (newContext) => {
    const panel = await visit(await newContext(), newName('ron'))
    await panel.page.getByRole('radio', { name: 'enforce' }).focus()
    await panel.page.keyboard.press('ArrowRight') // the keyboard is enough
    await switchTo(panel.page, 'observe')
    await panel.press('Try without one')
    await panel.happened(/^A stranger was let in, as anonymous/)
    const got = await seen(panel.page, 'anonymous', (c) => c.status === 'anonymous')
    equal(got.seals, ['no token', 'signature verified'], 'seals')
    await logged(panel.page, (l) => l.status === 'anonymous' && l.code === 'AUTH_REQUIRED' && l.mode === 'observe')
    // Enforced again, the anonymous connection is ended, within 30 s.
    await switchTo(panel.page, 'enforce')
    await panel.happened(/^4401 AUTH_REQUIREDA stranger is out/, 60_000)
    await panel.shows('state', 'connected')
  },

  'the switch to off is a plain relay, and the page shows the token that arrives': async (newContext) => {
    const user = newName('sue')
    const panel = await visit(await newContext(), user)
    await switchTo(panel.page, 'off')
    await panel.press('Reconnect')
    await panel.happened(/^The server was told nobody’s name/)
    const got = await seen(panel.page, '', (c) => c.frames.length > 0)
    equal(got.seals, ['token arrived', 'no identity headers'], 'seals')
    equal(Object.keys(got.headers).filter((name) => /^x-sync/i.test(name)), [], 'identity headers')
    equal(/"authToken":"ey/.test(got.frames[0]), true, 'the token is in the frame')
    await panel.send('who am I')
    await panel.sees('nobody', 'who am I')
    // Back in force, the connection that nobody looked at is ended, and comes back with a name.
    await switchTo(panel.page, 'enforce')
    await until('it is named again', async () => (await panel.history())[0].text === `The server was told: ${user}.`, 90_000)
  },

  'left alone a token expires, falls into grace, and ends its connection; one that is refreshed lives': async (newContext) => {
    const context = await newContext()
    const [left, kept] = [await visit(context, newName('tim')), await visit(context, newName('uma'))]
    await left.authService(false)
    const number = (await seen(kept.page, await kept.at('who').textContent())).number
    await left.shows('left', /^valid for \d+ s$/)
    await left.shows('left', /^in grace for \d+ s$/)
    await left.shows('state', 'connected')
    await left.happened(/^4401 TOKEN_EXPIRED/, 120_000)
    await left.shows('state', 'refused')
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
    const told = await knock(panel.page, (await logIn(panel.page, 'pasted')).token)
    equal([told.type, told.userId], ['ready', 'pasted'], 'the first answer')
  },

  'whoever opens the page again is who they were, and what waits is sent': async (newContext) => {
    const context = await newContext()
    const user = newName('yves')
    const panel = await visit(context, user)
    await panel.press('Be someone else')
    await panel.connected('alice')
    await switchNetwork(panel, true)
    const text = newName('left behind')
    await panel.send(text)
    await panel.shows('queue', '1')
    await panel.page.close()
    const again = await visit(context, user, 'alice')
    await again.sees('alice', text)
  },

  ...looks(shots),
})
