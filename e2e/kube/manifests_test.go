package kube_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is a Kubernetes object, or a part of one.
type object map[string]any

// at returns the object under the names.
func (o object) at(names ...string) object {
	for _, name := range names {
		o, _ = o[name].(object)
	}
	return o
}

// list returns the objects of the list called name.
func (o object) list(name string) []object {
	var all []object
	items, _ := o[name].([]any)
	for _, item := range items {
		one, _ := item.(object)
		all = append(all, one)
	}
	return all
}

// text returns the string called name.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// named returns the object with that name.
func named(t testing.TB, list []object, name string) object {
	t.Helper()
	for _, o := range list {
		if o.text("name") == name {
			return o
		}
	}
	t.Fatalf("nothing is named %s", name)
	return nil
}

// manifests are what the chart makes, by kind.
type manifests map[string]object

// template renders the chart.
func template(t testing.TB, args ...string) manifests {
	t.Helper()
	return parse(t, must(t, nil, helm(append([]string{"template", "rel", chart()}, args...)...)...))
}

// parse reads a YAML stream with one object of each kind.
func parse(t testing.TB, text string) manifests {
	t.Helper()
	all := manifests{}
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o object
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		case all[o.text("kind")] != nil:
			t.Fatalf("two of kind %s", o.text("kind"))
		}
		all[o.text("kind")] = o
	}
}

// pod returns the Deployment's pod.
func (m manifests) pod() object { return m["Deployment"].at("spec", "template", "spec") }

// sidecar returns the sidecar's container.
func (m manifests) sidecar(t testing.TB) object {
	t.Helper()
	return named(t, m.pod().list("initContainers"), "syncward")
}

// upstream returns the sync server's container.
func (m manifests) upstream(t testing.TB) object {
	t.Helper()
	return named(t, m.pod().list("containers"), "upstream")
}
