package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

const (
	goodSecret  = "k3pLq8vXw2Zr7Tn5Yc9Hd4Fs6Gj1Mb0A"
	otherSecret = "q7Rw3Xe9Lz5Vb1Nm8Kj2Hg6Fd4Sa0PoU"
)

// minimal is the least environment that starts, with more settings over it.
func minimal(more ...string) environ {
	return pick(append([]string{"UPSTREAM_URL=http://127.0.0.1:1", "JWT_SECRET=" + goodSecret}, more...))
}

func TestTheLeastEnvironmentStartsWithTheDocumentedDefaults(t *testing.T) {
	c, r := load(minimal())
	if r.err() != nil {
		t.Fatal(r.err())
	}
	if c.Mode != authz.Enforce || c.EnforcePercent != 100 || c.AnonymousUserID != "anonymous" || c.RejectHTTP {
		t.Errorf("mode %v, percent %d, anonymous %q, reject by HTTP %t", c.Mode, c.EnforcePercent, c.AnonymousUserID, c.RejectHTTP)
	}
	want := []proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol}
	if !reflect.DeepEqual(c.Sources, want) {
		t.Errorf("sources %v, want %v", c.Sources, want)
	}
}

// Every variable is either parsed into a field or known to be for later; a
// field without a line in the table would have no default and no rank.
func TestTableAndSettingsNameTheSameVariables(t *testing.T) {
	fields := map[string]bool{}
	for f := range reflect.TypeFor[settings]().Fields() {
		fields[f.Tag.Get("env")] = true
	}
	for _, v := range variables {
		if v.Later == fields[v.Name] {
			t.Errorf("%s: for later %t, parsed %t", v.Name, v.Later, fields[v.Name])
		}
		delete(fields, v.Name)
	}
	for name := range fields {
		t.Errorf("%s is parsed and not in the table", name)
	}
}

