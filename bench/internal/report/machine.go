package report

import (
	"bytes"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ThisMachine returns what is measured on, and the load average of the last
// minute, other work included.
func ThisMachine() (m Machine, load string) {
	text, _ := os.ReadFile("/proc/cpuinfo") // unreadable: the model is unknown
	m = Machine{CPU: cpuModel(text), Cores: runtime.NumCPU(), Kernel: "unknown"}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	average, _ := os.ReadFile("/proc/loadavg")
	load, _, _ = strings.Cut(string(average), " ")
	return m, load
}

// cpuModel finds the first "model name" in a cpuinfo.
func cpuModel(cpuinfo []byte) string {
	for line := range bytes.Lines(cpuinfo) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && string(bytes.TrimSpace(name)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return "an unknown CPU"
}
