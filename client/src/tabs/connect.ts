import type { Clock } from '../clock.js'
import type { Turns } from './turns.js'
import { WorkerTurns } from './worker-turns.js'

/**
 * The shared worker. Bundlers find its script by the form of this expression,
 * so it must stay as it is, with a name that is a literal; sessions of several
 * names share the worker.
 */
function start(): SharedWorker {
  return new SharedWorker(new URL('./shared-worker.js', import.meta.url), { type: 'module', name: 'syncward-v1' })
}

/** Turns by the shared worker; by `instead` where it cannot be had. */
export function workerTurns(
  make: (() => SharedWorker) | null, name: string, clock: Clock, instead: Turns, onWake: () => void): Turns {
  let worker: SharedWorker
  try {
    worker = (make ?? start)()
  } catch {
    return instead // a content security policy, or a browser without
  }
  const turns = new WorkerTurns(worker.port, name, clock, instead, onWake)
  worker.onerror = () => turns.failed()
  globalThis.addEventListener?.('pagehide', () => turns.leave())
  return turns
}
