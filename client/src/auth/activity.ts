/**
 * What is being done about the session, as tabs tell each other. It is not
 * stored and nothing rests on it: lost or late, it costs an extra refresh.
 */
export interface Activity {
  /**
   * `refreshing`: by that tab, given up at `until`. `offline`: failed, tried again
   * at `until`. `refused`: the application said that nobody is logged in, and
   * need not be asked before `until`.
   */
  readonly what: 'refreshing' | 'offline' | 'refused'
  /** The tab. */
  readonly by: string
  /** By this machine's clock. */
  readonly until: number
  /** How often in a row it could not be reached. */
  readonly failures: number
}

const kinds: readonly unknown[] = ['refreshing', 'offline', 'refused']

/** Reads what another tab says of it; null: nothing. */
export function parseActivity(said: unknown): Activity | null {
  if (typeof said !== 'object' || said === null) return null
  const { what, by, until, failures } = said as Record<string, unknown>
  const ok = kinds.includes(what) && typeof by === 'string' && Number.isFinite(until) && Number.isSafeInteger(failures)
  return ok ? said as Activity : null
}

/** Whether another tab than `me` is at it right now. */
export function busyElsewhere(activity: Activity | null, me: string, now: number): boolean {
  return activity !== null && activity.what === 'refreshing' && activity.by !== me && activity.until > now
}
