package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"
	"go.uber.org/zap"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
	"github.com/syncward/syncward/proxy"
)

// adminAPI is /admin/v1: who is connected, who is revoked, which flags are in
// force, who wrote which event. It asks for ADMIN_TOKEN; without one it is not there.
type adminAPI struct {
	l     *live
	srv   *proxy.Server
	store revocations
	// journal is nil where there is none.
	journal attribution.Journal
	log     *zap.Logger
	mux     *http.ServeMux
}

func newAdminAPI(l *live, srv *proxy.Server, store revocations, journal attribution.Journal, log *zap.Logger) *adminAPI {
	a := &adminAPI{l: l, srv: srv, store: store, journal: journal, log: log, mux: http.NewServeMux()}
	for pattern, serve := range map[string]func(r *http.Request) (int, any){
		"GET /admin/v1/connections":             a.connections,
		"DELETE /admin/v1/connections/{id}":     a.endConnection,
		"GET /admin/v1/revocations":             a.revocations,
		"POST /admin/v1/revocations":            a.revoke,
		"DELETE /admin/v1/revocations/{userId}": a.forgive,
		"GET /admin/v1/flags":                   a.flags,
		"GET /admin/v1/events":                  a.events,
	} {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, body := serve(r)
			a.log.Info("admin", zap.String("method", r.Method), zap.String("route", r.Pattern), zap.Int("status", status), zap.String("remote", r.RemoteAddr))
			answer(w, status, body)
		})
	}
	return a
}

// withAPI puts the API beside what the admin port serves to everybody.
func withAPI(open http.Handler, api *adminAPI) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/admin/") {
			api.ServeHTTP(w, r)
			return
		}
		open.ServeHTTP(w, r)
	})
}

// ServeHTTP asks for the token, in constant time.
func (a *adminAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := *a.l.admin.Load()
	if len(want) == 0 {
		http.NotFound(w, r)
		return
	}
	got, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	wantSum, gotSum := sha256.Sum256(want), sha256.Sum256([]byte(got))
	if !bearer || subtle.ConstantTimeCompare(wantSum[:], gotSum[:]) != 1 {
		a.log.Warn("admin", zap.String("method", r.Method), zap.Int("status", http.StatusUnauthorized), zap.String("remote", r.RemoteAddr))
		w.Header().Set("WWW-Authenticate", "Bearer")
		answer(w, http.StatusUnauthorized, fail("the bearer is not ADMIN_TOKEN"))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// answer writes a status and a JSON body; nil is none.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(message string) any {
	return map[string]any{"error": map[string]string{"message": message}}
}

func (a *adminAPI) connections(r *http.Request) (int, any) {
	return http.StatusOK, map[string]any{"connections": a.srv.Live(r.URL.Query().Get("userId"))}
}

func (a *adminAPI) endConnection(r *http.Request) (int, any) {
	if !a.srv.End(r.PathValue("id")) {
		return http.StatusNotFound, fail("no connection of that id on this replica")
	}
	return http.StatusNoContent, nil
}

func (a *adminAPI) revocations(*http.Request) (int, any) {
	list := a.store.List()
	if list == nil {
		list = []revocation.Entry{}
	}
	return http.StatusOK, map[string]any{"revocations": list}
}

// maxAsk bounds the body of a request, in bytes.
const maxAsk = 16 << 10

// revoke takes {"userId","before"?,"jti"?,"deleted"?,"reason"?}.
func (a *adminAPI) revoke(r *http.Request) (int, any) {
	var ask struct {
		UserID  string     `json:"userId"`
		Before  *time.Time `json:"before"`
		TokenID string     `json:"jti"`
		Deleted bool       `json:"deleted"`
		Reason  string     `json:"reason"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAsk+1))
	if err != nil || len(body) > maxAsk || strict.UnmarshalRead(bytes.NewReader(body), &ask, strict.RejectUnknownMembers(true)) != nil {
		return http.StatusBadRequest, fail("want a JSON object with userId, and optionally before (RFC 3339), jti, deleted, reason")
	}
	now := time.Now()
	e := revocation.Entry{UserID: ask.UserID, TokenID: ask.TokenID, Deleted: ask.Deleted, Reason: ask.Reason, At: now}
	switch {
	case ask.Before != nil && ask.Before.After(now):
		return http.StatusBadRequest, fail("before lies in the future: tokens that do not exist yet cannot be revoked")
	case ask.Before != nil:
		e.Before = *ask.Before
	case ask.TokenID == "":
		e.Before = now
	}
	switch err := a.store.Add(e); {
	case errors.Is(err, revocation.ErrEntry):
		return http.StatusBadRequest, fail("want a userId of 1 to 256 bytes; everybody can be given a time alone; jti and reason have at most 512 bytes")
	case errors.Is(err, natskv.ErrPending):
		a.log.Error("admin", zap.Error(err))
		return http.StatusServiceUnavailable, fail("in force on this replica alone: the store is out of reach; the others learn of it as soon as it is back, if this replica lives that long")
	case err != nil:
		a.log.Error("admin", zap.Error(err))
		return http.StatusInternalServerError, fail("in force, but REVOCATION_FILE could not be written: it will not outlive a restart")
	}
	return http.StatusCreated, e
}

func (a *adminAPI) forgive(r *http.Request) (int, any) {
	found, err := a.store.Remove(r.PathValue("userId"))
	switch {
	case errors.Is(err, natskv.ErrUnreachable):
		return http.StatusServiceUnavailable, fail("nothing was removed: the store is out of reach; ask again when it is back")
	case err != nil && a.store.fleet != nil:
		a.log.Error("admin", zap.Error(err))
		return http.StatusServiceUnavailable, fail("not all was removed: the store did not answer; ask again")
	case err != nil:
		a.log.Error("admin", zap.Error(err))
		return http.StatusInternalServerError, fail("gone, but REVOCATION_FILE could not be written: it will come back with a restart")
	case !found:
		return http.StatusNotFound, fail("no revocation of that user")
	}
	return http.StatusNoContent, nil
}

func (a *adminAPI) flags(*http.Request) (int, any) {
	now := a.l.force.Load()
	a.l.mu.Lock()
	disagreements := a.l.c.disagreements(a.l.flags)
	a.l.mu.Unlock()
	said := []string{}
	for _, d := range disagreements {
		said = append(said, d.Variable+": "+d.Text)
	}
	return http.StatusOK, map[string]any{
		"authMode": now.Policy.Mode.String(), "enforcePercent": now.Policy.EnforcePercent, "logLevel": now.LogLevel.String(),
		"disagreements": said,
	}
}
