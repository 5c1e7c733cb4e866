// A worker that lets nobody in without a good assertion, as its user writes one.
import { createVerifier } from '../../client/src/verify/index.ts'

let verifier // made once for an isolate; the environment comes with the first request

const make = (env) => createVerifier({
  issuer: 'syncward', audience: 'sync-upstream', singleUse: true,
  ...(env.SECRET === undefined ? { jwksUrl: env.JWKS_URL } : { secret: env.SECRET }),
})

export default {
  async fetch(request, env) {
    verifier ??= make(env)
    let claims
    try {
      claims = await verifier.verify(request)
    } catch (error) {
      return new Response(error.message, { status: 401 })
    }
    if (request.headers.get('Upgrade') !== 'websocket') return Response.json(claims)
    const { 0: client, 1: server } = new WebSocketPair()
    server.accept()
    server.addEventListener('message', () => server.send(JSON.stringify(claims)))
    return new Response(null, { status: 101, webSocket: client })
  },
}
