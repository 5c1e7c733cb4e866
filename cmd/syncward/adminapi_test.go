package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
)

const adminToken = "q7Rw3Xe9Lz5Vb1Nm8Kj2Hg6Fd4Sa0PoU"

// call asks the admin API and returns status and body.
func (s *sidecar) call(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.admin+"/admin/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// admitted connects as user, with a token that was issued a second ago.
func (s *sidecar) admitted(t *testing.T, user string) *websocket.Conn {
	t.Helper()
	ctx, ws := dial(t, "ws://"+s.addr+"/sync", nil)
	token := tokenBy(t, goodSecret, jwt.MapClaims{"sub": user, "iat": time.Now().Add(-time.Second).Unix()})
	say(t, ctx, ws, `{"authToken":"`+token+`"}`, user+" {}")
	return ws
}

// endsWith wants the connection to be closed with that reason, after what is
// done first.
func endsWith(t *testing.T, ws *websocket.Conn, code int, reason string, first ...func()) {
	t.Helper()
	for _, do := range first {
		do()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, _, err := ws.Read(ctx)
	if got := websocket.CloseStatus(err); got != websocket.StatusCode(code) || !strings.Contains(err.Error(), reason) {
		t.Errorf("ended with %v, want %d %s", err, code, reason)
	}
}

func TestAnOperatorRevokesAUser(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	file := filepath.Join(t.TempDir(), "revocations")
	s := startSidecar(t, up.URL, "ADMIN_TOKEN="+adminToken, "REVOCATION_FILE="+file)
	ada, bob := s.admitted(t, "ada"), s.admitted(t, "bob")

	_, list := s.call(t, "GET", "connections?userId=ada", "")
	var seen struct{ Connections []struct{ ID, UserID string } }
	if err := json.Unmarshal([]byte(list), &seen); err != nil || len(seen.Connections) != 1 || seen.Connections[0].UserID != "ada" {
		t.Fatalf("connections: %s", list)
	}
	if status, body := s.call(t, "POST", "revocations", `{"userId":"ada"}`); status != http.StatusCreated {
		t.Fatalf("revoke: %d %s", status, body)
	}
	endsWith(t, ada, 4403, "SESSION_REVOKED")

	// The client hears of the end a moment before the list does.
	waitFor(t, "a list of bob's connection alone", func() bool {
		_, list = s.call(t, "GET", "connections", "")
		err := json.Unmarshal([]byte(list), &seen)
		return err == nil && len(seen.Connections) == 1 && seen.Connections[0].UserID == "bob"
	})
	if status, _ := s.call(t, "DELETE", "connections/"+seen.Connections[0].ID, ""); status != http.StatusNoContent {
		t.Errorf("end of one connection: %d", status)
	}
	endsWith(t, bob, 4403, "SESSION_REVOKED")
	endsWith(t, s.admitted(t, "bob"), 4403, "USER_NOT_FOUND", func() { s.call(t, "POST", "revocations", `{"userId":"bob","deleted":true}`) })

	// A restart does not forget.
	s.drain()
	<-s.ended
	again := startSidecar(t, up.URL, "ADMIN_TOKEN="+adminToken, "REVOCATION_FILE="+file)
	if _, body := again.call(t, "GET", "revocations", ""); !strings.Contains(body, `"userId":"ada"`) || !strings.Contains(body, `"deleted":true`) {
		t.Errorf("after a restart: %s", body)
	}
}

func TestTheAdminAPIAsksForItsToken(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "ADMIN_TOKEN="+adminToken)
	for _, bearer := range []string{"", "Bearer ", "Bearer " + adminToken[:31], "Basic " + adminToken, adminToken} {
		r, _ := http.NewRequest("GET", "http://"+s.admin+"/admin/v1/flags", nil)
		r.Header.Set("Authorization", bearer)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %d", bearer, res.StatusCode)
		}
	}
	if res, err := http.Get("http://" + s.addr + "/admin/v1/flags"); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the client side knows nothing of it, and asks for a user's token: %v %v", res, err)
	}
}

func TestTheAdminAPIReadsStrictlyAndSaysWhatIsInForce(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "ADMIN_TOKEN="+adminToken)
	for _, row := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "flags", "", 200, `"authMode":"enforce","disagreements":[],"enforcePercent":100,"logLevel":"info"`},
		{"GET", "connections", "", 200, `{"connections":[]}`},
		{"GET", "revocations", "", 200, `{"revocations":[]}`},
		{"POST", "revocations", `{"userId":"ada","before":"2999-01-01T00:00:00Z"}`, 400, "future"},
		{"POST", "revocations", `{"userId":"ada","nonsense":1}`, 400, "JSON object"},
		{"POST", "revocations", `{"userId":"ada","userId":"bob"}`, 400, "JSON object"},
		{"POST", "revocations", `{}`, 400, "userId"},
		{"POST", "revocations", `{"userId":"*","deleted":true}`, 400, "everybody"},
		{"POST", "revocations", `{"userId":"ada","jti":"one","reason":"lost"}`, 201, `"jti":"one"`},
		{"GET", "revocations", "", 200, `"userId":"ada","jti":"one","reason":"lost"`},
		{"DELETE", "revocations/ada", "", 204, ""},
		{"DELETE", "revocations/ada", "", 404, "no revocation"},
		{"DELETE", "connections/nobody", "", 404, "no connection"},
		{"PUT", "revocations", "", 405, ""},
		{"GET", "nothing", "", 404, ""},
	} {
		if status, body := s.call(t, row.method, row.path, row.body); status != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%s %s %s: %d %s", row.method, row.path, row.body, status, body)
		}
	}
}
