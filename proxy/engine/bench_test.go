package engine_test

import (
	"io"
	"net"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// BenchmarkRoundTrip sends 128 bytes there and back through the engine, and
// through two bare io.Copy as the measure: run both in one go and look at the
// ratio.
func BenchmarkRoundTrip(b *testing.B) {
	for name, relay := range map[string]func(client, upstream *net.TCPConn){
		"engine": func(client, upstream *net.TCPConn) {
			engine.Goroutines{}.Start(engine.Pipe{
				Client: client, Upstream: upstream,
				Up:   framing.Options{Sender: framing.Client, MaxMessage: 16 << 20},
				Down: framing.Options{Sender: framing.Upstream, MaxMessage: 16 << 20},
			})
		},
		"engine that looks": func(client, upstream *net.TCPConn) {
			look := func(framing.Message) framing.Verdict { return framing.Verdict{} }
			engine.Goroutines{}.Start(engine.Pipe{
				Client: client, Upstream: upstream,
				Up:   framing.Options{Sender: framing.Client, MaxMessage: 16 << 20, Look: look},
				Down: framing.Options{Sender: framing.Upstream, MaxMessage: 16 << 20, Look: look},
			})
		},
		"io.Copy": func(client, upstream *net.TCPConn) {
			go io.Copy(client, upstream)
			go io.Copy(upstream, client)
		},
		"read and write": func(client, upstream *net.TCPConn) {
			go io.Copy(struct{ io.Writer }{client}, struct{ io.Reader }{upstream})
			go io.Copy(struct{ io.Writer }{upstream}, struct{ io.Reader }{client})
		},
	} {
		b.Run(name, func(b *testing.B) {
			c, client := pair(b)
			u, upstream := pair(b)
			relay(c, u)
			up := clientFrame(framing.Text, string(make([]byte, 128)))
			down := serverFrame(framing.Text, string(make([]byte, 128)))
			got := make([]byte, len(up))
			b.ReportAllocs()
			for b.Loop() {
				client.Write(up)
				io.ReadFull(upstream, got)
				upstream.Write(down)
				if _, err := io.ReadFull(client, got[:len(down)]); err != nil {
					b.Fatal(err)
				}
			}
			client.Close()
			upstream.Close()
		})
	}
}

// BenchmarkBulk sends 1 MiB frames to the client.
func BenchmarkBulk(b *testing.B) {
	c, client := pair(b)
	u, upstream := pair(b)
	engine.Goroutines{}.Start(engine.Pipe{
		Client: c, Upstream: u,
		Up:   framing.Options{Sender: framing.Client},
		Down: framing.Options{Sender: framing.Upstream},
	})
	m := serverFrame(framing.Binary, string(make([]byte, 1<<20)))
	b.SetBytes(int64(len(m)))
	b.ReportAllocs()
	go func() {
		for {
			if _, err := upstream.Write(m); err != nil {
				return
			}
		}
	}()
	for b.Loop() {
		if _, err := io.CopyN(io.Discard, client, int64(len(m))); err != nil {
			b.Fatal(err)
		}
	}
	client.Close()
	upstream.Close()
}
