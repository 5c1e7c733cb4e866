// What the page adds: who wrote which event, asked of the application's backend.

/** Returns a function that resolves to a Map from an event's number to its userId; it asks again only from the first that is not known. */
export const authorsOf = (backend, storeId, session) => {
  const known = new Map()
  let first = 0 // all up to it are known: events are numbered from 1
  return async () => {
    while (known.has(first + 1)) first++
    for (let after = first; after !== null; ) {
      const query = new URLSearchParams({ storeId, afterSeqNum: String(after) })
      const response = await fetch(`${backend}/api/authors?${query}`, { headers: { 'x-session': session } })
      if (!response.ok) throw new Error(`authors: status ${response.status}`)
      const page = await response.json()
      for (const [seqNum, userId] of page.authors) known.set(seqNum, userId)
      after = page.next
    }
    return known
  }
}

/**
 * Keeps in a Map under which number each note's event is in the log; returns the way to stop. LiveStore tells of the events
 * that the server has, from the first. It has been seen to pass over an event of one's own that was renumbered at that moment.
 */
export const follow = (store, numbers) => {
  const told = store.events()[Symbol.asyncIterator]()
  const read = async () => {
    for (let next = await told.next(); !next.done; next = await told.next()) {
      numbers.set(next.value.args.id, next.value.seqNum.global)
    }
  }
  read().catch(() => {}) // stopped
  return () => void told.return?.().catch(() => {})
}

/** The lines of the list: each note, and who wrote it as far as that is known yet. */
export const lines = (rows, numbers, authors) => rows.map((row) => `${row.text} — ${authors.get(numbers.get(row.id)) ?? '…'}`)
