package kube_test

import (
	"archive/tar"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// What the image of the tests says of itself.
const (
	imageVersion = "v0.0.0-test"
	imageCommit  = "0123456789abcdef"
	imageLimit   = 25 << 20 // bytes, unpacked: what a node stores
)

// image is a built image, unpacked.
type image struct {
	size   int64 // bytes of its layers
	files  map[string]os.FileMode
	rootfs string
	Config struct {
		User       string
		Env        []string
		Entrypoint []string
		Cmd        []string
		Labels     map[string]string
	} `json:"config"`
}

var built struct {
	sync.Once
	path string
	out  output
}

// imageOf builds the image, once, and unpacks it for this test.
func imageOf(t testing.TB) image {
	t.Helper()
	requireRoot(t)
	built.Do(func() {
		built.path = filepath.Join(rig.Root(), ".cache", "kube", fmt.Sprintf("syncward-%d.tar", os.Getpid()))
		if err := os.MkdirAll(filepath.Dir(built.path), 0o755); err != nil {
			t.Fatal(err)
		}
		built.out = run(t, nil, rig.E2E("kube", "image"), "localhost/syncward:test", built.path,
			"--build-arg", "VERSION="+imageVersion, "--build-arg", "COMMIT="+imageCommit)
	})
	if built.out.err != nil {
		t.Fatalf("the image cannot be built: %v\n%s%s", built.out.err, built.out.stdout, built.out.stderr)
	}
	return unpack(t, built.path)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.Remove(built.path)
	}
	os.Exit(code)
}

// unpack reads a docker-archive: a manifest, the configuration it names, and
// the layers.
func unpack(t testing.TB, archive string) image {
	t.Helper()
	dir, img := t.TempDir(), image{rootfs: filepath.Join(t.TempDir(), "rootfs"), files: map[string]os.FileMode{}}
	untar(t, archive, dir)
	var manifest []struct {
		Config string
		Layers []string
	}
	load(t, filepath.Join(dir, "manifest.json"), &manifest)
	if len(manifest) != 1 {
		t.Fatalf("%d images in the archive", len(manifest))
	}
	load(t, filepath.Join(dir, manifest[0].Config), &img)
	for _, layer := range manifest[0].Layers {
		info, err := os.Stat(filepath.Join(dir, layer))
		if err != nil {
			t.Fatal(err)
		}
		img.size += info.Size()
		maps.Copy(img.files, untar(t, filepath.Join(dir, layer), img.rootfs))
	}
	return img
}

// load reads a JSON file.
func load(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// untar unpacks the regular files into dir and returns their modes by name.
// Anything but files, folders and links fails the test.
func untar(t testing.TB, path, dir string) map[string]os.FileMode {
	t.Helper()
	files := map[string]os.FileMode{}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatalf("%s: %q: %v", path, h.Name, err)
		}
		switch h.Typeflag {
		case tar.TypeReg:
			files[h.Name] = h.FileInfo().Mode()
			err = extract(filepath.Join(dir, h.Name), h.FileInfo().Mode().Perm(), r)
		case tar.TypeDir, tar.TypeSymlink:
		default:
			t.Fatalf("%s: %q is of type %q", path, h.Name, h.Typeflag)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// extract writes one file and the folders above it.
func extract(path string, mode os.FileMode, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func TestTheImageHoldsTheBinaryAndNextToNothingElse(t *testing.T) {
	rig.Require(t)
	img := imageOf(t)
	want := []string{"LICENSE", "etc/ssl/certs/ca-certificates.crt", "syncward"}
	if got := slices.Sorted(maps.Keys(img.files)); !slices.Equal(got, want) {
		t.Errorf("the image holds %q, want %q", got, want)
	}
	for name, mode := range img.files {
		if mode&(os.ModeSetuid|os.ModeSetgid|0o002) != 0 || mode&0o004 == 0 {
			t.Errorf("%s has mode %v: for everybody to read, for nobody to change", name, mode)
		}
	}
	if img.size > imageLimit {
		t.Errorf("the image has %d bytes, %d are allowed", img.size, imageLimit)
	}
	t.Logf("the image has %.1f MB", float64(img.size)/1e6)
}

func TestTheBinaryInTheImageIsStatic(t *testing.T) {
	rig.Require(t)
	f, err := elf.Open(filepath.Join(imageOf(t).rootfs, "syncward"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a %v segment: scratch holds no loader", p.Type)
		}
	}
	if f.Section(".symtab") != nil {
		t.Error("it has a symbol table that nobody reads")
	}
}

func TestTheImageSaysWhatItIs(t *testing.T) {
	rig.Require(t)
	c := imageOf(t).Config
	if c.User != "65532:65532" {
		t.Errorf("the user is %q", c.User)
	}
	if !slices.Equal(c.Entrypoint, []string{"/syncward"}) || !slices.Equal(c.Cmd, []string{"serve"}) {
		t.Errorf("it runs %q %q", c.Entrypoint, c.Cmd)
	}
	for label, want := range map[string]string{
		"title": "syncward", "licenses": "Apache-2.0", "version": imageVersion, "revision": imageCommit,
		"source": "https://github.com/syncward/syncward", "description": "Authenticates the connections of an unchanged sync server",
	} {
		if got := c.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("the label %s is %q, want %q", label, got, want)
		}
	}
	for _, env := range c.Env {
		if !strings.HasPrefix(env, "PATH=") {
			t.Errorf("it sets %q", env)
		}
	}
}
