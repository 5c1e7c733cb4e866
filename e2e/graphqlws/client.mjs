// A client on npm `graphql-ws`, driven by lines of JSON. In, once:
//   {"url","params":[…],"headers","retries"}: params are connectionParams, one
//   for each attempt (the last one again and again); then {"say":"text"}.
// It subscribes at once. Out: {"connecting":n}, {"connected":true},
// {"said":"text"}, {"closed":code,"reason":"…"}, {"gaveUp":code}.
import { createInterface } from 'node:readline'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const out = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

let client
const open = ({ url, params, headers, retries }) => {
  let attempt = 0
  class WithHeaders extends WebSocket {
    constructor(address, protocols) { super(address, protocols, { headers }) }
  }
  client = createClient({
    url,
    webSocketImpl: WithHeaders,
    retryAttempts: retries,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    connectionParams: () => params[Math.min(attempt, params.length) - 1],
    on: {
      connecting: () => out({ connecting: ++attempt }),
      connected: () => out({ connected: true }),
      closed: (event) => out({ closed: event.code, reason: event.reason }),
    },
  })
  client.subscribe({ query: 'subscription { said }' }, {
    next: ({ data }) => out({ said: data.said }),
    error: (error) => out({ gaveUp: error.code ?? 0 }),
    complete: () => {},
  })
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line)
    if ('url' in command) open(command)
    else client.subscribe({ query: 'mutation ($text: String!) { say(text: $text) }', variables: { text: command.say } }, { next: () => {}, error: () => {}, complete: () => {} })
  })
  .on('close', () => process.exit(0))
