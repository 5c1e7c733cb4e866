// The application's own backend: a browser asks it for authors, and it asks
// Syncward's admin port, which no browser can reach. It decides who may see what.
import { createServer } from 'node:http'

const { SYNCWARD_ADMIN: admin, ADMIN_TOKEN: bearer, LISTEN_PORT: port } = process.env

// In the place of the application's sessions: which stores a session may read.
const stores = JSON.parse(process.env.SESSIONS)

createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const url = new URL(request.url, 'http://backend')
  const storeId = url.searchParams.get('storeId')
  if (url.pathname !== '/api/authors') return answer(404, {})
  if (!stores[request.headers['x-session']]?.includes(storeId)) return answer(403, {})
  const query = new URLSearchParams({ storeId, afterSeqNum: url.searchParams.get('afterSeqNum') ?? '0' })
  const events = await fetch(`${admin}/admin/v1/events?${query}`, { headers: { authorization: `Bearer ${bearer}` } })
  if (!events.ok) return answer(502, {})
  const page = await events.json()
  // Names, and nothing of connections.
  const authors = page.events.filter((e) => e.state === 'confirmed').map((e) => [e.seqNum, e.userId])
  return answer(200, { authors, next: page.next })
}).listen(port, '127.0.0.1', () => console.log('ready'))
