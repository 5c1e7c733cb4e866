// node node.mjs WORLD SIDECAR BARE PAGES: runs the package against the servers of
// world_test.go; a line of JSON for each case: {"case","error"}.
import { pathToFileURL } from 'node:url'
import { equal, perform, until } from '../demo/harness.mjs'
import { worldAt } from './tab.mjs'
import '../../client/node_modules/fake-indexeddb/auto/index.mjs'

const [world, sidecar, bare, pages, only] = process.argv.slice(2)
const { createQueue, createSyncAuth, SyncSocket } = await import(pathToFileURL(`${pages}/client.js`))

const { control, stored } = worldAt(world, sidecar)
const mint = async (user, ttl = 3600) => (await control('mint', { user, ttl })).token

let databases = 0

// person is one user's tab: a login, a socket and a queue; `log` is what happens to the socket.
function person(user, { url = sidecar, database = `q${databases++}`, connect = true, ...queueOptions } = {}) {
  const p = { user, log: [] }
  p.auth = createSyncAuth({
    tabs: false,
    storage: 'memory',
    refresh: async ({ signal }) => {
      const answer = await fetch(`${world}/auth/token`, { method: 'POST', body: JSON.stringify({ user: p.user }), signal })
      if (!answer.ok) throw answer
      return (await answer.json()).token
    },
  })
  p.connect = () => {
    p.socket = new SyncSocket(url, { auth: p.auth, instanceId: 'i1', reconnect: { baseMs: 200, capMs: 2000 } })
    p.socket.addEventListener('open', () => p.log.push(`open ${p.socket.session?.mode} ${p.socket.session?.userId}`))
    p.socket.addEventListener('disconnect', ({ detail }) => p.log.push(`lost ${detail.code} ${detail.reason} ${detail.next}`))
    p.socket.addEventListener('close', ({ code, reason }) => p.log.push(`close ${code} ${reason}`))
    p.queue = createQueue({ socket: p.socket, auth: p.auth, instanceId: 'i1', database, ...queueOptions })
  }
  if (connect) p.connect()
  p.push = async (from, to) => { for (let i = from; i <= to; i++) await p.queue.push({ id: `${p.user}-${i}` }) }
  p.opened = (what) => until(what, () => p.log.includes(what))
  p.empty = () => until(`${p.user}'s queue is empty`, async () => (await p.queue.state()).pending === 0)
  p.end = async () => { await p.queue.close(); p.socket.close(); p.auth.close() }
  return p
}

const ids = (user, from, to) => Array.from({ length: to - from + 1 }, (_, i) => `${user}-${from + i}`)
const first = (all) => [...new Set(all)]

const cases = {
  'what was pushed offline is stored in order, once, as its user': async () => {
    await control('stop')
    const alice = person('alice')
    await alice.push(1, 5)
    await until('a failed attempt', () => alice.log.length > 0)
    await control('start')
    await alice.empty()
    const all = await stored()
    equal(all.map((e) => [e.id, e.user, e.instance]), ids('alice', 1, 5).map((id) => [id, 'alice', 'i1']), 'stored')
    equal(typeof all[0].event.metadata.clientTimestamp, 'number', 'the time of this machine')
    await alice.end()
  },

  'connections that are cut lose nothing and change no order': async () => {
    const alice = person('alice')
    await alice.opened('open auth alice')
    for (let i = 1; i <= 40; i += 4) {
      const opens = alice.log.filter((l) => l.startsWith('open')).length
      const pushing = alice.push(i, i + 3)
      await control('cut')
      await pushing
      await until('it is back', () => alice.log.filter((l) => l.startsWith('open')).length > opens)
    }
    await alice.empty()
    equal(first((await stored()).map((e) => e.id)), ids('alice', 1, 40), 'stored')
    equal(alice.log.filter((l) => l.startsWith('lost')).length >= 10, true, 'reconnects')
    await alice.end()
  },

  'a bare legacy server is a plain WebSocket': async () => {
    const alice = person('alice', { url: bare })
    await alice.push(1, 3)
    await alice.empty()
    equal(alice.log, ['open plain null'], 'the socket')
    await alice.auth.signOut()
    equal(first((await stored()).map((e) => e.id)), ids('alice', 1, 3), 'stored, and nothing of ours besides')
    await alice.end()
  },

  'a session that cannot be refreshed keeps its events for the same user': async () => {
    const alice = person('alice', { connect: false })
    await alice.auth.signIn(await mint('alice', 3600))
    alice.connect()
    await alice.opened('open auth alice')
    await control('stop')
    await alice.push(1, 2)
    await control('auth', { status: 401 })
    const told = []
    alice.queue.subscribe((state) => told.push(state.status))
    await alice.auth.getToken({ forceRefresh: true })
    await control('start')
    await until('the application is told', () => told.at(-1) === 'login')
    equal(await alice.queue.state().then(({ userId, pending }) => [userId, pending]), ['alice', 2], 'kept')
    await control('auth', {})
    alice.user = 'bob'
    await alice.auth.signIn()
    await alice.opened('open auth bob')
    await alice.push(9, 9)
    await alice.empty()
    equal((await stored()).map((e) => [e.id, e.user]), [['bob-9', 'bob']], 'Bob sends his own alone')
    alice.user = 'alice'
    await alice.auth.signIn()
    await until('Alice’s are sent', async () => (await stored()).length === 3)
    equal((await stored()).slice(1).map((e) => [e.id, e.user]), [['alice-1', 'alice'], ['alice-2', 'alice']], 'Alice is back')
    await alice.end()
  },

  'a log-out ends the user\'s connections everywhere, and its token': async () => {
    const token = await mint('carol', 3600)
    const [here, there] = [person('carol', { connect: false }), person('carol', { connect: false })]
    for (const p of [here, there]) {
      await p.auth.signIn(token)
      p.connect()
      await p.opened('open auth carol')
    }
    await control('auth', { status: 401 })
    await here.auth.signOut()
    await there.opened('lost 4403 SESSION_REVOKED sign-out')
    equal(there.auth.state.status, 'signed-out', 'there')
    const thief = person('carol', { connect: false })
    await thief.auth.signIn(token)
    thief.connect()
    await thief.opened('lost 4403 SESSION_REVOKED sign-out')
    for (const p of [here, there, thief]) await p.end()
  },

  'a server that acknowledges nothing blocks nothing for ever': async () => {
    await control('mute', { mute: true })
    const rejected = []
    const alice = person('alice', { ackTimeoutMs: 1000, maxFailures: 2, onReject: ({ id, reason }) => rejected.push(`${id} ${reason}`) })
    await alice.push(1, 2)
    await until('the first is given up', () => rejected.length === 1, 60_000)
    await control('mute', { mute: false })
    await alice.empty()
    equal(rejected, ['alice-1 NO_ACK'], 'dead letters')
    equal(await alice.queue.state().then((s) => s.dead), 1, 'kept')
    equal(first((await stored()).map((e) => e.id)), ['alice-1', 'alice-2'], 'stored')
    await alice.end()
  },
}

await perform({ cases, only, before: () => control('reset') })
process.exit(0)
