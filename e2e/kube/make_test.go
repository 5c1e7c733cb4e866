package kube_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// makeImage runs `make image` on a machine whose only builders are scripts of
// ours, by name.
func makeImage(t *testing.T, builders map[string]string) output {
	t.Helper()
	dir := t.TempDir()
	for name, script := range builders {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return run(t, []string{"PATH=" + dir + ":/usr/bin:/bin", "MAKEFLAGS="}, "make", "-C", rig.Root(), "--no-print-directory",
		"image", "IMAGE=syncward:here", "VERSION=v9", "GO_IMAGE=golang:local")
}

func TestMakeImageTakesTheFirstBuilderThatWorks(t *testing.T) {
	rig.Require(t)
	o := makeImage(t, map[string]string{"docker": "exit 1", "buildah": `echo buildah "$@"`, "podman": `echo podman "$@"`})
	if o.err != nil {
		t.Fatalf("%v\n%s%s", o.err, o.stdout, o.stderr)
	}
	for _, want := range []string{"docker is installed, but does not work", "buildah build -t syncward:here --build-arg GO_IMAGE=golang:local --build-arg VERSION=v9 --build-arg COMMIT="} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, o.stdout)
		}
	}
	if strings.Contains(o.stdout, "podman") {
		t.Error("it went on to the next builder")
	}
}

func TestMakeImagePassesOnThatABuildFailed(t *testing.T) {
	rig.Require(t)
	if o := makeImage(t, map[string]string{"docker": `[ "$1" = info ]`, "podman": "exit 0"}); o.err == nil {
		t.Error("the build failed, and make did not")
	}
}

func TestMakeImageSaysWhatIsMissing(t *testing.T) {
	rig.Require(t)
	o := makeImage(t, map[string]string{"docker": "exit 1", "buildah": "exit 1", "podman": "exit 1"})
	if o.err == nil || !strings.Contains(o.stdout, "The image needs docker, buildah or podman") {
		t.Errorf("%v\n%s", o.err, o.stdout)
	}
}
