package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/graphqlws"
	"github.com/syncward/syncward/proxy"
)

// hostileInits are first messages that hold %s, a good token, and are refused.
var hostileInits = map[string]struct {
	msg    string
	code   int
	reason string
}{
	"the token twice":               {`{"type":"connection_init","payload":{"authToken":"%s","authToken":"%s"}}`, 4400, "BAD_FRAME"},
	"the token twice, once escaped": {`{"type":"connection_init","payload":{"authToken":"%s","\u0061uthToken":"%s"}}`, 4400, "BAD_FRAME"},
	"two payloads":                  {`{"type":"connection_init","payload":{"authToken":"%s"},"payload":{}}`, 4400, "BAD_FRAME"},
	"two types":                     {`{"type":"ping","type":"connection_init","payload":{"authToken":"%s"}}`, 4400, "BAD_FRAME"},
	"two tokens":                    {`{"type":"connection_init","payload":{"authToken":"%s","Authorization":"Bearer x.y.z"}}`, 4400, "BAD_FRAME"},
	"a number for a token":          {`{"type":"connection_init","payload":{"authToken":7,"Authorization":"%s"}}`, 4400, "BAD_FRAME"},
	"an array of tokens":            {`{"type":"connection_init","payload":{"authToken":["%s"]}}`, 4400, "BAD_FRAME"},
	"an object of tokens":           {`{"type":"connection_init","payload":{"Authorization":{"authToken":"%s"}}}`, 4400, "BAD_FRAME"},
	"a type that is a number":       {`{"type":1,"payload":{"authToken":"%s"}}`, 4400, "BAD_FRAME"},
	"no type":                       {`{"payload":{"authToken":"%s"}}`, 4400, "BAD_FRAME"},
	"an array of messages":          {`[{"type":"connection_init","payload":{"authToken":"%s"}}]`, 4400, "BAD_FRAME"},
	"a second message behind it":    {`{"type":"connection_init","payload":{"authToken":"%s"}}{"type":"connection_init"}`, 4400, "BAD_FRAME"},
	"a byte order mark":             {"\ufeff" + `{"type":"connection_init","payload":{"authToken":"%s"}}`, 4400, "BAD_FRAME"},
	"no UTF-8":                      {`{"type":"connection_init","payload":{"authToken":"%s","a":"` + "\xff" + `"}}`, 4400, "BAD_FRAME"},
	"depth 65":                      {`{"type":"connection_init","payload":{"authToken":"%s","a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}}`, 4400, "BAD_FRAME"},
	"depth 20000":                   {`{"type":"connection_init","payload":{"authToken":"%s","a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`, 4400, "BAD_FRAME"},
	"a token of 60 kB":              {`{"type":"connection_init","payload":{"authToken":"%s` + strings.Repeat("x", 60_000) + `"}}`, 4403, "TOKEN_INVALID"},
	"too big":                       {`{"type":"connection_init","payload":{"authToken":"%s","a":"` + strings.Repeat("x", 70_000) + `"}}`, 1009, "MESSAGE_TOO_BIG"},
	"the token beside the payload":  {`{"type":"connection_init","authToken":"%s","payload":{}}`, 4403, "AUTH_REQUIRED"},
	"the token among headers":       {`{"type":"connection_init","payload":{"headers":{"Authorization":"Bearer %s"}}}`, 4403, "AUTH_REQUIRED"},
	"another case of the name":      {`{"type":"connection_init","payload":{"AuthToken":"%s"}}`, 4403, "AUTH_REQUIRED"},
	"another case of the type":      {`{"type":"Connection_Init","payload":{"authToken":"%s"}}`, 4403, "AUTH_REQUIRED"},
	"an operation first":            {`{"id":"1","type":"subscribe","payload":{"authToken":"%s"}}`, 4403, "AUTH_REQUIRED"},
	"the oldest protocol's word":    {`{"type":"init","payload":{"authToken":"%s"}}`, 4403, "AUTH_REQUIRED"},
	"one scheme in the other":       {`{"type":"connection_init","payload":{"Authorization":"Bearer Bearer %s"}}`, 4403, "TOKEN_INVALID"},
}

func wideGraphQL(c *proxy.Config) { graphQL(c); c.FirstFrameMaxBytes = 64 << 10 }

func TestAttack35ConnectionInitsThatAreRefused(t *testing.T) {
	r := newRig(t, wideGraphQL)
	token := r.good("ada")
	for name, row := range hostileInits {
		t.Run(name, func(t *testing.T) {
			for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
				c := r.open("/graphql", "Sec-WebSocket-Protocol: graphql-transport-ws")
				c.t = t
				c.frame(true, op, strings.ReplaceAll(row.msg, "%s", token)).wantClose(row.code, row.reason)
			}
		})
	}
	// Fragments of which neither alone is UTF-8, compression that nobody
	// negotiated, and a client of the older protocol.
	whole := initWith("\u20ac")
	c := r.open("/graphql").frame(false, framing.Text, whole[:len(whole)-5])
	c.frame(true, framing.Continuation, whole[len(whole)-4:]).wantClose(4400, "BAD_FRAME")
	compressed := framing.AppendFrame(nil, true, framing.Text, []byte(initWith(token)), &[4]byte{1})
	compressed[0] |= 0x40
	r.open("/graphql", "Sec-WebSocket-Extensions: permessage-deflate").send(string(compressed)).wantClose(1002, "")
	r.open("/graphql", "Sec-WebSocket-Protocol: graphql-ws").text(initWith("x.y.z")).wantClose(4403, "TOKEN_INVALID")
	r.legacy.untouched(t)
	noneOf(t, "what hooks were told", r.seen.everything(), token)
}

