package kube_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// keys are the Secrets of the tests: by name, then by entry.
var keys = map[string]map[string]string{"sync-keys": {
	"jwt":            rig.Secret,
	"jwt-previous":   "the-secret-before-0123456789abcdefghi",
	"identity":       "a-key-for-assertions-0123456789abcdef",
	"public":         publicKey,
	"upstream-token": "what-the-legacy-insists-on",
}}

// publicKey is one that nobody has the private half of.
const publicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`

// pod is what a kubelet would give the sidecar.
type pod struct {
	env    map[string]string
	mounts map[string]string // folder of this machine, by mount path
}

// podFor does for the sidecar what a kubelet does: it writes ConfigMaps and
// Secrets into folders and looks up the variables.
func podFor(t testing.TB, m manifests) pod {
	t.Helper()
	p := pod{env: map[string]string{}, mounts: map[string]string{}}
	for _, v := range m.sidecar(t).list("env") {
		value := v.text("value")
		if ref := v.at("valueFrom", "secretKeyRef"); ref != nil {
			value = secret(t, ref.text("name"), ref.text("key"))
		}
		if _, twice := p.env[v.text("name")]; twice {
			t.Errorf("%s is set twice", v.text("name"))
		}
		p.env[v.text("name")] = value
	}
	for _, mount := range m.sidecar(t).list("volumeMounts") {
		p.mounts[mount.text("mountPath")] = p.volume(t, m, mount.text("name"))
	}
	return p
}

// volume writes one volume and returns its folder.
func (p pod) volume(t testing.TB, m manifests, name string) string {
	t.Helper()
	v, files := named(t, m.pod().list("volumes"), name), map[string]string{}
	for name, text := range m["ConfigMap"].at("data") {
		if v["configMap"] != nil {
			files[name] = text.(string)
		}
	}
	for _, item := range v.at("secret").list("items") {
		files[item.text("path")] = secret(t, v.at("secret").text("secretName"), item.text("key"))
	}
	if len(files) == 0 {
		t.Fatalf("the volume %s would be empty", name)
	}
	dir := t.TempDir()
	project(t, dir, files)
	return dir
}

// secret returns an entry of a Secret.
func secret(t testing.TB, name, key string) string {
	t.Helper()
	value, ok := keys[name][key]
	if !ok {
		t.Fatalf("the pod asks for entry %q of Secret %q, which is not there", key, name)
	}
	return value
}

// project writes files into dir as a kubelet does: through a symbolic link to a
// folder, which is swapped, so that all change at once.
func project(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	fresh, err := os.MkdirTemp(dir, "..data_")
	if err == nil {
		err = os.Chmod(fresh, 0o755)
	}
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, name), []byte(text), 0o644)
		}
		link := filepath.Join(dir, name)
		if _, missing := os.Lstat(link); err == nil && missing != nil {
			err = os.Symlink(filepath.Join("..data", name), link)
		}
	}
	if err == nil {
		err = os.Symlink(filepath.Base(fresh), filepath.Join(dir, "..data_tmp"))
	}
	if err == nil {
		err = os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// environ returns the variables as a list, sorted.
func (p pod) environ() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p.env)) {
		list = append(list, name+"="+p.env[name])
	}
	return list
}

// outside has the variables name our folders in place of the mount paths, for
// a process that is in no container.
func (p pod) outside() {
	for name, value := range p.env {
		for path, dir := range p.mounts {
			if rest, below := strings.CutPrefix(value, path+"/"); below {
				p.env[name] = filepath.Join(dir, rest)
			}
		}
	}
}
