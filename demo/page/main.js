import { Client, room } from './client.js'
import { post } from './dom.js'
import { follow } from './feed.js'
import { countTabs, isOffline, onSwitch, setOffline } from './network.js'

const at = (id) => document.getElementById(id)
const says = {
  enforce: 'Who has no good token is refused.',
  observe: 'Nobody is refused; what would be is counted.',
  off: 'A plain relay: nothing is looked at.',
}

const settings = await (await fetch('/settings')).json()
const names = ['alice', 'bob']

// A panel's name is that of its login: tabs that have the same one share it.
async function add(name) {
  const client = new Client(settings, name)
  at('clients').append(client.root)
  at('add').hidden = at('clients').children.length >= names.length
  await client.session.resume(name).catch((error) => client.say('bad', error.message))
}

at('add').addEventListener('click', () => {
  const taken = [...document.querySelectorAll('.client h3')].map((e) => e.textContent)
  add(names.find((name) => !taken.includes(name)))
})

// The switch shows what is in force. A change goes the way of production: into
// a file that the sidecar follows, so it takes a moment.
let wanted
at('mode').addEventListener('change', async (event) => {
  wanted = event.target.value
  at('mode-says').textContent = 'Written to the flags file …'
  await post('/mode', { mode: wanted }).catch(() => { wanted = undefined })
})

function modeChanged(mode) {
  if (wanted && wanted !== mode) return
  wanted = undefined
  at('mode').querySelector(`[value=${mode}]`).checked = true
  at('mode').dataset.mode = mode
  at('mode-says').textContent = says[mode]
}

at('offline').addEventListener('change', () => setOffline(at('offline').checked))
onSwitch(() => { at('offline').checked = isOffline() })
countTabs((n) => { at('tabs').textContent = n === 1 ? '1 tab' : `${n} tabs` })

at('snippet').textContent = `new WebSocket('${location.origin.replace('http', 'ws')}/sync'), first frame {"type":"init","instanceId":"${room}","authToken":"…"}`
follow({ log: at('log'), server: at('server'), modeChanged, lost: (yes) => { at('lost').hidden = !yes } })

const as = new URLSearchParams(location.search).get('as')
const wide = matchMedia('(min-width: 56rem)').matches
if (!wide) document.querySelector('.tries').open = false
for (const name of as ? [as] : wide ? names : names.slice(0, 1)) await add(name)