func TestWhatStopsTheStart(t *testing.T) {
	for _, tc := range []struct {
		set  string // one more variable
		want string // how its fault begins; "" for none
	}{
		{"UPSTREAM_URL=https://sync.example.com/base", ""},
		{"UPSTREAM_URL=unix:///run/sync.sock", ""},
		{"UPSTREAM_URL=http://[::1]:8080", ""},
		{"UPSTREAM_URL=unix://run/sync.sock", "UPSTREAM_URL: names no socket"},
		{"UPSTREAM_URL=unix:///", "UPSTREAM_URL: names no socket"},
		{"UPSTREAM_URL=http://", "UPSTREAM_URL: names no host"},
		{"UPSTREAM_URL=http://h:0", "UPSTREAM_URL: names no host, or no port"},
		{"UPSTREAM_URL=http://h:", "UPSTREAM_URL: names no host, or no port"},
		{"UPSTREAM_URL=http://h:70000", "UPSTREAM_URL: names no host, or no port"},
		{"UPSTREAM_URL=ftp://h", "UPSTREAM_URL: begins with none of"},
		{"UPSTREAM_URL=h:80", "UPSTREAM_URL: begins with none of"},
		{"UPSTREAM_URL=wss://h", "UPSTREAM_URL: begins with wss://; write https://"},
		{"UPSTREAM_URL=http://h?", "UPSTREAM_URL: holds a query"},
		{"UPSTREAM_URL=http://h?a=b", "UPSTREAM_URL: holds a query"},
		{"UPSTREAM_URL=http://h#", "UPSTREAM_URL: holds a query"},
		{"UPSTREAM_URL=http://u@h", "UPSTREAM_URL: holds a user"},
		{"UPSTREAM_URL=http://a b", "UPSTREAM_URL: is no URL"},

		{"LISTEN_ADDR=127.0.0.1:8080", ""},
		{"LISTEN_ADDR=:0", ""},
		{"LISTEN_ADDR=localhost", "LISTEN_ADDR: "},
		{"ADMIN_ADDR=0.0.0.0:8080", "ADMIN_ADDR: is the same"},

		{"ANONYMOUS_USER_ID=guest-1", ""},
		{"ANONYMOUS_USER_ID=two words", "ANONYMOUS_USER_ID: is no userId"},
		{"ANONYMOUS_USER_ID=" + strings.Repeat("x", 257), "ANONYMOUS_USER_ID: is no userId"},
		{"AUTH_MODE=Enforce", "AUTH_MODE: unknown value"},
		{"REQUIRE_AUTH=0", ""},
		{"ENFORCE_PERCENT=-1", "ENFORCE_PERCENT: "},
		{"ENFORCE_PERCENT=50%", "ENFORCE_PERCENT: "},

		{"JWT_ALGORITHMS=HS256, HS512", ""},
		{"JWT_ALGORITHMS=HS256,HS256", "JWT_ALGORITHMS: names \"HS256\" twice"},
		{"JWT_ALGORITHMS=hs256", "JWT_ALGORITHMS: unknown value"},
		{"JWT_ALGORITHMS=HS256,none", "JWT_ALGORITHMS: unknown value \"none\""},
		{"JWT_ALGORITHMS=EdDSA", "JWT_ALGORITHMS: names EdDSA, which no configured key serves; set JWT_JWKS_URL"},
		{"JWT_JWKS_URL=https://auth.example.com/jwks.json?key=1", ""},
		{"JWT_JWKS_URL=file:///etc/jwks.json", ""},
		{"JWT_JWKS_URL=https://me:CANARY@auth.example.com/", "JWT_JWKS_URL: holds a user or password"},
		{"JWT_JWKS_URL=jwks.json", "JWT_JWKS_URL: begins with none"},
		{"JWKS_TIMEOUT=-1s", "JWKS_TIMEOUT: -1s is negative"},
		{"JWT_PUBLIC_KEY_FILE=public_test.go", "JWT_PUBLIC_KEY_FILE: holds no PEM block"},
		{"JWT_PUBLIC_KEY_FILE=.", "JWT_PUBLIC_KEY_FILE: cannot be read (not a regular file)"},
		{"JWT_USER_CLAIM=user.id", ""},
		{"JWT_USER_CLAIM=user..id", "JWT_USER_CLAIM: "},
		{"JWT_INSTANCES_CLAIM=sync.stores", ""},
		{"JWT_INSTANCES_CLAIM=stores.", "JWT_INSTANCES_CLAIM: \"stores.\" has an empty part"},
		{"JWT_TYPE=at+jwt", ""},
		{"JWT_TYPE=application/Sync-Identity+JWT", "JWT_TYPE: "},
		{"JWT_GRACE_PERIOD=0", ""},
		{"JWT_MAX_LIFETIME=0s", "JWT_MAX_LIFETIME: is zero"},
		{"JWT_LEEWAY=-1s", "JWT_LEEWAY: -1s is negative"},

		{"TOKEN_SOURCES=header, query", ""},
		{"TOKEN_SOURCES=header,header", "TOKEN_SOURCES: names \"header\" twice"},
		{"TOKEN_SOURCES=header,", "TOKEN_SOURCES: unknown value \"\""},
		{"TOKEN_FIELD=/a~1b/~0", ""},
		{"TOKEN_FIELD=/a~2", "TOKEN_FIELD: "},
		{"TOKEN_COOKIE=a b", "TOKEN_COOKIE: "},
		{"TOKEN_COOKIE=a=b", "TOKEN_COOKIE: "},
		{"TOKEN_QUERY=a&b", "TOKEN_QUERY: "},
		{"UPSTREAM_AUTH_TOKEN=two words", "UPSTREAM_AUTH_TOKEN: "},

		{"MAX_MESSAGE_BYTES=0", "MAX_MESSAGE_BYTES: 0 is too small"},
		{"MAX_MESSAGE_BYTES=16MB", "MAX_MESSAGE_BYTES: "},
		{"MAX_CONNECTIONS=-1", "MAX_CONNECTIONS: -1 is too small"},
		{"FIRST_FRAME_TIMEOUT=0s", "FIRST_FRAME_TIMEOUT: is zero"},
		{"DRAIN_DELAY=0s", ""},
		{"BREAKER_FAILURES=0", "BREAKER_FAILURES: "},

		{"TRUSTED_PROXIES=10.0.0.0/8, fd00::/8", ""},
		{"TRUSTED_PROXIES=10.1.0.0/8", "TRUSTED_PROXIES: \"10.1.0.0/8\" has bits behind its mask; write 10.0.0.0/8"},
		{"TRUSTED_PROXIES=proxy", "TRUSTED_PROXIES: "},
		{"ALLOWED_ORIGINS=https://*.example.com,http://localhost:3000", ""},
		{"ALLOWED_ORIGINS=*", "ALLOWED_ORIGINS: \"*\" is no origin; unset"},
		{"ALLOWED_ORIGINS=null", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=example.com", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=https://*.com", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=https://a.*.com", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=https://u@example.com", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=https://example.com/", "ALLOWED_ORIGINS: "},
		{"ALLOWED_ORIGINS=https://example.com:443", "ALLOWED_ORIGINS: "},
		{"PUBLIC_PATHS=/,/assets/**,/a*.js", ""},
		{"PUBLIC_PATHS=/a/../b", "PUBLIC_PATHS: "},
		{"PUBLIC_PATHS=/a?b", "PUBLIC_PATHS: "},

		{"IDENTITY_KEY=" + otherSecret, ""},
		{"IDENTITY_KEY=short", "IDENTITY_KEY: has fewer than 32 bytes"},
		{"IDENTITY_KEY=-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "IDENTITY_KEY: is neither"},
		{"IDENTITY_PREVIOUS_KEY=" + goodSecret, "IDENTITY_PREVIOUS_KEY: equals a JWT secret"},
		{"IDENTITY_HEADER_PREFIX=X-", "IDENTITY_HEADER_PREFIX: "},
		{"IDENTITY_HEADER_PREFIX=X Sync", "IDENTITY_HEADER_PREFIX: "},
		{"USER_ID_HEADER=X-Legacy-User", ""},
		{"USER_ID_HEADER=X-Sync-Assertion", "USER_ID_HEADER: "},
		{"LOG_FORMAT=xml", "LOG_FORMAT: unknown value"},
		{"USER_DIRECTORY_URL=https://k:v@auth/users/{userId}", ""},
		{"USER_DIRECTORY_URL=https://hunter2@auth/users", "USER_DIRECTORY_URL: has not exactly one {userId}"},
		{"USER_DIRECTORY_URL=auth/{userId}", "USER_DIRECTORY_URL: is no http://"},
		{"USER_DIRECTORY_TIMEOUT=0s", "USER_DIRECTORY_TIMEOUT: is zero"},
		{"USER_DIRECTORY_TTL=0s", ""},
		{"USER_DIRECTORY_TTL=-1s", "USER_DIRECTORY_TTL: -1s is negative"},
		{"USER_DIRECTORY_FAILURE=ignore", "USER_DIRECTORY_FAILURE: unknown value"},
		{"AUTH_FAILURES_PER_MINUTE=0", ""},
		{"AUTH_FAILURES_PER_MINUTE=-1", "AUTH_FAILURES_PER_MINUTE: -1 is too small"},
		{"MAX_CONNECTIONS_PER_USER=-5", "MAX_CONNECTIONS_PER_USER: -5 is too small"},
		{"MAX_CONNECTIONS_PER_USER=5", ""},
	} {
		_, r := load(minimal(tc.set))
		switch {
		case tc.want == "" && r.err() != nil:
			t.Errorf("%s: %v, want no fault", tc.set, r.err())
		case tc.want != "" && (len(r.Faults) != 1 || !strings.HasPrefix(r.Faults[0].String(), tc.want)):
			t.Errorf("%s: faults %q, want one that begins %q", tc.set, r.Faults, tc.want)
		}
	}
}

func TestModeFollowsFlagsThenAuthModeThenRequireAuth(t *testing.T) {
	for _, tc := range []struct {
		env  []string
		want authz.Mode
	}{
		{nil, authz.Enforce},
		{[]string{"REQUIRE_AUTH=false"}, authz.Observe},
		{[]string{"AUTH_MODE=off"}, authz.Off},
		{[]string{"AUTH_MODE=off", "REQUIRE_AUTH=false"}, authz.Off},
		{[]string{"DEV_MODE=true", "LISTEN_ADDR=127.0.0.1:1"}, authz.Observe},
		{[]string{"DEV_MODE=true", "INSECURE_DEV_MODE_ANYWHERE=true"}, authz.Observe},
	} {
		c, r := load(minimal(tc.env...))
		if r.err() != nil || c.startMode() != tc.want {
			t.Errorf("%v: mode %v (%v), want %v", tc.env, c.startMode(), r.err(), tc.want)
		}
	}
}

func TestDevelopmentRenamesTheAnonymousUserUnlessNamed(t *testing.T) {
	for env, want := range map[string]string{"DRAIN_DELAY=1s": "dev-user", "ANONYMOUS_USER_ID=anonymous": "anonymous"} {
		c, _ := load(minimal("DEV_MODE=true", "LISTEN_ADDR=[::1]:1", env))
		if c.AnonymousUserID != want {
			t.Errorf("%s: %q, want %q", env, c.AnonymousUserID, want)
		}
	}
}

func TestWhatTheStartWarnsOf(t *testing.T) {
	for _, tc := range []struct{ set, want string }{
		{"", "JWT_ISSUER: "},
		{"", "JWT_AUDIENCE: "},
		{"", "IDENTITY_KEY: "},
		{"ENFORCE_PERCENT=99", "ENFORCE_PERCENT: 99"},
		{"JWT_JWKS_URL=http://auth.example.com/jwks.json", "JWT_JWKS_URL: is plain http"},
		{"AUTH_MODE=observe", "AUTH_MODE: observe"},
		{"TRUSTED_PROXIES=0.0.0.0/0", "TRUSTED_PROXIES: 0.0.0.0/0 is everybody"},
		{"PUBLIC_PATHS=/**", "PUBLIC_PATHS: /** is everything"},
		{"AUTH_MODE=off", "AUTH_MODE: off"},
		{"JWT_PREVIOUS_SECRET_VALID_UNTIL=2030-01-01T00:00:00Z", "JWT_PREVIOUS_SECRET_VALID_UNTIL: "},
	} {
		_, r := load(minimal(tc.set))
		if lines := "\n" + r.Warnings.Error(); !strings.Contains(lines, "\n"+tc.want) || r.err() != nil {
			t.Errorf("%s: warnings %q, want one that begins %q (faults: %v)", tc.set, r.Warnings, tc.want, r.err())
		}
	}
	_, r := load(minimal("JWT_PREVIOUS_SECRET="+otherSecret, "JWT_PREVIOUS_SECRET_VALID_UNTIL=2020-01-01T00:00:00Z"))
	if !strings.Contains(r.Warnings.Error(), "JWT_PREVIOUS_SECRET: is past its end") || r.err() != nil {
		t.Errorf("past secret: warnings %q, faults %v", r.Warnings, r.err())
	}
}

func TestAPreviousSecretWithoutACurrentOneStopsTheStart(t *testing.T) {
	for _, mode := range []string{"enforce", "observe"} {
		_, r := load(pick([]string{
			"UPSTREAM_URL=http://h", "AUTH_MODE=" + mode,
			"JWT_PREVIOUS_SECRET=" + otherSecret, "JWT_PREVIOUS_SECRET_VALID_UNTIL=2999-01-01T00:00:00Z",
		}))
		if len(r.Faults) != 1 || r.Faults[0].Variable != "JWT_SECRET" {
			t.Errorf("%s: faults %q, want one of JWT_SECRET", mode, r.Faults)
		}
	}
}

func TestObserveAndOffStartWithoutAKey(t *testing.T) {
	for _, mode := range []string{"observe", "off"} {
		if _, r := load(pick([]string{"UPSTREAM_URL=http://h", "AUTH_MODE=" + mode})); r.err() != nil {
			t.Errorf("%s: %v", mode, r.err())
		}
	}
}
