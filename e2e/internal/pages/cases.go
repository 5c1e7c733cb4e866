package pages

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Cases reads what a script says of its cases, a line of JSON for each:
// {"case","error"}; each is a subtest. They come in this order, and then the
// script ends by itself.
func Cases(t *testing.T, script *rig.Process, names []string) {
	t.Helper()
	read := 0
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var result struct{ Case, Error string }
			_, read = script.Line(t, read, 5*time.Minute, name, func(line string) bool {
				return json.Unmarshal([]byte(line), &result) == nil && result.Case != ""
			})
			if result.Case != name {
				t.Fatalf("the script did %q", result.Case)
			}
			if result.Error != "" {
				t.Error(result.Error)
			}
		})
	}
	if err := script.Wait(t, rig.Patience); err != nil {
		t.Errorf("the script ended with %v", err)
	}
}
