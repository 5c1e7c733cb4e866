package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const docPath = "../../docs/configuration.md"

const docHead = `# Configuration

<!-- Generated from cmd/syncward/variables.go: go test ./cmd/syncward -run Documentation -update -->

` + "`syncward serve`" + ` is configured by environment variables only; an empty variable counts as unset. ` +
	"`syncward check`" + ` reads the same ones, prints what is in force and tries it.

- **Faults stop the start**: an unknown value, a missing requirement or an unsafe combination, one line for each on stderr, all at once, exit code 1.
- **` + "`…_FILE`" + ` twins** read the value from a file. One newline at its end is dropped. The file is followed: a new value is in force within 5 s, a bad one keeps the last good one and is counted in ` + "`syncward_reloads_total`" + `. A variable and its twin exclude each other.
- **Durations** are written with a unit: ` + "`500ms`, `10s`, `24h`" + `. **Lists** are separated by commas.
- **` + "`FLAGS_FILE`" + `** is YAML with any of three names, in force within 2 s of a change; it needs an existing file, which may be empty:

  ` + "```yaml" + `
  authMode: observe     # enforce, observe or off
  enforcePercent: 100   # 0 to 100
  logLevel: info        # debug, info, warn or error
  ` + "```" + `

| variable | default | meaning |
| --- | --- | --- |
`

const docProtocols = `
What ` + "`PROTOCOL`" + ` brings where nothing else is said:

| ` + "`PROTOCOL` | `TOKEN_SOURCES` | `REJECT_MODE` | `CLOSE_CODES`" + ` |
| --- | --- | --- | --- |
`

const docLater = `
## Not in this version yet

These names are taken. Set to anything but their default they stop the start: nothing is silently ignored.

| variable | default | meaning |
| --- | --- | --- |
`

// documentation is docs/configuration.md, made from the table.
func documentation() string {
	now, later := docHead, docLater
	for _, v := range variables {
		row := v.row()
		if v.Later {
			later += row
		} else {
			now += row
		}
	}
	now += docProtocols
	for _, name := range variables[rank("PROTOCOL")/2].now() {
		p := profileOf(name)
		now += fmt.Sprintf("| `%s` | %s | `%s` | `%s` |\n", name, quoted(p.sources), p.reject, p.codes)
	}
	return now + later
}

func (v variable) row() string {
	name := "`" + v.Name + "`"
	if v.Twin {
		name += ", `" + v.Name + "_FILE`"
	}
	def := v.Shown
	if def == "" && v.Default != "" {
		def = "`" + v.Default + "`"
	}
	meaning := v.Meaning
	if len(v.Values) > 2 && !strings.Contains(meaning, "`"+v.Values[0]+"`") {
		meaning += ". One of " + quoted(v.now())
	}
	if len(v.LaterValues) > 0 {
		meaning += ". Not yet: " + quoted(v.LaterValues)
	}
	return fmt.Sprintf("| %s | %s | %s |\n", name, or(def, "–"), meaning)
}

func quoted[T ~string](list []T) string {
	var q []string
	for _, s := range list {
		q = append(q, "`"+string(s)+"`")
	}
	return strings.Join(q, ", ")
}

func TestDocumentationIsTheTable(t *testing.T) {
	want := documentation()
	if *update {
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docPath)
	if err != nil || string(got) != want {
		t.Fatalf("docs/configuration.md is not what the code says (%v); run: go test ./cmd/syncward -run Documentation -update", err)
	}
}
