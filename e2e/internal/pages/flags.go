package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Flags is a FLAGS_FILE.
type Flags struct {
	Path string

	t testing.TB
}

// NewFlags writes one that says enforce.
func NewFlags(t testing.TB) *Flags {
	t.Helper()
	f := &Flags{Path: filepath.Join(t.TempDir(), "flags.yaml"), t: t}
	f.write("enforce")
	return f
}

// Flip changes the mode as a ConfigMap does, and returns when it is in force.
func (f *Flags) Flip(side *rig.Sidecar, mode string) {
	f.write(mode)
	rig.Eventually(f.t, "mode "+mode, func() bool {
		return strings.Contains(side.Get(f.t, "/metrics"), `syncward_auth_mode{mode="`+mode+`"} 1`)
	})
}

func (f *Flags) write(mode string) {
	next := f.Path + ".next"
	if err := os.WriteFile(next, []byte("authMode: "+mode+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(next, f.Path); err != nil {
		f.t.Fatal(err)
	}
}
