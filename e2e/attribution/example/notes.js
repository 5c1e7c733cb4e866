// A LiveStore schema that keeps with each note the number of the event that
// wrote it: by that number the journal knows the author. A rebase applies the
// event again, under its new number.
import { Events, makeSchema, Schema, State } from '@livestore/livestore'

export const notes = State.SQLite.table({
  name: 'notes',
  columns: {
    id: State.SQLite.text({ primaryKey: true }),
    text: State.SQLite.text({ default: '' }),
    seqNum: State.SQLite.integer({ default: 0 }),
  },
})

export const events = {
  noteWritten: Events.synced({ name: 'v1.NoteWritten', schema: Schema.Struct({ id: Schema.String, text: Schema.String }) }),
}

const materializers = State.SQLite.materializers(events, {
  'v1.NoteWritten': ({ id, text }, { event }) => notes.insert({ id, text, seqNum: event.seqNum.global }),
})

export const schema = makeSchema({ events, state: State.SQLite.makeState({ tables: { notes }, materializers }) })
