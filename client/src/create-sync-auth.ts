import { environmentOf } from './auth/browser.js'
import { createAuthIn } from './auth/create.js'
import { settingsOf, type SyncAuthOptions } from './auth/options.js'
import type { SyncAuth } from './types.js'

/**
 * One login for all tabs of an origin: keeps the token, refreshes it in time
 * and once, and tells sockets, queues and the page who is logged in.
 *
 * ```ts
 * const auth = createSyncAuth({
 *   refresh: async ({ signal }) => {
 *     const answer = await fetch('/auth/token', { method: 'POST', signal })
 *     if (!answer.ok) throw answer // 401 and 403 sign out, all else is tried again
 *     return (await answer.json()).token
 *   },
 * })
 * auth.subscribe((state) => console.log(state.status, state.userId))
 * ```
 *
 * Begins at once, without waiting: what is stored is read, other tabs are
 * asked, and if none has a token, `refresh` is. Throws a TypeError if the
 * storage asked for does not exist here; never else.
 */
export function createSyncAuth(options: SyncAuthOptions = {}): SyncAuth {
  return createAuthIn(settingsOf(options), environmentOf(options))
}
