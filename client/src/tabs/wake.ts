/**
 * Calls back when a page may have slept or the network may be back, with
 * whether it is the network. In a worker there is only the latter; in Node, nothing.
 */
export function onWake(listener: (online: boolean) => void): () => void {
  const target: unknown = globalThis
  if (!(target instanceof EventTarget)) return () => {}
  const page = typeof document === 'undefined' ? null : document
  const wake = () => listener(false)
  const online = () => listener(true)
  const shown = () => { if (page?.visibilityState === 'visible') listener(false) }
  target.addEventListener('online', online)
  target.addEventListener('pageshow', wake)
  page?.addEventListener('visibilitychange', shown)
  page?.addEventListener('resume', wake) // a frozen page, in Chromium
  return () => {
    target.removeEventListener('online', online)
    target.removeEventListener('pageshow', wake)
    page?.removeEventListener('visibilitychange', shown)
    page?.removeEventListener('resume', wake)
  }
}
