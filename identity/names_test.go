package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/identity"
)

func TestTheZeroNamesAreTheDocumentedOnes(t *testing.T) {
	var n identity.Names
	for got, want := range map[string]string{
		n.UserIDHeader():       "X-Sync-User-Id",
		n.ConnectionIDHeader(): "X-Sync-Connection-Id",
		n.AuthStatusHeader():   "X-Sync-Auth-Status",
		n.TokenExpiresHeader(): "X-Sync-Token-Expires",
		n.AssertionHeader():    "X-Sync-Assertion",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestReservedCatchesEverySpellingOfAnIdentityHeader(t *testing.T) {
	renamed := identity.Names{Prefix: "X_Who-", UserID: "Remote_User"}
	for _, c := range []struct {
		names identity.Names
		name  string
		want  bool
	}{
		{identity.Names{}, "X-Sync-User-Id", true},
		{identity.Names{}, "x-sync-user-id", true},
		{identity.Names{}, "x-SYNC-user-id", true},
		{identity.Names{}, "X_Sync_User_Id", true},
		{identity.Names{}, "X-Sync_Assertion", true},
		{identity.Names{}, "X-Sync-Anything", true},
		{identity.Names{}, "X-Sync-", true},
		{identity.Names{}, "X-Sync", false},
		{identity.Names{}, "X-Synced", false},
		{identity.Names{}, "XX-Sync-User-Id", false},
		{identity.Names{}, "Remote-User", false},
		{identity.Names{}, "", false},
		{renamed, "remote-user", true},
		{renamed, "REMOTE_USER", true},
		{renamed, "Remote-User-Name", false},
		{renamed, "x-who-user-id", true},
		{renamed, "x_who_assertion", true},
		{renamed, "X-Sync-User-Id", false},
	} {
		if got := c.names.Reserved(c.name); got != c.want {
			t.Errorf("%+v reserves %q: %v, want %v", c.names, c.name, got, c.want)
		}
	}
}

func TestReservedAllocatesNothing(t *testing.T) {
	n := identity.Names{UserID: "Remote-User"}
	if got := testing.AllocsPerRun(100, func() { n.Reserved("Sec-WebSocket-Extensions") }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestNamesThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct {
		names identity.Names
		ok    bool
	}{
		{identity.Names{}, true},
		{identity.Names{Prefix: "X-Who-", UserID: "Remote-User"}, true},
		{identity.Names{UserID: "X-Sync-User-Id"}, true},
		{identity.Names{Prefix: "X Sync-"}, false},
		{identity.Names{Prefix: "X-Sync:\r\n"}, false},
		{identity.Names{UserID: "X-Üser"}, false},
		{identity.Names{Prefix: strings.Repeat("x", 65)}, false},
		{identity.Names{Prefix: "X-"}, false}, // X-Forwarded-For
		{identity.Names{Prefix: "sec_websocket"}, false},
		{identity.Names{UserID: "Authorization"}, false},
		{identity.Names{UserID: "host"}, false},
		{identity.Names{UserID: "x_sync_connection_id"}, false},
		{identity.Names{UserID: "X-Sync-Assertion"}, false},
	} {
		err := c.names.Validate()
		if (err == nil) != c.ok || err != nil && !errors.Is(err, identity.ErrNames) {
			t.Errorf("%+v: %v", c.names, err)
		}
	}
}
