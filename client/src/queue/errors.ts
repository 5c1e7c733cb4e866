/**
 * Why the queue cannot do what it was asked. A closed list:
 * - `QUEUE_FULL`: the caps, or the browser's quota, leave no room; nothing was kept
 * - `EVENT_INVALID`: the event is no JSON object, or its id no string
 * - `QUEUE_UNAVAILABLE`: IndexedDB cannot be used here
 * - `QUEUE_CLOSED`: `close` was called
 */
export type QueueErrorCode = 'QUEUE_FULL' | 'EVENT_INVALID' | 'QUEUE_UNAVAILABLE' | 'QUEUE_CLOSED'

/** An error of the queue; `code` is stable, `message` is for people. */
export class QueueError extends Error {
  override readonly name = 'QueueError'

  constructor(readonly code: QueueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
  }
}
