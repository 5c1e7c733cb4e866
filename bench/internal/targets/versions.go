package targets

import (
	"context"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/syncward/syncward/bench/internal/report"
)

// number is a version in a program's answer.
var number = regexp.MustCompile(`v?\d+\.\d+[\w.+~-]*`)

// Versions asks each program for its version.
func Versions(ctx context.Context, syncward string) []report.Version {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list := []report.Version{
		{Name: "Syncward", Version: answer(ctx, regexp.MustCompile(`syncward (\S+)`), syncward, "version")},
		{Name: "Go", Version: runtime.Version()},
		{Name: "nginx", Version: answer(ctx, number, "nginx", "-v")},
		{Name: "HAProxy", Version: answer(ctx, number, "haproxy", "-v")},
		{Name: "Caddy", Version: answer(ctx, number, "caddy", "version")},
	}
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/koding/websocketproxy", "github.com/golang-jwt/jwt/v5":
			list = append(list, report.Version{Name: dep.Path, Version: dep.Version})
		}
	}
	return list
}

// answer returns what pattern finds in a command's output: its last group.
func answer(ctx context.Context, pattern *regexp.Regexp, command ...string) string {
	if _, err := exec.LookPath(command[0]); err != nil {
		return "not installed"
	}
	output, _ := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput() // no answer: unknown
	found := pattern.FindSubmatch(output)
	if found == nil {
		return "unknown"
	}
	return string(found[len(found)-1])
}
