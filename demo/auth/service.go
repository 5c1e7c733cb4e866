package auth

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// Options are what a Service is made of. All but Now are required.
type Options struct {
	Secret   []byte // signs, HS256: at least 32 bytes
	Issuer   string
	Audience string
	Life     time.Duration    // of a token, whole seconds
	Now      func() time.Time // nil: time.Now
}

// maxSessions bounds the memory; beyond it nobody can log in.
const maxSessions = 10000

// maxBackdate is how far back a token may be made to have expired.
const maxBackdate = time.Hour

// userName is who can log in: names that are safe in a header and a log.
var userName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,32}$`)

var (
	errUser     = errors.New("a name is 1 to 32 letters, digits or . _ @ -")
	errSession  = errors.New("this session is logged out")
	errFull     = errors.New("too many sessions")
	errBackdate = errors.New("expiredFor is 0 to 3600000 milliseconds")
)

// Service is the auth service, an http.Handler. Every answer is JSON.
type Service struct {
	o   Options
	mux *http.ServeMux

	mu       sync.Mutex
	sessions map[string]string // session → user
}

// request is the body of every call; a call reads its own fields.
type request struct {
	User       string `json:"user"`       // login
	Session    string `json:"session"`    // refresh, backdate, logout
	ExpiredFor int64  `json:"expiredFor"` // backdate: ms
}

// grant is a token and what goes with it. Times are ms since the epoch.
type grant struct {
	Session    string `json:"session"`
	User       string `json:"user"`
	Token      string `json:"token"`
	ExpiresAt  int64  `json:"expiresAt"`
	ServerTime int64  `json:"serverTime"`
}

// New returns a service without sessions.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{o: o, mux: http.NewServeMux(), sessions: map[string]string{}}
	s.mux.HandleFunc("POST /login", s.answer(s.login))
	s.mux.HandleFunc("POST /refresh", s.answer(s.refresh))
	s.mux.HandleFunc("POST /backdate", s.answer(s.backdate))
	s.mux.HandleFunc("POST /logout", s.answer(s.logout))
	return s
}

// ServeHTTP answers one call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// answer makes a handler of a call: its grant or its error, as JSON.
func (s *Service) answer(call func(request) (*grant, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		var in request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&in); err != nil {
			fail(w, http.StatusBadRequest, "the body is no JSON object")
			return
		}
		got, err := call(in)
		switch {
		case errors.Is(err, errSession):
			fail(w, http.StatusUnauthorized, err.Error())
		case errors.Is(err, errFull):
			fail(w, http.StatusServiceUnavailable, err.Error())
		case err != nil:
			fail(w, http.StatusBadRequest, err.Error())
		case got == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			_ = json.NewEncoder(w).Encode(got) // the client is gone: nobody to tell
		}
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
}

// login begins a session for anyone.
func (s *Service) login(in request) (*grant, error) {
	if !userName.MatchString(in.User) {
		return nil, errUser
	}
	session := rand.Text()
	s.mu.Lock()
	full := len(s.sessions) >= maxSessions
	if !full {
		s.sessions[session] = in.User
	}
	s.mu.Unlock()
	if full {
		return nil, errFull
	}
	return s.grant(session, in.User, s.o.Life)
}

// refresh grants a session a new token.
func (s *Service) refresh(in request) (*grant, error) { return s.granted(in, s.o.Life) }

// backdate grants a session a token that expired a while ago: as if its owner
// came back with an old one.
func (s *Service) backdate(in request) (*grant, error) {
	if in.ExpiredFor < 0 || in.ExpiredFor > maxBackdate.Milliseconds() {
		return nil, errBackdate
	}
	return s.granted(in, -time.Duration(in.ExpiredFor)*time.Millisecond)
}

// logout ends a session: there will be no new token for it. Those that are out
// live on until they expire; nothing here can take them back.
func (s *Service) logout(in request) (*grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, in.Session)
	return nil, nil
}

// granted is grant for a session that must be there.
func (s *Service) granted(in request, ttl time.Duration) (*grant, error) {
	s.mu.Lock()
	user, known := s.sessions[in.Session]
	s.mu.Unlock()
	if !known {
		return nil, errSession
	}
	return s.grant(in.Session, user, ttl)
}

// grant makes a token that expires in ttl, on a whole second. It was issued one
// life before, to the millisecond: whoever logs out and in again within a second
// has a token that is newer than the logout.
func (s *Service) grant(session, user string, ttl time.Duration) (*grant, error) {
	now := s.o.Now()
	exp := now.Add(ttl).Truncate(time.Second)
	token, err := s.mint(user, now.Add(ttl-s.o.Life), exp)
	if err != nil {
		return nil, err
	}
	return &grant{Session: session, User: user, Token: token, ExpiresAt: exp.UnixMilli(), ServerTime: now.UnixMilli()}, nil
}
