// node run.mjs URL CHROMIUM FOLDER [WORDS]: runs the cases (those whose names hold
// WORDS) against the demo at URL; pictures go into FOLDER.
import { cases } from './cases.mjs'
import { run, until } from './harness.mjs'

const [url, executablePath, shots, only] = process.argv.slice(2)

// Every case begins under enforce.
async function before() {
  await fetch(`${url}/mode`, { method: 'POST', body: '{"mode":"enforce"}' })
  await until('enforce', async () => (await (await fetch(`${url}/feed?after=0`)).json()).mode === 'enforce')
}

await run({ url, executablePath, cases: cases({ shots }), before, only })
