package kube_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// installations are the two that the chart's own folder describes: one says
// the least, the other everything.
var installations = []string{"observe", "enforce"}

func valuesOf(installation string) string { return chart("ci", installation+"-values.yaml") }

func TestTheChartPassesTheStrictLint(t *testing.T) {
	rig.Require(t)
	for _, name := range installations {
		must(t, nil, helm("lint", "--strict", "--quiet", chart(), "-f", valuesOf(name))...)
	}
	run(t, nil, helm("lint", "--strict", chart())...).refused(t) // no upstream.image: the lint sees the schema
}

func TestGoldenManifests(t *testing.T) {
	rig.Require(t)
	for _, name := range installations {
		same(t, rig.E2E("kube", "testdata", name+".yaml"),
			must(t, nil, helm("template", "rel", chart(), "-f", valuesOf(name))...))
	}
}

func TestAChangeOfTheFlagsLeavesThePodsAlone(t *testing.T) {
	rig.Require(t)
	args := []string{"-f", valuesOf("enforce")}
	before := template(t, args...)
	after := template(t, append(args, "--set", "authMode=off,enforcePercent=7,logLevel=debug")...)
	if !reflect.DeepEqual(before["Deployment"], after["Deployment"]) {
		t.Error("other flags make another Deployment: its pods would restart and drop their connections")
	}
	const want = "authMode: off\nenforcePercent: 7\nlogLevel: debug\n"
	if got := after["ConfigMap"].at("data").text("flags.yaml"); got != want {
		t.Errorf("the flags are %q, want %q", got, want)
	}
}

func TestTheFlagsAreMountedAsAFolderThatFollowsChanges(t *testing.T) {
	rig.Require(t)
	for _, name := range installations {
		text := must(t, nil, helm("template", "rel", chart(), "-f", valuesOf(name))...)
		m := parse(t, text)
		volume := named(t, m.pod().list("volumes"), "flags")
		if got, want := volume.at("configMap").text("name"), m["ConfigMap"].at("metadata").text("name"); got != want {
			t.Errorf("%s: the volume is of ConfigMap %q, the flags are in %q", name, got, want)
		}
		mount := named(t, m.sidecar(t).list("volumeMounts"), "flags")
		if got := mount.text("mountPath"); got != "/etc/syncward/flags" {
			t.Errorf("%s: the flags are mounted at %q", name, got)
		}
		for _, c := range append(m.pod().list("initContainers"), m.pod().list("containers")...) {
			for _, mount := range c.list("volumeMounts") {
				if mount["subPath"] != nil || mount["subPathExpr"] != nil {
					t.Errorf("%s: %v is mounted by subPath and would follow no change", name, mount)
				}
			}
		}
	}
}

func TestTheSidecarIsNativeAndProbedOnTheAdminPort(t *testing.T) {
	rig.Require(t)
	side := template(t, "-f", valuesOf("observe")).sidecar(t)
	if got := side.text("restartPolicy"); got != "Always" {
		t.Errorf("restartPolicy is %q: no native sidecar", got)
	}
	for probe, path := range map[string]string{"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"} {
		get := side.at(probe, "httpGet")
		if get.text("path") != path || get.text("port") != "admin" {
			t.Errorf("%s asks %v, want %s on the port admin", probe, get, path)
		}
	}
	if got := fmt.Sprint(named(t, side.list("ports"), "admin")["containerPort"]); got != "15090" {
		t.Errorf("the port admin is %s", got)
	}
}

func TestTheServiceShowsTheSidecarAlone(t *testing.T) {
	rig.Require(t)
	ports := template(t, "-f", valuesOf("enforce"))["Service"].at("spec").list("ports")
	if len(ports) != 1 || ports[0].text("targetPort") != "sync" {
		t.Errorf("the Service leads to %v, want the port sync and nothing else", ports)
	}
}

func TestTheImageIsTheChartsOwnVersionUnlessSaidOtherwise(t *testing.T) {
	rig.Require(t)
	version := parse(t, must(t, nil, helm("show", "chart", chart())...))[""].text("appVersion")
	for set, want := range map[string]string{"": "r:" + version, ",image.tag=t": "r:t"} {
		side := template(t, "-f", valuesOf("observe"), "--set", "image.repository=r"+set).sidecar(t)
		if got := side.text("image"); got != want {
			t.Errorf("the image is %q, want %q", got, want)
		}
	}
}

func TestTheUpstreamIsAsRestrictedAsItsOwnerLets(t *testing.T) {
	rig.Require(t)
	context := template(t, "-f", valuesOf("enforce"), "--set", "upstream.securityContext.runAsNonRoot=false").upstream(t).at("securityContext")
	for key, want := range map[string]any{
		"runAsNonRoot":             false, // said otherwise
		"runAsUser":                1000,  // said besides
		"allowPrivilegeEscalation": false, // left as it was
	} {
		if context[key] != want {
			t.Errorf("%s is %v, want %v", key, context[key], want)
		}
	}
	if got := fmt.Sprint(context.at("capabilities")["drop"]); got != "[ALL]" {
		t.Errorf("of its capabilities %s are dropped", got)
	}
}
