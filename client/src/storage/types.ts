/**
 * Where a session is kept between page loads: one text. An application may
 * bring its own. What it holds is a credential, unless the storage is `memory`.
 */
export interface AuthStorage {
  /** The text, or null if there is none. May reject; the session then lives in the open tabs alone. */
  read(): Promise<string | null>
  /**
   * Replaces the text by `change(text)` and returns that. `change` is called
   * synchronously with the newest text, and no other tab's update may come
   * between: a logout in one tab must not be overwritten by another.
   */
  update(change: (text: string | null) => string): Promise<string>
}

/** Keeps a session for as long as the tab lives. For workers and Node, where there is nothing else. */
export function volatileStorage(): AuthStorage {
  let text: string | null = null
  return {
    read: () => Promise.resolve(text),
    update(change) {
      text = change(text)
      return Promise.resolve(text)
    },
  }
}
