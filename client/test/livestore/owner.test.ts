import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Owner } from '../../src/livestore/owner.js'
import { volatileStorage } from '../../src/storage/types.js'

type Claim = readonly [local: string | null, named: string | null, admitted: boolean]

for (const [what, claims] of Object.entries<Claim[]>({
  'the first user keeps it': [['a', null, true], ['b', null, false], ['a', null, true]],
  'nobody binds it to nobody': [[null, null, true], ['a', null, true], [null, null, false]],
  "the server's name decides where it is known": [['a', 'Alice', true], ['other', 'Alice', true], ['a', 'Mallory', false]],
  'a token may name the user otherwise than the server': [['sub-1', null, true], ['sub-1', 'alice', true], ['alice', null, true], ['sub-1', null, true]],
  'the name of one is no claim of another': [['a', 'A', true], ['b', 'B', false], ['b', null, false], ['A', null, true]],
  'a refused claim changes nothing': [['a', null, true], ['b', 'B', false], ['b', 'B', false], ['a', 'A', true]],
})) {
  test(what, async () => {
    const owner = new Owner(volatileStorage())
    for (const [local, named, admitted] of claims) assert.equal(await owner.claim(local, named), admitted, `${local} ${named}`)
  })
}

test('what is stored decides over another instance', async () => {
  const storage = volatileStorage()
  await new Owner(storage).claim('a', null)
  assert.equal(await new Owner(storage).claim('b', null), false)
})

test('what cannot be read admits nobody', async () => {
  const storage = volatileStorage()
  await storage.update(() => '{"local":1}')
  await assert.rejects(new Owner(storage).claim('a', null))
})
