// node pages.mjs URL BROWSER PATH: the verifier in a page, with the WebCrypto of a real browser.
import { equal, run } from '../demo/harness.mjs'
import { run as runInFirefox } from '../browser/firefox.mjs'

const [url, browser, executablePath] = process.argv.slice(2)

// differences lists where the page's verifier and Go's part.
async function differences(newContext, name) {
  const page = await (await newContext()).newPage()
  await page.goto(`${url}/page.html`)
  return page.evaluate(async (file) => {
    const { differences } = await import('/vectors.js')
    return differences(await (await fetch(file)).json())
  }, name)
}

const cases = {
  'the vectors get the answers that Go gives': async (newContext) => equal(await differences(newContext, '/vectors.json'), [], 'differences'),
  'so do assertions spoilt by lot': async (newContext) => equal(await differences(newContext, '/mutants.json'), [], 'differences'),
}

await (browser === 'firefox' ? runInFirefox : run)({ url, executablePath, cases, before: () => {} })
