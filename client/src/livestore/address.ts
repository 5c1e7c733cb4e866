import { put } from '../socket/firstframe.js'
import { isObject } from '../socket/messages.js'

/**
 * A LiveStore URL with the token in its `payload`, which LiveStore encodes twice:
 * once for itself, once as a parameter. Without a token the URL stays as it is.
 */
export function withToken(url: string, token: string | null, path: readonly string[]): string {
  if (token === null) return url
  const all = new URL(url)
  const old = readPayload(all.searchParams.get('payload'))
  all.searchParams.set('payload', encodeURIComponent(JSON.stringify(put(old, path, token))))
  return all.href
}

/** What an application says in its syncPayload; what is no object has no room for a token. */
function readPayload(encoded: string | null): Record<string, unknown> {
  if (encoded === null) return {}
  try {
    const payload: unknown = JSON.parse(decodeURIComponent(encoded))
    return isObject(payload) ? payload : {}
  } catch {
    return {}
  }
}

/** As browsers read a WebSocket's address: relative to the page or worker, http as ws. */
export function socketURL(url: string | URL): URL | null {
  try {
    const parsed = new URL(url, globalThis.location?.href)
    parsed.protocol = parsed.protocol.replace(/^http/, 'ws')
    return parsed
  } catch {
    return null
  }
}

/** Whether `dialled` is what LiveStore dials for the backend at `base`: of its one store, by WebSocket. */
export function isDialOf(base: URL, storeId: string, dialled: URL): boolean {
  const { searchParams: all } = dialled
  return dialled.origin === base.origin && dialled.pathname === base.pathname
    && all.get('transport') === 'ws' && all.get('storeId') === storeId
}
