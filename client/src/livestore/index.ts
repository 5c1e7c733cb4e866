/**
 * For pages whose LiveStore syncs by `@syncward/client/livestore/worker`.
 *
 * @packageDocumentation
 */
export { watchStore, type StoreState, type StoreStatus } from './status.js'
export { serverStoreId, storeIdFor } from './store-id.js'
