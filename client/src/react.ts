/**
 * Hooks for React 18 and later.
 *
 * @packageDocumentation
 */
import { useCallback, useSyncExternalStore } from 'react'
import { unknownState } from './auth/state.js'
import type { AuthState, SyncAuth } from './types.js'

/** The state of `auth`; renders again after each change, in whichever tab it happened. */
export function useAuthState(auth: SyncAuth): AuthState {
  return useSyncExternalStore(
    useCallback((changed: () => void) => auth.subscribe(changed), [auth]),
    () => auth.state,
    () => unknownState)
}

/** The user who is logged in, or null; renders again only when that changes. */
export function useUserId(auth: SyncAuth): string | null {
  return useSyncExternalStore(
    useCallback((changed: () => void) => auth.subscribe(changed), [auth]),
    () => auth.state.userId,
    () => null)
}
