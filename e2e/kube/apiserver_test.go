package kube_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// namespace is where everything is installed; see testdata/namespace.yaml.
const namespace = "sync"

// cluster is a running kube-apiserver.
type cluster struct {
	env     []string
	kubectl string
}

// startCluster starts an API server of our own, which ends with the test, and
// makes the namespace.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	env := []string{fmt.Sprintf("KUBE_RIG_NAME=syncward-%d", os.Getpid()), "KUBE_RIG_TTL=900"}
	t.Cleanup(func() { // also after a start that failed half way
		if o := run(t, env, kubeRig("api-down")...); o.err != nil {
			t.Errorf("api-down: %v\n%s", o.err, o.stderr)
		}
	})
	config := strings.TrimSpace(must(t, env, kubeRig("api-up")...))
	bin := strings.TrimSpace(must(t, nil, kubeRig("bin")...))
	c := &cluster{env: []string{"KUBECONFIG=" + config}, kubectl: filepath.Join(bin, "kubectl")}
	must(t, c.env, c.kubectl, "apply", "-f", rig.E2E("kube", "testdata", "namespace.yaml"))
	return c
}

// ctl runs kubectl in the namespace.
func (c *cluster) ctl(t *testing.T, args ...string) output {
	t.Helper()
	return run(t, c.env, append([]string{c.kubectl, "-n", namespace}, args...)...)
}

// helm runs helm in the namespace.
func (c *cluster) helm(t *testing.T, args ...string) output {
	t.Helper()
	return run(t, c.env, helm(append(args, "-n", namespace)...)...)
}

// get returns one field of an object.
func (c *cluster) get(t *testing.T, what, path string) string {
	t.Helper()
	o := c.ctl(t, "get", what, "-o", "jsonpath={"+path+"}")
	if o.err != nil {
		t.Fatalf("get %s: %s", what, o.stderr)
	}
	return o.stdout
}

// apply has the server judge text, under the field validation that refuses
// what it does not know.
func (c *cluster) apply(t *testing.T, text string) output {
	t.Helper()
	path := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c.ctl(t, "apply", "--dry-run=server", "--validate=strict", "-f", path)
}

