package observe

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Format is how log lines look.
type Format string

// The closed list of formats.
const (
	JSON    Format = "json"    // one object a line, for machines
	Console Format = "console" // for people
)

// NewLog returns a logger that writes to w, one line for each Write, from level
// upwards. A later level.SetLevel takes effect at once, on loggers derived from
// it too. Nothing is sampled: each authentication attempt is its own line. Error:
// a format outside the list.
func NewLog(w io.Writer, f Format, level zap.AtomicLevel) (*zap.Logger, error) {
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	var enc zapcore.Encoder
	switch f {
	case JSON:
		enc = zapcore.NewJSONEncoder(c)
	case Console:
		enc = zapcore.NewConsoleEncoder(c)
	default:
		return nil, fmt.Errorf("observe: log format %q is not json or console", f)
	}
	out := zapcore.Lock(zapcore.AddSync(scrubber{w}))
	return zap.New(zapcore.NewCore(enc, out, level), zap.ErrorOutput(out)), nil
}
