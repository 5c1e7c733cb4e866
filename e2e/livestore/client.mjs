// A real LiveStore client, driven by lines: {"commit":"text"} on standard input
// commits one event; the end of the input shuts the store down. Each line that
// it writes is {"texts":[…]}, the state after a change.
import { createInterface } from 'node:readline'
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, Events, makeSchema, Schema, State } from '@livestore/livestore'
import { makeHttpSync, makeWsSync } from '@livestore/sync-cf/client'

const { SYNC_URL: url, STORE_ID: storeId, CLIENT_ID: clientId, AUTH_TOKEN: authToken } = process.env

const notes = State.SQLite.table({
  name: 'notes',
  columns: { id: State.SQLite.text({ primaryKey: true }), text: State.SQLite.text({ default: '' }) },
})
const events = {
  noteWritten: Events.synced({ name: 'v1.NoteWritten', schema: Schema.Struct({ id: Schema.String, text: Schema.String }) }),
}
const materializers = State.SQLite.materializers(events, {
  // 0.4.0 applies an event twice that is committed while others are rebased, and
  // shuts the store down where that fails.
  'v1.NoteWritten': ({ id, text }) => notes.insert({ id, text }).onConflict('id', 'ignore'),
})
const store = await createStorePromise({
  schema: makeSchema({ events, state: State.SQLite.makeState({ tables: { notes }, materializers }) }),
  adapter: makeAdapter({
    storage: { type: 'in-memory' },
    clientId,
    sync: { backend: url.startsWith('ws:') ? makeWsSync({ url }) : makeHttpSync({ url }), onSyncError: 'ignore' },
  }),
  storeId,
  ...(authToken ? { syncPayload: { authToken } } : {}),
})
store.subscribe(notes, (rows) => console.log(JSON.stringify({ texts: rows.map((row) => row.text) })))

let written = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { commit } = JSON.parse(line)
  store.commit(events.noteWritten({ id: `${clientId}-${written++}`, text: commit }))
}
await store.shutdownPromise?.()
process.exit(0)
