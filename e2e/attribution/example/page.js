// The list, as a page would show it: a LiveStore store, and beside each note its
// author. It runs in Node, in a test; in a browser the adapter is another one.
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise } from '@livestore/livestore'
import { makeWsSync } from '@livestore/sync-cf/client'
import { authorsOf, follow, lines } from './authors.js'
import { events, notes, schema } from './notes.js'

const { SYNC_URL: url, STORE_ID: storeId, CLIENT_ID: clientId, AUTH_TOKEN: authToken, BACKEND: backend, SESSION: session } = process.env
const store = await createStorePromise({
  schema,
  adapter: makeAdapter({ storage: { type: 'in-memory' }, clientId, sync: { backend: makeWsSync({ url }) } }),
  storeId,
  syncPayload: { authToken },
})
const authors = authorsOf(backend, storeId, session)
const numbers = new Map()
let stop = follow(store, numbers)
let ticks = 0
store.commit(events.noteWritten({ id: clientId, text: `hello from ${clientId}` }))
setInterval(async () => {
  const rows = store.query(notes)
  if (++ticks % 10 === 0 && rows.some((row) => !numbers.has(row.id))) {
    stop()
    stop = follow(store, numbers) // from the first event again
  }
  console.log(JSON.stringify(lines(rows, numbers, await authors())))
}, 300)
