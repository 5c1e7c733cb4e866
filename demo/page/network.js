// The network as the clients of this page have it: there, or cut by the switch,
// which is one for all tabs.

const channel = new BroadcastChannel('demo-network')
const watchers = new Set()
const cut = new Set() // what ends the connections that are open
let offline = false

// isOffline says how the switch stands.
export const isOffline = () => offline

// onSwitch calls back at each change.
export const onSwitch = (watcher) => watchers.add(watcher)

// setOffline moves the switch, in all tabs.
export function setOffline(wanted) {
  move(wanted)
  channel.postMessage({ offline })
}

function move(wanted) {
  if (wanted === offline) return
  offline = wanted
  for (const end of offline ? [...cut] : []) end()
  if (!offline) hurry()
  for (const watcher of watchers) watcher()
}

// hurry says what browsers say when the network is back: clients that wait try now.
export const hurry = () => dispatchEvent(new Event('online'))

channel.onmessage = ({ data }) => {
  if (data.offline !== undefined) move(data.offline)
  else if (offline) channel.postMessage({ offline })
}
channel.postMessage({ ask: true })

// reach is fetch, unless the network is cut.
export function reach(path, options) {
  if (offline) return Promise.reject(new TypeError('offline'))
  return fetch(path, options)
}

// cable makes the constructor of a client's WebSockets. sent is told of each
// connection's first frame.
export const cable = (sent) => function Cable(url, protocols) {
  if (offline) return dead()
  const ws = new WebSocket(url, protocols)
  const end = () => {
    ws.onclose?.(new CloseEvent('close', { code: 1006 })) // at once, as by a pulled plug; a real close would wait for an answer
    ws.onopen = ws.onmessage = ws.onclose = null
    if (ws.readyState === WebSocket.CONNECTING) ws.addEventListener('open', () => ws.close())
    else ws.close()
  }
  cut.add(end)
  ws.addEventListener('close', () => cut.delete(end))
  ws.send = (data) => {
    delete ws.send // the prototype's is behind it
    ws.send(data)
    sent(data)
  }
  return ws
}

// dead is a WebSocket that finds nobody.
function dead() {
  const ws = { readyState: WebSocket.CONNECTING, protocol: '', extensions: '', bufferedAmount: 0, send() {}, close() {} }
  queueMicrotask(() => {
    ws.readyState = WebSocket.CLOSED
    ws.onclose?.(new CloseEvent('close', { code: 1006 }))
  })
  return ws
}

// countTabs tells how many tabs of the demo are open, again and again: each holds
// a lock, which the browser takes back from those that are gone, however they went.
export function countTabs(tell) {
  const { locks } = navigator
  if (!locks) return tell(1) // over plain http only loopback has them
  locks.request('demo-tab', { mode: 'shared' }, () => new Promise(() => {}))
  setInterval(async () => tell((await locks.query()).held.filter(({ name }) => name === 'demo-tab').length), 500)
}
