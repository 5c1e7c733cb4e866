import { makeWorker } from '@livestore/adapter-web/worker'
import { Events, makeSchema, Schema, State } from '@livestore/livestore'
import { syncwardSync, type StoreStatus } from '@syncward/client/livestore/worker'

const notes = State.SQLite.table({ name: 'notes', columns: { id: State.SQLite.text({ primaryKey: true }) } })
const events = { written: Events.synced({ name: 'v1.Written', schema: Schema.Struct({ id: Schema.String }) }) }
const materializers = State.SQLite.materializers(events, { 'v1.Written': ({ id }) => notes.insert({ id }) })
const schema = makeSchema({ events, state: State.SQLite.makeState({ tables: { notes }, materializers }) })

const onStatus = (status: StoreStatus) => console.log(status.state)
makeWorker({ schema, sync: { backend: syncwardSync({ url: 'wss://sync.example.com', ping: { requestInterval: 5_000 }, onStatus }) } })
// @ts-expect-error: LiveStore never reads it, and the adapter is in its place
syncwardSync({ url: 'wss://sync.example.com', webSocketFactory: () => null })
