package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed page
var files embed.FS

// policy lets the page load its own files and talk to its own address, by
// either name of loopback (for code that is pasted into the console), nothing
// else; not even a style attribute. The page's one Trusted Types policy names
// the script of the shared worker. %[1]d is the port.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self' ws://localhost:%[1]d ws://127.0.0.1:%[1]d; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types demo"

var modes = []string{"enforce", "observe", "off"}

// handler is the browser's one address: the page, the auth service, and /sync,
// which goes to the sidecar.
func (d *Demo) handler(service http.Handler) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic("demo: " + err.Error()) // the name is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.Handle("POST /auth/", http.StripPrefix("/auth", service))
	mux.HandleFunc("GET /settings", d.settings)
	mux.HandleFunc("GET /feed", d.news)
	mux.HandleFunc("POST /mode", d.mode)
	guarded := http.NewCrossOriginProtection().Handler(d.withHeaders(mux))

	all := http.NewServeMux()
	all.Handle("/", guarded)
	all.Handle("/sync", d.toSidecar())
	all.Handle("/sync/", d.toSidecar())
	return all
}

func (d *Demo) withHeaders(next http.Handler) http.Handler {
	csp := fmt.Sprintf(policy, d.page.Addr().(*net.TCPAddr).Port)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// toSidecar passes requests on as they are, WebSocket upgrades included.
func (d *Demo) toSidecar() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: d.feed.address()})
			r.Out.Host = r.In.Host
		},
		ErrorLog: log.New(io.Discard, "", 0), // a client that went away is no news
	}
}

// settings tells the page what it cannot know: times in ms.
func (d *Demo) settings(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"lifeMs": life.Milliseconds(), "graceMs": grace.Milliseconds(), "modes": modes})
}

// news answers what has happened since ?after=.
func (d *Demo) news(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.FormValue("after"))
	if err != nil {
		http.Error(w, "after is a number", http.StatusBadRequest)
		return
	}
	answer(w, d.feed.after(n))
}

// mode puts a mode into the flags file. The sidecar follows the file; /feed
// says when it has.
func (d *Demo) mode(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Mode string `json:"mode"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&in) != nil || !slices.Contains(modes, in.Mode) {
		http.Error(w, "mode is one of "+strings.Join(modes, ", "), http.StatusBadRequest)
		return
	}
	if err := d.setMode(in.Mode); err != nil {
		http.Error(w, "the flags file cannot be written", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // the client is gone: nobody to tell
}
