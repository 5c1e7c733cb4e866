package observe

import (
	"cmp"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// maxLogged bounds, in bytes, what a client can make one log field hold.
const maxLogged = 256

// attemptLabels are the labels of syncward_auth_attempts_total, in the order of
// account.labels.
var attemptLabels = []string{"result", "status", "code", "source", "mode"}

// account is one attempt as metrics and logs tell it: the same words in both.
type account struct {
	labels [5]string
	level  zapcore.Level
	fields []zap.Field
}

// describe is the only place where an attempt becomes words. The code is what
// was refused with or, where the attempt was let pass all the same (observe
// mode, or a user beyond ENFORCE_PERCENT), what enforce would have refused with;
// the status belongs to an admission and is empty in a refusal.
func describe(a proxy.Attempt) account {
	result, level := admitted, zapcore.InfoLevel
	if a.Code != "" {
		result, level = refused, zapcore.WarnLevel
		a.Status = ""
	}
	status, code := "", ""
	if a.Status != "" {
		status = word(statuses, a.Status)
	}
	if c := cmp.Or(a.Code, a.Observed); c != "" {
		code = word(codes, c)
	}
	source, mode := word(sources, cmp.Or(a.Source, proxy.SourceNone)), modeWord(a.Mode)
	fields := []zap.Field{
		zap.String("connection_id", clip(a.ConnectionID)),
		zap.String("status", status),
		zap.String("code", code),
		zap.String("reason", clip(string(a.Reason))),
		zap.String("source", source),
		zap.String("mode", mode),
		zap.String("instance_id", clip(a.InstanceID)),
		zap.String("remote_ip", clip(a.RemoteIP)),
		zap.Int64("expired_for", seconds(a.ExpiredFor)),
	}
	if a.UserID != "" {
		fields = append(fields, zap.String("user_id", clip(a.UserID)))
	}
	return account{labels: [5]string{result, status, code, source, mode}, level: level, fields: fields}
}

// attemptSeries returns the label values of every series that an attempt can
// reach, so that each exists, at 0, before the first attempt. It is not the full
// product of the lists: an admission has a status, a refusal has none; who is
// admitted with a code (observe mode, or beyond ENFORCE_PERCENT) is anonymous;
// off mode looks for no credential.
func attemptSeries() [][]string {
	var out [][]string
	add := func(values ...string) { out = append(out, values) }
	for _, mode := range []string{authz.Enforce.String(), authz.Observe.String()} {
		for _, source := range words(sources) {
			for _, code := range words(codes) {
				add(refused, "", code, source, mode)
				add(admitted, string(authz.Anonymous), code, source, mode)
			}
			if source != string(proxy.SourceNone) {
				add(admitted, string(authz.Valid), "", source, mode)
				add(admitted, string(authz.Grace), "", source, mode)
			}
		}
	}
	for _, mode := range modeWords() { // what needs no credential: PUBLIC_PATHS, off
		add(admitted, string(authz.Anonymous), "", string(proxy.SourceNone), mode)
	}
	for _, code := range words(codes) {
		add(refused, "", code, string(proxy.SourceNone), authz.Off.String())
	}
	return out
}

// seconds rounds up, so that 0 means "not expired" and nothing else.
func seconds(d time.Duration) int64 {
	return int64((max(d, 0) + time.Second - 1) / time.Second)
}

// clip shortens what a client could have made long.
func clip(s string) string {
	if len(s) <= maxLogged {
		return s
	}
	return s[:maxLogged] + "…"
}