// podOf makes a Pod of the Deployment's template: only a Pod is held to the
// Pod Security Standard, and no controller is here to make one.
func podOf(t *testing.T, m manifests) string {
	t.Helper()
	pod, err := yaml.Marshal(object{"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "one"}, "spec": m.pod()})
	if err != nil {
		t.Fatal(err)
	}
	return string(pod)
}

func TestARealAPIServer(t *testing.T) {
	rig.Require(t)
	c := startCluster(t)
	t.Run("takes every manifest", func(t *testing.T) { c.takesManifests(t) })
	t.Run("refuses what it does not know", func(t *testing.T) { c.refusesUnknown(t) })
	t.Run("admits the pods under the restricted standard", func(t *testing.T) { c.admitsPods(t) })
	t.Run("installs, upgrades and rolls back", func(t *testing.T) { c.installs(t) })
	t.Run("is told the next step", func(t *testing.T) { c.tellsNextStep(t) })
}

func (c *cluster) takesManifests(t *testing.T) {
	for _, name := range installations {
		o := c.apply(t, must(t, nil, helm("template", "rel", chart(), "-n", namespace, "-f", valuesOf(name))...))
		if o.err != nil {
			t.Errorf("%s: %s", name, o.stderr)
		}
		if o.stderr != "" { // the namespace warns of what breaks the restricted standard
			t.Errorf("%s: the server warns: %s", name, o.stderr)
		}
		if n := strings.Count(o.stdout, "server dry run"); n != 3 {
			t.Errorf("%s: %d objects were judged, want 3:\n%s", name, n, o.stdout)
		}
	}
}

// refusesUnknown is the control: what the test above passes is worth nothing
// where the server takes everything.
func (c *cluster) refusesUnknown(t *testing.T) {
	m := template(t, "-f", valuesOf("observe"))
	m.pod()["terminationGracePeriod"] = 60
	deployment, err := yaml.Marshal(m["Deployment"])
	if err != nil {
		t.Fatal(err)
	}
	c.apply(t, string(deployment)).refused(t, `unknown field "spec.template.spec.terminationGracePeriod"`)
}

func (c *cluster) admitsPods(t *testing.T) {
	for _, name := range installations {
		if o := c.apply(t, podOf(t, template(t, "-f", valuesOf(name)))); o.err != nil || o.stderr != "" {
			t.Errorf("%s: %v %s", name, o.err, o.stderr)
		}
	}
	loose := template(t, "-f", valuesOf("observe"), "--set", "upstream.securityContext.allowPrivilegeEscalation=true")
	c.apply(t, podOf(t, loose)).refused(t, `violates PodSecurity "restricted`, `container "upstream"`)
}

// installs goes through the life of an installation. The generation counts the
// changes of a Deployment's spec: where it stays, no pod restarts.
func (c *cluster) installs(t *testing.T) {
	upgrade := func(more ...string) output {
		return c.helm(t, append([]string{"upgrade", "--install", "rel", chart(), "-f", valuesOf("enforce")}, more...)...)
	}
	steps := []struct {
		what       string
		do         func() output
		mode       string
		generation string
	}{
		{"install", func() output { return upgrade("--set", "authMode=observe") }, "observe", "1"},
		{"enforce", func() output { return upgrade("--set", "authMode=enforce,enforcePercent=100") }, "enforce", "1"},
		{"roll back", func() output { return c.helm(t, "rollback", "rel", "1") }, "observe", "1"},
		{"another image", func() output { return upgrade("--set", "image.tag=other") }, "enforce", "2"},
	}
	for _, s := range steps {
		if o := s.do(); o.err != nil {
			t.Fatalf("%s: %s", s.what, o.stderr)
		}
		if got := c.get(t, "configmap/rel-flags", `.data.flags\.yaml`); !strings.HasPrefix(got, "authMode: "+s.mode+"\n") {
			t.Errorf("%s: the flags are %q, want mode %s", s.what, got, s.mode)
		}
		if got := c.get(t, "deployment/rel", ".metadata.generation"); got != s.generation {
			t.Errorf("%s: the Deployment is of generation %s, want %s", s.what, got, s.generation)
		}
	}
	if o := upgrade("--set", "upstream.port=15090"); o.err == nil {
		t.Error("the upstream was given the admin port")
	}
	if o := c.helm(t, "uninstall", "rel"); o.err != nil {
		t.Fatal(o.stderr)
	}
	if left := c.ctl(t, "get", "deployments,services,configmaps", "-l", "app.kubernetes.io/instance=rel", "-o", "name"); left.stdout != "" {
		t.Errorf("left behind: %s", left.stdout)
	}
}

func (c *cluster) tellsNextStep(t *testing.T) {
	for _, s := range []struct {
		name, set string
		want      []string
	}{
		{"no key", "authMode=observe", []string{"in mode observe", "--set jwt.existingSecret=sync-keys"}},
		{"observe", "jwt.existingSecret=k", []string{"syncward_auth_observed_refusals_total", "--set authMode=enforce"}},
		{"a share", "jwt.existingSecret=k,authMode=enforce,enforcePercent=5", []string{"5 % of the users: that protects nothing", "--set authMode=observe"}},
		{"off", "authMode=off", []string{"inspects nothing", "--set authMode=observe"}},
	} {
		o := c.helm(t, "install", "rel", chart(), "--dry-run=client", "-f", valuesOf("observe"), "--set", s.set)
		if o.err != nil {
			t.Fatalf("%s: %s", s.name, o.stderr)
		}
		_, notes, _ := strings.Cut(o.stdout, "NOTES:")
		for _, want := range append(s.want, "annotate pod -l app.kubernetes.io/instance=rel") {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: the notes do not say %q:\n%s", s.name, want, notes)
			}
		}
	}
}
