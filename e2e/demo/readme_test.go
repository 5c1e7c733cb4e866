package demo_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// named is a file in client/README.md: its name, and the block behind it.
var named = regexp.MustCompile("(?s)`([a-z]+\\.[a-z.]+)`:?\n+```[a-z]+\n(.*?)```")

// follow makes the application of client/README.md in an empty folder: its files,
// and the packages that it installs, the client as `npm pack` makes it.
func follow(t *testing.T, packages map[string]string) (dir string, files map[string]string) {
	t.Helper()
	dir = t.TempDir()
	client := filepath.Join(rig.Root(), "client")
	text, err := os.ReadFile(filepath.Join(client, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, m := range named.FindAllStringSubmatch(string(text), -1) {
		files[m[1]] = m[2]
	}
	own := filepath.Join(dir, "node_modules", "@syncward", "client")
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{
		{"npm", "pack", "--pack-destination", dir},
		{"sh", "-c", `tar xzf "$0"/syncward-client-*.tgz -C "$1" --strip-components=1`, dir, own},
	} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = client
		// Packing builds, with the Node that the tests pin.
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(rig.Node(t))+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	for name, from := range packages {
		if err := os.Symlink(filepath.Join(rig.Root(), from, name), filepath.Join(dir, "node_modules", name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

// write puts a file of the README into the application, with what the test has
// elsewhere.
func write(t *testing.T, dir, name, text, old, new string) {
	t.Helper()
	if text == "" || old != "" && !strings.Contains(text, old) {
		t.Fatalf("client/README.md has no %s with %q", name, old)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, old, new)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTheClientsReadmeLeadsToAWorkingTab follows "Five minutes to a working tab".
func TestTheClientsReadmeLeadsToAWorkingTab(t *testing.T) {
	rig.Require(t)
	_, demo := startDemo(t)
	dir, files := follow(t, map[string]string{"vite": "client/node_modules"})
	write(t, dir, "package.json", `{}`, "", "")
	for _, name := range []string{"index.html", "main.js"} {
		write(t, dir, name, files[name], "", "")
	}
	write(t, dir, "vite.config.mjs", files["vite.config.mjs"], "http://127.0.0.1:8787", demo)
	_, port, _ := strings.Cut(rig.FreeAddr(t), ":")
	vite := rig.Start(t, "vite", dir, nil, rig.Node(t), "node_modules/vite/bin/vite.js", "--host", "127.0.0.1", "--port", port, "--strictPort")
	url := "http://127.0.0.1:" + port
	rig.WaitHTTP(t, vite, url)
	reader := rig.Start(t, "the reader", rig.E2E("demo"), nil, rig.Node(t), "readme.mjs", url, pages.Chromium(t))
	pages.Cases(t, reader, []string{"the tab of the README works"})
}

// TestTheClientsReadmeHasAServerThatVerifies runs the server of "Verifying the
// name tag" behind a sidecar, and without one.
func TestTheClientsReadmeHasAServerThatVerifies(t *testing.T) {
	rig.Require(t)
	const key = "an-identity-key-of-the-tests-0123456789"
	dir, files := follow(t, map[string]string{"ws": "e2e/node_modules"})
	addr := rig.FreeAddr(t)
	host, port, _ := strings.Cut(addr, ":")
	write(t, dir, "server.mjs", files["server.mjs"], "8787, '127.0.0.1'", port+", '"+host+"'")
	server := rig.Start(t, "server.mjs", dir, []string{"IDENTITY_KEY=" + key}, rig.Node(t), "server.mjs")
	rig.Eventually(t, "the server answers", func() bool {
		if server.Exited() {
			t.Fatal("server.mjs ended")
		}
		resp, err := http.Get("http://" + addr)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	side := rig.StartSidecar(t, "PROTOCOL=opaque", "UPSTREAM_URL=http://"+addr, "JWT_SECRET="+rig.Secret, "IDENTITY_KEY="+key)
	// The first message comes at once, and must not be lost to the check.
	conn, _, err := websocket.Dial(t.Context(), side.URL("/"), &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + rig.Token(t, "ada", time.Hour, nil)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, said, err := conn.Read(t.Context()); err != nil || string(said) != "ada (valid) said hello" {
		t.Errorf("%q, %v", said, err)
	}
	if _, resp, err := websocket.Dial(t.Context(), "ws://"+addr, nil); err == nil || resp == nil || resp.StatusCode != 401 {
		t.Errorf("past the sidecar: %v", err)
	}
}
