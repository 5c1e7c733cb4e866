package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// boundTo makes a rig whose tokens say which instances they are for.
func boundTo(t *testing.T, change ...func(*proxy.Config)) *rig {
	t.Helper()
	secrets, err := authz.NewHMACSecrets([]byte(secret), nil, time.Time{}, nil)
	must(t, err)
	v, err := authz.New(authz.Config{Keys: secrets, InstancesClaim: "stores", Grace: time.Hour})
	must(t, err)
	return newRig(t, append([]func(*proxy.Config){func(c *proxy.Config) { c.Decide = v.Decide }}, change...)...)
}

// of is a good token of ada for these instances; more makes it a younger one.
func (r *rig) of(stores any, more ...time.Duration) string {
	issued := time.Now().Add(-time.Minute)
	for _, d := range more {
		issued = issued.Add(d)
	}
	return r.claims(jwt.MapClaims{"sub": "ada", "stores": stores, "iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix()})
}

func TestOnlyInstancesOfTheClaimAreOpened(t *testing.T) {
	r := boundTo(t)
	init := func(instance, token string) string {
		return `{"type":"init"` + instance + `,"authToken":"` + token + `"}`
	}
	for what, c := range map[string]struct {
		stores         any
		instance, want string
	}{
		"one of them":              {[]string{"a", "b"}, `,"instanceId":"b"`, ""},
		"the one":                  {"a", `,"instanceId":"a"`, ""},
		"the one, escaped":         {"a", `,"instance\u0049d":"\u0061"`, ""},
		"another":                  {[]string{"a", "b"}, `,"instanceId":"c"`, "FORBIDDEN"},
		"none in the frame":        {"a", ``, "FORBIDDEN"},
		"an empty one":             {[]string{"a", ""}, `,"instanceId":""`, "FORBIDDEN"},
		"one that is no string":    {[]string{"1"}, `,"instanceId":1`, "FORBIDDEN"},
		"the claim is not there":   {nil, `,"instanceId":"a"`, "FORBIDDEN"},
		"the claim is no instance": {true, `,"instanceId":"true"`, "FORBIDDEN"},
	} {
		t.Run(what, func(t *testing.T) {
			c2 := r.open("/sync").text(init(c.instance, r.of(c.stores)))
			if c.want == "" {
				c2.wantText(`ack:{"type":"init"` + c.instance + `}`)
				return
			}
			c2.wantClose(4403, c.want)
			if at := r.seen.last(t); at.Code != authz.Forbidden || at.Reason != authz.ReasonOtherInstance || at.UserID != "ada" {
				t.Errorf("attempt %+v", at)
			}
		})
	}
}

func TestTheFirstFrameIsHeldAgainstTheRequestsToken(t *testing.T) {
	r := boundTo(t)
	r.open("/sync", bearer(r.of("a"))).text(`{"instanceId":"b"}`).wantClose(4403, "FORBIDDEN")
	r.open("/sync", bearer(r.of("a"))).text(`{"instanceId":"a"}`).wantText(`ack:{"instanceId":"a"}`)
}

func TestALaterMessageForAnotherInstanceIsRefused(t *testing.T) {
	for name, change := range map[string]func(*proxy.Config){
		"every frame is read for its token": func(*proxy.Config) {},
		"only the first is":                 func(c *proxy.Config) { c.Protocol = payload.JSON{} },
	} {
		t.Run(name, func(t *testing.T) {
			r := boundTo(t, change)
			open := func() *conn {
				c := r.open("/sync").text(`{"instanceId":"a","authToken":"` + r.of([]string{"a", "b"}) + `"}`)
				c.wantText(`ack:{"instanceId":"a"}`)
				c.text(`{"n":1}`).wantText(`ack:{"n":1}`)
				c.text(`{"instanceId":"a","n":2}`).wantText(`ack:{"instanceId":"a","n":2}`)
				return c
			}
			open().text(`{"instanceId":"b"}`).wantClose(4403, "FORBIDDEN") // though its token names both
			open().frame(true, framing.Binary, `{"instanceId":"b"}`).wantClose(4403, "FORBIDDEN")
			open().frame(false, framing.Text, `{"inst`).frame(true, framing.Continuation, `anceId":"b"}`).wantClose(4403, "FORBIDDEN")
			open().text(`{"\u0069nstanceId":"b"}`).wantClose(4403, "FORBIDDEN")
			open().text(`{"instanceId":"a","instanceId":"b"}`).wantClose(4400, "BAD_FRAME")
		})
	}
}

// Where no first frame is awaited, the first message is the first that could
// name an instance.
func TestWithoutAnAwaitedFrameTheFirstMessageNamesTheInstance(t *testing.T) {
	header := func(c *proxy.Config) {
		c.Protocol, c.Sources = payload.JSON{}, []proxy.Source{proxy.SourceHeader}
	}
	r := boundTo(t, header)
	open := func() *conn { return r.open("/sync", bearer(r.of([]string{"a", "b"}))) }
	open().text(`{"instanceId":"c"}`).wantClose(4403, "FORBIDDEN")
	open().text(`{"n":1}`).wantClose(4403, "FORBIDDEN")
	open().text(`no JSON`).wantClose(4400, "BAD_FRAME")
	c := open().text(`{"instanceId":"b"}`)
	c.wantText(`ack:{"instanceId":"b"}`)
	c.text(`{"n":1}`).wantText(`ack:{"n":1}`)
	c.text(`{"instanceId":"a"}`).wantClose(4403, "FORBIDDEN")
}

func TestARefreshThatTakesTheInstanceAwayChangesNothing(t *testing.T) {
	r := boundTo(t)
	c := r.open("/sync").text(`{"instanceId":"a","authToken":"` + r.of("a") + `"}`)
	c.wantText(`ack:{"instanceId":"a"}`)
	c.text(`{"instanceId":"a","authToken":"` + r.of("b", 10*time.Second) + `"}`).wantText(`ack:{"instanceId":"a"}`)
	c.text(`{"instanceId":"a","authToken":"` + r.of([]string{"b", "a"}, 20*time.Second) + `"}`).wantText(`ack:{"instanceId":"a"}`)
	eventually(t, "two refreshes", func() bool {
		r.seen.mu.Lock()
		defer r.seen.mu.Unlock()
		return len(r.seen.refresh) == 2
	})
	if got := r.seen.refresh; got[0] != proxy.RefreshRefused || got[1] != proxy.RefreshOK {
		t.Errorf("refreshes: %v", got)
	}
}

func TestObserveCountsAForeignInstanceAndRefusesNobody(t *testing.T) {
	r := boundTo(t)
	r.policy.set(authz.Observe, 100)
	c := r.open("/sync").text(`{"instanceId":"b","authToken":"` + r.of("a") + `"}`)
	c.wantText(`ack:{"instanceId":"b"}`)
	if at := r.seen.last(t); at.Observed != authz.Forbidden || at.Status != authz.Anonymous {
		t.Errorf("attempt %+v", at)
	}
	c = r.open("/sync").text(`{"instanceId":"a","authToken":"` + r.of("a") + `"}`)
	c.wantText(`ack:{"instanceId":"a"}`)
	c.text(`{"instanceId":"b"}`).wantText(`ack:{"instanceId":"b"}`)
	eventually(t, "a count", func() bool { return strings.Contains(r.seen.everything(), "[FORBIDDEN]") })
}

func TestLiveStoreOpensOnlyStoresOfTheClaim(t *testing.T) {
	r := boundTo(t, asLiveStore)
	path := func(token string) string { return liveStorePath(token) }
	if code, body := r.dial().send(head(path(r.of("theirs")))).status(); code != 403 || !strings.Contains(body, "FORBIDDEN") {
		t.Errorf("an upgrade for another store: %d %s", code, body)
	}
	if code, _ := r.dial().send(head(path(r.of([]string{"mine"})))).status(); code != 101 {
		t.Errorf("an upgrade for the store: %d", code)
	}
	for stores, want := range map[string]int{"theirs": 403, "mine": 200} {
		token := r.of(stores)
		if code, body := r.dial().send(post(path(token), httpPull("mine", token))).status(); code != want {
			t.Errorf("HTTP for a user of %s: %d %s, want %d", stores, code, body, want)
		}
	}
}
