package authz

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
