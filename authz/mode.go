package authz

import "errors"

// Mode is how strictly decisions are applied. The zero value enforces.
type Mode int

// The modes, strictest first.
const (
	Enforce Mode = iota // refuse
	Observe             // admit as anonymous, count what would have been refused
	Off                 // a plain reverse proxy: nothing is inspected
)

// String returns the mode's name as configuration and metrics spell it.
func (m Mode) String() string {
	return [...]string{"enforce", "observe", "off"}[m]
}

// ParseMode reads a mode's name as String spells it. Any other spelling is an
// error, which does not repeat the input.
func ParseMode(name string) (Mode, error) {
	for _, m := range []Mode{Enforce, Observe, Off} {
		if name == m.String() {
			return m, nil
		}
	}
	return Enforce, errors.New("mode is not one of enforce, observe, off")
}
