package kube_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// container is a running container of the image.
type container struct {
	*rig.Process
	state func() (pid int)
	exec  func(command ...any) output // in the container, as its user
}

// start runs the image with runc as strictly as a cluster would: as the image's
// user, without a capability, on a read-only root. The network is this
// machine's, so that the test can call.
func (img image) start(t *testing.T, p pod, args ...string) container {
	t.Helper()
	dir := t.TempDir()
	must(t, nil, "runc", "spec", "-b", dir)
	path := filepath.Join(dir, "config.json")
	var spec object
	load(t, path, &spec)
	img.restrict(t, spec, p, args)
	text, err := json.Marshal(spec)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("syncward-%d-%d", os.Getpid(), time.Now().UnixNano())
	runc := []string{"runc", "--root", filepath.Join(dir, "state")}
	t.Cleanup(func() { run(t, nil, append(runc, "delete", "--force", id)...) }) // only where the test failed
	c := container{Process: rig.Start(t, "runc", dir, nil, append(runc, "run", id)...)}
	c.exec = func(command ...any) output {
		argv := append(slices.Clone(runc), "exec", id)
		for _, word := range command {
			argv = append(argv, word.(string))
		}
		return run(t, nil, argv...)
	}
	c.state = func() int {
		var s struct{ Pid int }
		if err := json.Unmarshal([]byte(must(t, nil, append(runc, "state", id)...)), &s); err != nil || s.Pid == 0 {
			t.Fatalf("no state of the container: %v", err)
		}
		return s.Pid
	}
	return c
}

// restrict changes the runtime's default specification into ours.
func (img image) restrict(t *testing.T, spec object, p pod, args []string) {
	t.Helper()
	if len(args) == 0 {
		args = img.Config.Cmd
	}
	var uid, gid int
	if _, err := fmt.Sscanf(img.Config.User, "%d:%d", &uid, &gid); err != nil {
		t.Fatalf("the image's user %q: %v", img.Config.User, err)
	}
	process := spec.at("process")
	process["terminal"], process["noNewPrivileges"] = false, true
	process["args"] = append(img.Config.Entrypoint, args...)
	process["env"] = append(img.Config.Env, p.environ()...)
	process["user"] = object{"uid": uid, "gid": gid}
	process["capabilities"] = object{}
	spec["root"] = object{"path": img.rootfs, "readonly": true}
	mounts := []any{}
	for _, m := range spec.list("mounts") {
		if m.text("type") != "cgroup" { // not needed, and not to be had on every machine
			mounts = append(mounts, m)
		}
	}
	for path, source := range p.mounts {
		mounts = append(mounts, object{"destination": path, "type": "bind", "source": source, "options": []string{"bind", "ro"}})
	}
	spec["mounts"] = mounts
	namespaces := []object{}
	for _, n := range spec.at("linux").list("namespaces") {
		if n.text("type") != "network" {
			namespaces = append(namespaces, n)
		}
	}
	spec.at("linux")["namespaces"] = namespaces
}

// UnmarshalJSON makes objects of all that is inside.
func (o *object) UnmarshalJSON(text []byte) error {
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	*o = objects(plain).(object)
	return nil
}

// objects turns maps into objects, all the way down.
func objects(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := object{}
		for name, value := range v {
			o[name] = objects(value)
		}
		return o
	case []any:
		for i := range v {
			v[i] = objects(v[i])
		}
	}
	return v
}

