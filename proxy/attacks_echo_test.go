package proxy_test

import (
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

func TestAttack08AnHTTP2PrefaceIsRefusedInModeOffToo(t *testing.T) {
	r := newRig(t)
	r.policy.set(authz.Off, 100)
	if code, _ := r.dial().send(connectFrames()).status(); code != 400 && code != 505 {
		t.Errorf("%d", code)
	}
	r.legacy.untouched(t)
}

// A browser names the page that it was on, with the token that stands in its
// address, whichever way the token itself comes.
func TestAttack25TheRefererOfAPageWithTheTokenInItsAddress(t *testing.T) {
	for name, way := range map[string]func(token string) []string{
		"token in the frame":               func(string) []string { return nil },
		"another one in the header":        func(token string) []string { return []string{"Cookie: sync_token=" + token, "Origin: https://a"} },
		"in a subprotocol, and one before": func(token string) []string { return []string{"Sec-WebSocket-Protocol: bearer." + token} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, everySource)
			token := r.good("ada")
			lines := append(way(token), "Referer: https://app.example/?token="+token)
			if name != "token in the frame" {
				lines = append(lines, bearer(r.token("ada", -2*time.Minute, time.Hour)))
			}
			r.open("/sync", lines...).text(initFrame(token)).wantText("ack:" + stripped)
			noneOf(t, "the upstream", r.legacy.bytes(), token)
		})
	}
}
