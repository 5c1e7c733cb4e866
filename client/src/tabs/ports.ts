/** What a tab says to the shared worker. */
export type ToWorker =
  /** A tab of that name is here; first of all. */
  | { kind: 'join'; name: string }
  /** Wants the turn, for at most `lease` ms. */
  | { kind: 'take'; id: number; lease: number }
  | { kind: 'release'; id: number }
  /** Wants to be woken at that time. */
  | { kind: 'wake'; at: number }
  | { kind: 'leave' }

/** What the shared worker says to a tab. */
export type FromWorker =
  | { kind: 'joined' }
  /** Your claim is in the queue: the worker lives. */
  | { kind: 'queued'; id: number }
  | { kind: 'turn'; id: number }
  | { kind: 'wake' }

const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x)

/** Reads what a tab says; null for what is nothing of this version. */
export function parseToWorker(data: unknown): ToWorker | null {
  if (typeof data !== 'object' || data === null) return null
  const { kind, name, id, lease, at } = data as Record<string, unknown>
  if (kind === 'join' && typeof name === 'string') return { kind, name }
  if (kind === 'take' && isNumber(id) && isNumber(lease)) return { kind, id, lease }
  if (kind === 'release' && isNumber(id)) return { kind, id }
  if (kind === 'wake' && isNumber(at)) return { kind, at }
  return kind === 'leave' ? { kind } : null
}

/** Reads what the worker says. */
export function parseFromWorker(data: unknown): FromWorker | null {
  if (typeof data !== 'object' || data === null) return null
  const { kind, id } = data as Record<string, unknown>
  if ((kind === 'turn' || kind === 'queued') && isNumber(id)) return { kind, id }
  return kind === 'joined' || kind === 'wake' ? { kind } : null
}