// status answers a GET.
func status(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: rig.Patience}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTheImageRunsAsTheChartSaysRestrictedReadOnlyAndEndsWithZero(t *testing.T) {
	rig.Require(t)
	img := imageOf(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you are %s", r.Header.Get("X-Sync-User-Id"))
	}))
	t.Cleanup(upstream.Close)
	u, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := podFor(t, template(t, "-f", valuesOf("observe"), "--set",
		"jwt.existingSecret=sync-keys,jwt.secretKey=jwt,config.DRAIN_DELAY=0s,config.DRAIN_PERIOD=0s,upstream.port="+u.Port()))
	p.env["LISTEN_ADDR"], p.env["ADMIN_ADDR"] = rig.FreeAddr(t), rig.FreeAddr(t) // the network is shared
	client, admin := "http://"+p.env["LISTEN_ADDR"], "http://"+p.env["ADMIN_ADDR"]

	c := img.start(t, p)
	rig.WaitHTTP(t, c.Process, admin+"/healthz")
	rig.WaitHTTP(t, c.Process, admin+"/readyz")
	isRestricted(t, c.state())

	if code, body := status(t, client+"/"); code != http.StatusOK || body != "you are anonymous" {
		t.Errorf("observe answered %d %q, want the upstream's answer to anonymous", code, body)
	}
	project(t, p.mounts["/etc/syncward/flags"], map[string]string{"flags.yaml": "authMode: enforce\n"})
	rig.Eventually(t, "the changed flags enforce", func() bool {
		code, _ := status(t, client+"/")
		return code == http.StatusUnauthorized
	})

	c.Stop()
	if err := c.Wait(t, time.Second); err != nil {
		t.Errorf("SIGTERM ended it with %v, want status 0", err)
	}
	if !strings.Contains(c.Output(), `"drained"`) {
		t.Error("it did not drain")
	}
}

// The image has no shell and no writable folder, its network is shared with
// other users' processes, and yet the chart's hook finds its own sidecar.
func TestTheHookOfTheChartDrainsInTheRestrictedContainer(t *testing.T) {
	rig.Require(t)
	img := imageOf(t)
	m := template(t, "-f", valuesOf("observe"), "--set", "config.DRAIN_DELAY=1s,config.DRAIN_PERIOD=0s")
	p := podFor(t, m)
	p.env["LISTEN_ADDR"], p.env["ADMIN_ADDR"] = rig.FreeAddr(t), rig.FreeAddr(t) // the network is shared
	c := img.start(t, p)
	rig.WaitHTTP(t, c.Process, "http://"+p.env["ADMIN_ADDR"]+"/readyz")

	hook := m.sidecar(t).at("lifecycle", "preStop", "exec")["command"].([]any)
	out := c.exec(hook...)
	if out.err != nil || out.stdout != "drained\n" {
		t.Errorf("the hook ended with %v: %s%s", out.err, out.stdout, out.stderr)
	}
	if err := c.Wait(t, rig.Patience); err != nil {
		t.Errorf("the drained sidecar ended with %v, want status 0", err)
	}
}

// isRestricted looks at a process from outside, where the kernel says what it
// may do.
func isRestricted(t *testing.T, pid int) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := strings.ReplaceAll(read("status"), "\t", " ")
	for _, want := range []string{
		"Uid: 65532 65532 65532 65532", "Gid: 65532 65532 65532 65532", "NoNewPrivs: 1",
		"CapInh: 0000000000000000", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapBnd: 0000000000000000", "CapAmb: 0000000000000000",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("the process's status lacks %q:\n%s", want, text)
		}
	}
	for line := range strings.Lines(read("mounts")) {
		if f := strings.Fields(line); f[1] == "/" && !strings.HasPrefix(f[3]+",", "ro,") {
			t.Errorf("the root is writable: %s", line)
		}
	}
}

func TestTheImageKnowsItsVersion(t *testing.T) {
	rig.Require(t)
	c := imageOf(t).start(t, pod{}, "version")
	if err := c.Wait(t, rig.Patience); err != nil {
		t.Fatalf("version ended with %v:\n%s", err, c.Output())
	}
	for _, want := range []string{"syncward " + imageVersion + "\n", "commit " + imageCommit + "\n"} {
		if !strings.Contains(c.Output(), want) {
			t.Errorf("version does not say %q:\n%s", want, c.Output())
		}
	}
}

func TestTheImageServesUnlessToldOtherwise(t *testing.T) {
	rig.Require(t)
	c := imageOf(t).start(t, pod{})
	if err := c.Wait(t, rig.Patience); err == nil || err.Error() != "exit status 1" {
		t.Errorf("without a configuration it ended with %v, want exit status 1", err)
	}
	if !strings.Contains(c.Output(), "UPSTREAM_URL") {
		t.Errorf("it does not name the missing variable:\n%s", c.Output())
	}
}
