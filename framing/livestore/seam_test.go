package livestore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

func TestAForbiddenRequestComesWithoutItsTokenForModesThatLetItThrough(t *testing.T) {
	msg := `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"theirs","payload":{"authToken":"canary"}}}`
	f, err := livestore.New(livestore.Options{}).Later(framing.Text, []byte(msg), payload.Bound{Instance: "mine"})
	if !errors.Is(err, payload.ErrForbidden) || f.Out == nil || strings.Contains(string(f.Out), "canary") {
		t.Errorf("%q %v", f.Out, err)
	}
}

func TestARepeatedParameterIsAmbiguousAndANonsensePayloadOnlyUnreadable(t *testing.T) {
	p := livestore.New(livestore.Options{})
	for _, twice := range []string{"storeId=a&storeId=a", "payload=null&payload=null", "storeId=a&%73toreId=b"} {
		if _, err := p.Query(twice); !errors.Is(err, payload.ErrAmbiguous) {
			t.Errorf("%s: %v", twice, err)
		}
	}
	if _, err := p.Query("payload=nonsense"); !errors.Is(err, payload.ErrBadFrame) || errors.Is(err, payload.ErrAmbiguous) {
		t.Errorf("nonsense: %v", err)
	}
	if u, err := p.Query("storeId="); err != nil || !u.Named {
		t.Errorf("the empty store is a store: %+v %v", u, err)
	}
}