// In observe what could be read goes on without what stood in a token's place,
// whatever that was.
func TestAttack35InObserveNoTokenGoesOnThatCouldBeRead(t *testing.T) {
	r := newRig(t, wideGraphQL)
	r.policy.set(authz.Observe, 100)
	token := r.good("ada")
	for _, name := range []string{"two tokens", "a number for a token", "an array of tokens", "an object of tokens", "a type that is a number", "no type", "one scheme in the other"} {
		c := r.open("/graphql").text(strings.ReplaceAll(hostileInits[name].msg, "%s", token))
		if g := c.read(); !strings.HasPrefix(g.payload, "ack:{") {
			t.Errorf("%s: got %q", name, g.payload)
		}
		noneOf(t, name+": the upstream", r.legacy.bytes(), token)
	}
}

func TestAttack35AConnectionInitInManyShapesLeavesItsTokenBehind(t *testing.T) {
	everywhere := func(c *proxy.Config) {
		wideGraphQL(c)
		c.Sources, c.TokenQuery = append(slices.Clone(c.Sources), proxy.SourceQuery), "token"
	}
	r := newRig(t, everywhere)
	token := r.good("ada")
	escaped := `{"\u0074ype":"connection\u005finit","pa\u0079load":{"\u0061uthToken":"` + token + `","Author\u0069zation":"bearer ` + token + `"}}`
	c := r.open("/graphql?token="+token, bearer(token), "Referer: https://app.example/?t="+token, "Sec-WebSocket-Protocol: graphql-ws, bearer."+token)
	for i := range len(escaped) {
		op := framing.Continuation
		if i == 0 {
			op = framing.Text
		}
		c.frame(i == len(escaped)-1, op, escaped[i:i+1])
		if i%20 == 1 && i < len(escaped)-1 {
			c.frame(true, framing.Ping, "p")
			if g := c.read(); g.Opcode != framing.Pong {
				t.Fatalf("the ping was answered with %d %q", g.Opcode, g.payload)
			}
		}
	}
	c.wantText(`ack:{"\u0074ype":"connection\u005finit","pa\u0079load":{}}`)
	c.frame(true, framing.Binary, initWith(token)).wantBinary(`ack:{"type":"connection_init","payload":{}}`)
	c.frame(false, framing.Binary, escaped[:40]).frame(true, framing.Continuation, escaped[40:]).wantBinary(`ack:{"\u0074ype":"connection\u005finit","pa\u0079load":{}}`)
	noneOf(t, "what the upstream got", r.legacy.bytes(), token)
}

// A server of the older protocol takes a connection_init at any time, and reads
// it in its own way.
func TestAttack35ALaterConnectionInitIsNoWayRound(t *testing.T) {
	r := newRig(t, graphQL)
	token := r.good("ada")
	opened := func() *conn {
		c := r.open("/graphql", "Sec-WebSocket-Protocol: graphql-ws").text(initWith(token))
		c.wantText(`ack:{"type":"connection_init","payload":{}}`)
		return c
	}
	for _, msg := range []string{
		`{"type":"x","type":"connection_init","payload":{"authToken":"` + token + `"}}`,
		`{"type":"x","type":"\u0063onnection_init","payload":{"authToken":"` + token + `"}}`,
		initWith(token) + " ,",
	} {
		opened().text(msg).wantClose(4400, "BAD_FRAME")
	}
	opened().text(initWith(r.good("eve"))).wantClose(4401, "FORBIDDEN")
	c := opened().text(`{"type":"connection_init","payload":{"authToken":{"a":"` + token + `"}}}`)
	c.wantText(`ack:{"type":"connection_init","payload":{}}`)
	c.text(`{"id":"1","type":"start","payload":{"variables":{"a":"\ud800"}}}`).wantText(`ack:{"id":"1","type":"start","payload":{"variables":{"a":"\ud800"}}}`)
	noneOf(t, "what the upstream got", r.legacy.bytes(), token)

	static := newRig(t, graphQL, func(c *proxy.Config) {
		c.UpstreamToken = "of-the-server"
		c.Protocol = graphqlws.New(graphqlws.Options{AllFrames: true, Replace: "of-the-server"})
	})
	s := static.open("/graphql").text(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + token + `"}}`)
	s.wantText(`ack:{"type":"connection_init","payload":{"Authorization":"Bearer of-the-server"}}`)
	s.text(initWith(token)).wantText(`ack:` + initWith("of-the-server"))
	noneOf(t, "what the upstream got", static.legacy.bytes(), token)
}
