// Tells the results of node:test in the events of `go test -json`, which is what
// e2e/tally sums. A test file counts as a package, and a test that ran no
// subtest as a test; its file's own failure (it could not be loaded) fails the package.
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

interface Event { Action: string; Package: string; Test?: string; Output?: string; Elapsed?: number }

interface File { failed: boolean; ms: number; names: string[] }

// path of the test that is at a nesting, as go test writes it.
function path(file: File, nesting: number, name: string): string {
  file.names.length = nesting
  file.names[nesting] = name.replaceAll('/', '|').replaceAll(' ', '_')
  return file.names.join('/')
}

function packageOf(file: string | undefined): string {
  return `client/${relative('.', file ?? 'unknown').replace(/^build\//, '').replace(/\.test\.[jt]s$/, '')}`
}

function explain(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return `${cause instanceof Error ? cause.stack ?? cause.message : String(cause)}\n`
}

function* translate(event: TestEvent, files: Map<string, File>): Generator<Event> {
  if (event.type === 'test:stdout' || event.type === 'test:stderr') {
    yield { Action: 'output', Package: packageOf(event.data.file), Output: event.data.message }
  }
  if (event.type !== 'test:start' && event.type !== 'test:pass' && event.type !== 'test:fail') return
  const { file: where, nesting, name } = event.data
  const Package = packageOf(where)
  const file = files.get(Package) ?? { failed: false, ms: 0, names: [] }
  files.set(Package, file)
  const Test = path(file, nesting, name)
  if (event.type === 'test:start') {
    yield { Action: 'run', Package, Test }
    return
  }
  if (nesting === 0) file.ms += event.data.details.duration_ms
  if (event.type === 'test:fail') {
    file.failed = true
    yield { Action: 'output', Package, Test, Output: explain(event.data.details.error) }
  }
  const skipped = event.data.skip !== undefined || event.data.todo !== undefined
  yield { Action: event.type === 'test:fail' ? 'fail' : skipped ? 'skip' : 'pass', Package, Test }
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, File>()
  for await (const event of source) {
    for (const out of translate(event, files)) yield `${JSON.stringify(out)}\n`
  }
  for (const [Package, file] of files) {
    yield `${JSON.stringify({ Action: file.failed ? 'fail' : 'pass', Package, Elapsed: file.ms / 1000 })}\n`
  }
}
