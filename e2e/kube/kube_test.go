// Package kube_test tests what runs Syncward in a cluster: the image, as a
// container; the chart, as text, against the binary, and against a real
// kube-apiserver.
//
//	make e2e
//	SYNCWARD_E2E=1 go test ./e2e/kube -run Chart
//	SYNCWARD_E2E=1 go test ./e2e/kube -run Golden -update
//
// No pod runs here: there is an API server, and neither a node nor a controller.
package kube_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

var update = flag.Bool("update", false, "write what is generated: the golden files, the table of values")

// output is what a command has said, and whether it ended with 0.
type output struct {
	stdout, stderr string
	err            error
}

// run runs argv with env on top of ours. It works in a clean-up too, when the
// context of t has ended.
func run(t testing.TB, env []string, argv ...string) output {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*rig.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return output{stdout.String(), stderr.String(), err}
}

// must is run for what has to succeed; it returns standard output.
func must(t testing.TB, env []string, argv ...string) string {
	t.Helper()
	o := run(t, env, argv...)
	if o.err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(argv, " "), o.err, o.stdout, o.stderr)
	}
	return o.stdout
}

// refused fails the test unless the command failed and said each of words.
func (o output) refused(t testing.TB, words ...string) {
	t.Helper()
	if o.err == nil {
		t.Fatalf("was not refused:\n%s", o.stdout)
	}
	for _, word := range words {
		if !strings.Contains(o.stderr, word) {
			t.Errorf("the refusal does not say %q:\n%s", word, o.stderr)
		}
	}
}

// chart returns the chart's folder, or a file in it.
func chart(elem ...string) string {
	return filepath.Join(append([]string{rig.Root(), "charts", "syncward"}, elem...)...)
}

// helm returns the command line of the pinned helm.
func helm(args ...string) []string {
	return append([]string{filepath.Join(rig.Root(), ".cache", "bin", "helm")}, args...)
}

// kubeRig returns the command line of the rig's script.
func kubeRig(args ...string) []string {
	return append([]string{rig.E2E("kube", "rig", "kube-rig")}, args...)
}

// requireRoot skips what needs root on Linux: a container is made here without
// the help of any daemon.
func requireRoot(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux")
	}
}

// same compares text with a committed file, or with -update writes it.
func same(t testing.TB, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == text {
		return
	}
	made := filepath.Join(t.TempDir(), "made")
	if err := os.WriteFile(made, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	diff := run(t, nil, "diff", "-u", path, made)
	t.Errorf("%s is not what is generated now; if that is meant, run the test with -update\n%s", filepath.Base(path), diff.stdout)
}
