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

/** Keeps in a Map under which number each note's event is in the log. LiveStore tells of those that the server has. */
export const follow = async (store, numbers) => {
  for await (const event of store.events()) numbers.set(event.args.id, event.seqNum.global)
}

/** The lines of the list: each note, and who wrote it as far as that is known yet. */
export const lines = (rows, numbers, authors) => rows.map((row) => `${row.text} — ${authors.get(numbers.get(row.id)) ?? '…'}`)
