// What is used of LiveStore, so that this package is built without it. Where an
// application is type-checked, LiveStore's own types are in place of these.
declare module '@livestore/sync-cf/client' {
  interface BackendArgs { storeId: string; clientId: string; payload: unknown }
  export const makeWsSync: (options: { url: string; webSocketFactory?: unknown }) => (args: BackendArgs) => object
}
