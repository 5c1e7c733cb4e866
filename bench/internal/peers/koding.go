package peers

import (
	"net/http"
	"net/url"

	"github.com/koding/websocketproxy"
)

// koding is the library that Syncward's first design named, as its
// documentation shows it. It verifies nothing: it dials the upstream before a
// first frame could be read.
func koding(cfg Config) error {
	upstream := &url.URL{Scheme: "ws", Host: cfg.Upstream.String()}
	return http.ListenAndServe(cfg.Listen.String(), websocketproxy.NewProxy(upstream))
}
