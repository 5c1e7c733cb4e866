/// The script of the shared worker. It has no exports; loading it starts it.
import { realClock } from '../clock.js'
import { newId } from '../id.js'
import { Memory } from './memory.js'
import { broadcast } from './messages.js'
import { type FromWorker, parseToWorker } from './ports.js'
import { Referee } from './referee.js'

interface Room { referee: Referee; memory: Memory }

const rooms = new Map<string, Room>()

function roomOf(name: string): Room {
  const known = rooms.get(name)
  if (known !== undefined) return known
  const room = { referee: new Referee(realClock), memory: new Memory(newId(), broadcast(name)) }
  rooms.set(name, room)
  return room
}

function welcome(port: MessagePort): void {
  const player = { send: (message: FromWorker) => port.postMessage(message) }
  let room: Room | null = null
  port.onmessage = (event: MessageEvent<unknown>) => {
    const message = parseToWorker(event.data)
    if (message?.kind === 'join') room = roomOf(message.name)
    if (message !== null) room?.referee.hear(player, message)
  }
  // Where browsers tell of a tab that crashed; elsewhere its turn just runs out.
  port.addEventListener('close', () => room?.referee.hear(player, { kind: 'leave' }))
}

Object.assign(globalThis, {
  onconnect: (event: MessageEvent) => event.ports.forEach(welcome),
})
