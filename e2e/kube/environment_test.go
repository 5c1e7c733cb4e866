package kube_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// binary builds syncward once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(rig.Root(), ".cache", "bin", "syncward-kube")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/syncward")
	cmd.Dir = rig.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/syncward: %w\n%s", err, out)
	}
	return path, nil
})

// verdict is what `syncward check --json` says.
type verdict struct {
	OK        bool
	Variables []struct{ Variable, Value, Origin string }
	Faults    []struct{ Variable, Text string }
	Probes    []struct {
		Name   string
		OK     bool
		Detail string
	}
}

// check runs `syncward check` with these variables and no others.
func check(t testing.TB, environ []string) verdict {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "check", "--json")
	cmd.Env = environ
	out, _ := cmd.Output() // its exit code says no more than OK
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("check --json: %v\n%s", err, out)
	}
	return v
}

// names returns the variables that check knows.
func (v verdict) names() []string {
	var all []string
	for _, s := range v.Variables {
		all = append(all, s.Variable)
	}
	return all
}

// listener accepts connections and answers nothing: the upstream of check.
func listener(t testing.TB) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestServeWouldStartWithWhatTheChartSets(t *testing.T) {
	rig.Require(t)
	for _, c := range []struct{ installation, set, mode string }{
		{"observe", "protocol=json", "observe"},
		{"observe", "protocol=opaque", "observe"},
		{"observe", "authMode=off", "off"},
		{"observe", "jwt.existingSecret=sync-keys,jwt.secretKey=jwt,authMode=enforce", "enforce"},
		{"observe", "jwt.existingSecret=sync-keys,jwt.secretKey=,jwt.publicKey=public,authMode=enforce", "enforce"},
		{"enforce", "jwt.publicKey=public", "enforce"},
		{"enforce", "protocol=livestore", "enforce"},
		{"enforce", "authMode=off,config.REVOCATION_STORE=nats,config.NATS_URL=nats://nats:4222,nats.existingSecret=sync-keys,nats.credsKey=jwt,nats.caKey=jwt,nats.certKey=jwt,nats.keyKey=jwt", "off"},
		{"enforce", "jwt.gracePeriod=0,authMode=observe", "observe"},
	} {
		t.Run(c.installation+","+c.set, func(t *testing.T) {
			port := listener(t)
			p := podFor(t, template(t, "-f", valuesOf(c.installation), "--set", fmt.Sprintf("%s,upstream.port=%d", c.set, port)))
			if got, want := p.env["UPSTREAM_URL"], fmt.Sprintf("http://127.0.0.1:%d", port); got != want {
				t.Errorf("UPSTREAM_URL is %q, want %q", got, want)
			}
			p.outside()
			p.env["LISTEN_ADDR"], p.env["ADMIN_ADDR"] = rig.FreeAddr(t), rig.FreeAddr(t)
			v := check(t, p.environ())
			if !v.OK {
				t.Errorf("serve would not start, or not work: %+v %+v", v.Faults, v.Probes)
			}
			for name := range p.env {
				if !slices.Contains(v.names(), name) {
					t.Errorf("the chart sets %s, which serve does not know", name)
				}
			}
			for _, s := range v.Variables {
				if s.Variable == "AUTH_MODE" && (s.Value != c.mode || s.Origin != "flags file") {
					t.Errorf("the mode is %s by the %s, want %s by the flags file", s.Value, s.Origin, c.mode)
				}
			}
		})
	}
}

// notInConfig are the variables of serve that `config` must not take.
var notInConfig = map[string]string{
	"LISTEN_ADDR": "a port of the chart's own", "ADMIN_ADDR": "a port of the chart's own",
	"UPSTREAM_URL": "upstream.port", "PROTOCOL": "protocol", "FLAGS_FILE": "the chart's ConfigMap",
	"REQUIRE_AUTH": "authMode", "AUTH_MODE": "authMode", "ENFORCE_PERCENT": "enforcePercent", "LOG_LEVEL": "logLevel",
	"JWT_SECRET": "jwt.existingSecret", "JWT_ISSUER": "jwt.issuer", "JWT_AUDIENCE": "jwt.audience",
	"JWT_GRACE_PERIOD": "jwt.gracePeriod", "IDENTITY_KEY": "identity.existingSecret",
	"JWT_PREVIOUS_SECRET": "secretConfig", "IDENTITY_PREVIOUS_KEY": "secretConfig", "UPSTREAM_AUTH_TOKEN": "secretConfig",
	"ADMIN_TOKEN": "secretConfig", "REVOCATION_FILE": "no value mounts a writable volume yet",
	"NATS_CREDS_FILE": "nats.existingSecret", "NATS_CA_FILE": "nats.existingSecret",
	"NATS_CERT_FILE": "nats.existingSecret", "NATS_KEY_FILE": "nats.existingSecret",
	"DEV_MODE": "development", "INSECURE_DEV_MODE_ANYWHERE": "development",
	"UPSTREAM_CA_FILE": "the upstream is in the pod: no TLS", "UPSTREAM_CERT_FILE": "the same", "UPSTREAM_KEY_FILE": "the same",
	"TLS_CERT_FILE": "no value mounts it yet", "TLS_KEY_FILE": "no value mounts it yet",
	"JWT_PUBLIC_KEY_FILE": "jwt.publicKey",
	"DRAIN_SOCKET":        "the hook finds the default, which needs no writable folder",
}

func TestTheSchemaTakesExactlyTheVariablesOfServe(t *testing.T) {
	rig.Require(t)
	text, err := os.ReadFile(chart("values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Config, SecretConfig struct{ PropertyNames struct{ Enum []string } }
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var config, secrets []string
	for _, name := range check(t, nil).names() {
		switch notInConfig[name] {
		case "":
			config = append(config, name)
		case "secretConfig":
			secrets = append(secrets, name)
		}
	}
	for what, lists := range map[string][2][]string{
		"config":       {config, schema.Properties.Config.PropertyNames.Enum},
		"secretConfig": {secrets, schema.Properties.SecretConfig.PropertyNames.Enum},
	} {
		want, got := slices.Sorted(slices.Values(lists[0])), slices.Sorted(slices.Values(lists[1]))
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s takes\n  %s\nserve knows, but for notInConfig,\n  %s", what, strings.Join(got, " "), strings.Join(want, " "))
		}
	}
}
