// Runs cases in headless Firefox, as ../demo/harness.mjs does in Chromium. It is
// driven over WebDriver BiDi by puppeteer-core: playwright-core wants a Firefox of
// its own. What both know of a context and its pages is alike.
import { perform } from '../demo/harness.mjs'

// Whatever Firefox would ask the internet for ends at a port where nobody is.
// app.test is a host that is this machine, and as little trusted as any.
const nowhere = Object.fromEntries(['http', 'ssl', 'socks'].flatMap((kind) =>
  [[`network.proxy.${kind}`, '127.0.0.1'], [`network.proxy.${kind}_port`, 9]]))
const extraPrefsFirefox = {
  ...nowhere,
  'network.proxy.type': 1,
  'network.proxy.socks_remote_dns': true,
  'network.proxy.no_proxies_on': '127.0.0.1,localhost,app.test',
  'network.dns.localDomains': 'app.test',
  'network.dns.disabled': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.update.enabled': false,
  'services.settings.server': 'data:,',
}

// run performs cases; each is given a function that opens a context.
export async function run({ executablePath, ...rest }) {
  const { default: puppeteer } = await import('puppeteer-core')
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox })
  const stage = () => {
    const open = []
    const uncaught = []
    return {
      async give() {
        const context = await browser.createBrowserContext()
        open.push(context)
        context.on('targetcreated', async (target) => (await target.page())?.on('pageerror', ({ message }) => {
          if (!/\bwss?:\/\//.test(message)) uncaught.push(message) // a dial that failed is none
        }))
        return context
      },
      judge() {
        if (uncaught.length > 0) throw new Error(`uncaught: ${uncaught.join('; ')}`)
      },
      end: async () => { for (const context of open) await context.close() },
    }
  }
  await perform({ ...rest, stage })
  await browser.close()
}
