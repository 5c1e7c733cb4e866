/**
 * The epoch that the last logout began, in localStorage, where it can be
 * written before a page goes away and read before a token is handed out. It is
 * no secret, and kept for every kind of storage.
 */
export interface Marks {
  /** Every session of an older epoch is over. 0: none known. */
  read(): number
  raise(epoch: number): void
}

/** The mark under one key of a localStorage. */
export function marksAt(key: string, store: Storage): Marks {
  const read = () => {
    try {
      const epoch = Number(store.getItem(key))
      return Number.isSafeInteger(epoch) ? epoch : 0
    } catch {
      return 0 // access was withdrawn: the storage proper still knows
    }
  }
  return {
    read,
    raise(epoch) {
      try {
        if (epoch > read()) store.setItem(key, String(epoch))
      } catch {
        // full, or withdrawn: likewise
      }
    },
  }
}
