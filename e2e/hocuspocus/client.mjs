// Providers of the version VERSION (2, 3 or 4) on one socket to URL, driven by
// lines of JSON. In:
//   {"open":"document","tokens":["…"],"session":bool,"stopAt":["CODE"]}: tokens
//   one for each time that one is asked for, the last again and again; stopAt are
//   the reasons of a denial at which the application takes the document away;
//   {"set":"document","key","value"}, {"sendToken":"document"}.
// Out: {"authenticated":"document"}, {"failed":"document","reason"},
// {"synced":"document"}, {"changed":"document","key","value"}, {"close":code,
// "reason"}, {"opened":n}.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import * as Y from 'yjs'

const version = process.env.VERSION
const { HocuspocusProvider, HocuspocusProviderWebsocket } =
  await import(version === '4' ? '@hocuspocus/provider' : `hocuspocus-provider-${version}`)

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

let opened = 0
const socket = new HocuspocusProviderWebsocket({
  url: process.env.URL,
  WebSocketPolyfill: WebSocket,
  onOpen: () => say({ opened: ++opened }),
  onClose: ({ event }) => say({ close: event.code, reason: event.reason }),
})

const providers = {}
const open = ({ open: name, tokens, session, stopAt = [] }) => {
  const asked = [...tokens]
  const document = new Y.Doc()
  document.getMap('data').observe((event) => {
    for (const key of event.keysChanged) say({ changed: name, key, value: document.getMap('data').get(key) })
  })
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name,
    document,
    ...(session ? { sessionAwareness: true } : {}),
    token: () => (asked.length > 1 ? asked.shift() : asked[0]),
    onAuthenticated: () => say({ authenticated: name }),
    onAuthenticationFailed: ({ reason }) => {
      say({ failed: name, reason })
      if (stopAt.includes(reason)) provider.destroy()
    },
    onSynced: () => say({ synced: name }),
  })
  if (version !== '2') provider.attach()
  providers[name] = provider
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line)
    if ('open' in command) open(command)
    else if ('set' in command) providers[command.set].document.getMap('data').set(command.key, command.value)
    else providers[command.sendToken].sendToken()
  })
  .on('close', () => process.exit(0))
