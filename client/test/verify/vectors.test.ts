// The vectors that the Go package makes and answers itself: identity/testdata.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { differences, type File, goSaysTo, saysTo } from './vectors.js'

// The tests run in client/, whatever folder they were built into.
const file = JSON.parse(readFileSync('../identity/testdata/vectors.json', 'utf8')) as File

test('there are vectors', () => assert.ok(file.vectors.length > 150))

for (const vector of file.vectors) {
  test(vector.name, async () => assert.equal(await saysTo(file, vector), goSaysTo(vector)))
}

test('a verifier that says another thing is told of', async () => {
  const [vector] = file.vectors
  assert.ok(vector)
  assert.deepEqual(await differences({ ...file, vectors: [vector] }), [])
  assert.equal((await differences({ ...file, vectors: [{ ...vector, want: 'issuer' }] })).length, 1)
})
