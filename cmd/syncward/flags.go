package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"github.com/syncward/syncward/authz"
)

// flags are what a flags file sets; nil means that it leaves the variable be.
type flags struct {
	AuthMode       *authz.Mode
	EnforcePercent *int
	LogLevel       *zapcore.Level
}

// flagsFile is the file's form. Its names are the documented ones.
type flagsFile struct {
	AuthMode       *string   `yaml:"authMode"`
	EnforcePercent yaml.Node `yaml:"enforcePercent"` // as an int, the library would take 0.5 for 0
	LogLevel       *string   `yaml:"logLevel"`
}

var (
	errFlagsForm    = errors.New("is no YAML mapping of authMode, enforcePercent and logLevel; write one name and value a line")
	errFlagsMode    = errors.New("has an unknown authMode; use one of enforce, observe, off")
	errFlagsPercent = errors.New("has an enforcePercent outside 0 to 100; write a whole number between them")
	errFlagsLevel   = errors.New("has an unknown logLevel; use one of debug, info, warn, error")
	errFlagsNoKey   = errors.New("asks for authMode enforce, but no JWT key is configured; set JWT_SECRET, JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE first")

	yamlLine = regexp.MustCompile(`line \d+`)
)

// parseFlags reads a flags file strictly: unknown and repeated names and
// further documents are errors, an empty file sets nothing. Errors never
// repeat what stands in the file, which may be a secret in the wrong place.
func parseFlags(b []byte) (flags, error) {
	var raw flagsFile
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	err := d.Decode(&raw)
	if err == nil {
		if more := d.Decode(new(yaml.Node)); more != io.EOF {
			err = errFlagsForm
		}
	}
	if err != nil && err != io.EOF {
		if line := yamlLine.FindString(err.Error()); line != "" {
			return flags{}, fmt.Errorf("%w (%s)", errFlagsForm, line)
		}
		return flags{}, errFlagsForm
	}
	return raw.flags()
}

func (raw flagsFile) flags() (flags, error) {
	var f flags
	if raw.AuthMode != nil {
		mode, err := authz.ParseMode(*raw.AuthMode)
		if err != nil {
			return flags{}, errFlagsMode
		}
		f.AuthMode = &mode
	}
	if n := raw.EnforcePercent; !n.IsZero() && n.ShortTag() != "!!null" {
		var percent int
		if n.ShortTag() != "!!int" || n.Decode(&percent) != nil || percent < 0 || percent > 100 {
			return flags{}, errFlagsPercent
		}
		f.EnforcePercent = &percent
	}
	if raw.LogLevel != nil {
		level, ok := logLevel(*raw.LogLevel)
		if !ok {
			return flags{}, errFlagsLevel
		}
		f.LogLevel = &level
	}
	return f, nil
}

// logLevel reads a level of the closed list.
func logLevel(word string) (zapcore.Level, bool) {
	levels := map[string]zapcore.Level{
		"debug": zapcore.DebugLevel, "info": zapcore.InfoLevel, "warn": zapcore.WarnLevel, "error": zapcore.ErrorLevel,
	}
	l, ok := levels[word]
	return l, ok
}

// inForce is what the variables and the flags file say together.
type inForce struct {
	Policy   authz.Policy
	LogLevel zapcore.Level
}

// with returns what holds under the flags f: they are stronger than the
// variables. Where there is no JWT key, a file may not ask for enforce: nobody
// could come in.
func (c *config) with(f flags, haveKey bool) (inForce, error) {
	mode, percent := c.Mode, c.EnforcePercent
	level, _ := logLevel(c.LogLevel)
	if f.AuthMode != nil {
		mode = *f.AuthMode
	}
	if f.EnforcePercent != nil {
		percent = *f.EnforcePercent
	}
	if f.LogLevel != nil {
		level = *f.LogLevel
	}
	if mode == authz.Enforce && !haveKey {
		return inForce{}, errFlagsNoKey
	}
	policy, err := authz.NewPolicy(mode, percent, c.AnonymousUserID)
	return inForce{policy, level}, err
}

// loadFlags reads the flags file at the start, where there are no last good
// values yet: a bad file is a fault.
func (c *config) loadFlags(r *report) {
	if c.FlagsFile == "" {
		return
	}
	b, err := readFile(c.FlagsFile)
	if err != nil {
		r.fault("FLAGS_FILE", "cannot be read (%s); name a readable file, it may be empty", cause(err))
		return
	}
	if c.Flags, err = parseFlags(b); err != nil {
		r.fault("FLAGS_FILE", "%v", err)
	}
}

// disagreements names the variables that the flags file overrides.
func (c *config) disagreements(f flags) faults {
	var d faults
	if f.AuthMode != nil && *f.AuthMode != c.Mode {
		name := "REQUIRE_AUTH"
		if c.environ.set("AUTH_MODE") {
			name = "AUTH_MODE"
		}
		d = append(d, fault{name, fmt.Sprintf("says %s, FLAGS_FILE says %s and wins", c.Mode, *f.AuthMode)})
	}
	if f.EnforcePercent != nil && *f.EnforcePercent != c.EnforcePercent {
		d = append(d, fault{"ENFORCE_PERCENT", fmt.Sprintf("says %d, FLAGS_FILE says %d and wins", c.EnforcePercent, *f.EnforcePercent)})
	}
	if f.LogLevel != nil && f.LogLevel.String() != c.LogLevel {
		d = append(d, fault{"LOG_LEVEL", fmt.Sprintf("says %s, FLAGS_FILE says %s and wins", c.LogLevel, *f.LogLevel)})
	}
	return d
}
