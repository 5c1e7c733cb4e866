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

// The table of values stands between these lines of the document.
const (
	tableBegin = "<!-- Generated from charts/syncward/values.yaml: SYNCWARD_E2E=1 go test ./e2e/kube -run Table -update -->\n"
	tableEnd   = "<!-- End of what is generated. -->\n"
)

func TestTheTableOfValuesIsTheCharts(t *testing.T) {
	rig.Require(t)
	text, err := os.ReadFile(chart("values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values yaml.Node
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	table := tableBegin + "\n| value | default | meaning |\n| --- | --- | --- |\n" + rows(t, "", values.Content[0]) + "\n" + tableEnd
	path := filepath.Join(rig.Root(), "docs", "kubernetes.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(doc), tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !begun || !ended {
		t.Fatalf("docs/kubernetes.md has no place for the table: %q, %q", tableBegin, tableEnd)
	}
	same(t, path, before+table+after)
}

// rows describes the values of a mapping, one a line, and fails the test where
// one of them has no comment.
func rows(t *testing.T, prefix string, mapping *yaml.Node) (table string) {
	t.Helper()
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		name := prefix + key.Value
		if value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 {
			table += rows(t, name+".", value)
			continue
		}
		meaning := strings.ReplaceAll(strings.ReplaceAll(key.HeadComment, "# ", ""), "\n", " ")
		if meaning == "" {
			t.Errorf("values.yaml says nothing about %s", name)
		}
		table += fmt.Sprintf("| `%s` | %s | %s |\n", name, defaultOf(t, value), meaning)
	}
	return table
}

// defaultOf writes a default as a values file would, on one line.
func defaultOf(t *testing.T, value *yaml.Node) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	switch s := strings.TrimSpace(string(text)); s {
	case "{}", "[]", `""`:
		return "–"
	default:
		return "`" + s + "`"
	}
}
