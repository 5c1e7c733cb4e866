import { el } from './dom.js'
import { meaning } from './meaning.js'

// Stranger is somebody without a token, on a plain WebSocket: the package would
// not even try.
export class Stranger {
  constructor(address, room, say) {
    this.address = address
    this.frame = JSON.stringify({ type: 'init', instanceId: room })
    this.say = say
  }

  // knock tries to get in, and stays if it is let in.
  knock() {
    this.socket?.close()
    const socket = this.socket = new WebSocket(this.address)
    socket.onopen = () => socket.send(this.frame)
    socket.onmessage = ({ data }) => {
      const { type, userId } = JSON.parse(data)
      if (type === 'ready') this.say('warn', `A stranger was let in, as ${userId ?? 'nobody'}.`)
    }
    socket.onclose = ({ code, reason }) => {
      if (socket === this.socket) this.say('bad', `A stranger is out. ${meaning(code, reason)}`, el('code', 'code', `${code} ${reason}`.trim()))
    }
  }
}
