// A WebSocket client on npm `ws`, driven by lines of JSON. In:
//   {"url","protocols","headers"} once, then {"send":"text"} or {"close":1000}
// Out: {"open":"subprotocol"}, {"message":"text"}, {"close":code,"reason":"…"},
// {"refused":status}.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

let socket
const open = ({ url, protocols, headers }) => {
  socket = new WebSocket(url, protocols, { headers })
  socket.on('open', () => say({ open: socket.protocol }))
  socket.on('message', (data) => say({ message: data.toString() }))
  socket.on('close', (code, reason) => say({ close: code, reason: reason.toString() }))
  socket.on('unexpected-response', (_request, response) => say({ refused: response.statusCode }))
  socket.on('error', (error) => process.stderr.write(`${error.message}\n`))
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line)
    if ('url' in command) open(command)
    else if ('send' in command) socket.send(command.send)
    else socket.close(command.close)
  })
  .on('close', () => process.exit(0))
