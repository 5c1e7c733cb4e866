// A GraphQL server on npm `graphql-ws` that knows nothing of authentication.
// Out, one JSON object a line: {"listening":port}, then for each connection
// {"headers":{…},"protocol":"…"} and each message of a client as {"raw":"…"}.
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

const schema = buildSchema(`
  type Query { hello: String }
  type Mutation { say(text: String!): Boolean }
  type Subscription { said: String }
`)

const listeners = new Set()
async function* said() {
  const queue = []
  let wake = () => {}
  const hear = (text) => { queue.push(text); wake() }
  listeners.add(hear)
  try {
    for (;;) {
      while (queue.length > 0) yield { said: queue.shift() }
      await new Promise((resolve) => { wake = resolve })
    }
  } finally {
    listeners.delete(hear)
  }
}

const roots = {
  query: { hello: () => 'world' },
  mutation: { say: ({ text }) => { for (const hear of listeners) hear(text); return true } },
  subscription: { said },
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' })
server.on('connection', (socket, request) => {
  say({ headers: request.headers, protocol: socket.protocol })
  socket.on('message', (data) => say({ raw: data.toString() }))
})
useServer({ schema, roots, onSubscribe: (_context, _id, payload) => { say({ operation: payload.query }) } }, server)
server.on('listening', () => say({ listening: server.address().port }))
