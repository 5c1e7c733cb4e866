import assert from 'node:assert/strict'
import { test } from 'node:test'

test('the package can be imported where there is no window', async () => {
  assert.equal('window' in globalThis, false)
  assert.ok(await import('../src/index.js'))
})
