import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('the package can be imported where there is no window', async () => {
  assert.equal('window' in globalThis, false)
  assert.ok(await import('../src/index.js'))
})

test('a Node script that does nothing but ask for its token gets it', async () => {
  const at = new URL('../src/index.js', import.meta.url).href
  const script = `const { createSyncAuth } = await import('${at}')
    console.log(await createSyncAuth({ refresh: async () => 'token' }).getToken())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(stdout, 'token\n')
})
