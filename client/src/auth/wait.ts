import type { Clock } from '../clock.js'

/** What `within` rejects with. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}

/** The promise, or a rejection after `ms`. The work behind it goes on. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new TimedOut(`no answer within ${ms} ms`)))
    work.then(resolve, reject).finally(cancel)
  })
}

/** The promise, or a rejection with the signal's reason once it aborts. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    return undefined
  })
}
