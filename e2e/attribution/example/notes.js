// The application's LiveStore schema: nothing in it knows of authors.
import { Events, makeSchema, Schema, State } from '@livestore/livestore'

export const notes = State.SQLite.table({
  name: 'notes',
  columns: {
    id: State.SQLite.text({ primaryKey: true }),
    text: State.SQLite.text({ default: '' }),
  },
})

export const events = {
  noteWritten: Events.synced({ name: 'v1.NoteWritten', schema: Schema.Struct({ id: Schema.String, text: Schema.String }) }),
}

const materializers = State.SQLite.materializers(events, {
  'v1.NoteWritten': ({ id, text }) => notes.insert({ id, text }),
})

export const schema = makeSchema({ events, state: State.SQLite.makeState({ tables: { notes }, materializers }) })
