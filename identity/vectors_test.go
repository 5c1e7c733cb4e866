package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/syncward/syncward/identity"
)

//go:generate go test -run TestTheVectorFileIsWhatTheGeneratorMakes -update .

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectorPath = "testdata/vectors.json"

// vectorFile is testdata/vectors.json, shared with the TypeScript verifier.
type vectorFile struct {
	About   string               `json:"about"`
	Keys    map[string]vectorKey `json:"keys"`
	Vectors []vector             `json:"vectors"`
}

type vectorKey struct {
	Alg    string          `json:"alg"`
	KeyID  string          `json:"kid"`
	Secret string          `json:"secret,omitempty"` // HS256: its UTF-8 bytes
	PEM    string          `json:"pem,omitempty"`    // others: PKCS#8
	JWKS   json.RawMessage `json:"jwks,omitempty"`
}

type vector struct {
	Name    string         `json:"name"`
	Keys    []string       `json:"keys"` // what the verifier trusts
	Options vectorOptions  `json:"options"`
	Request vectorRequest  `json:"request"`
	Now     int64          `json:"now"`             // Unix seconds
	Times   int            `json:"times,omitempty"` // verified so often; all but the last are ok
	Want    string         `json:"want"`            // "ok" or the refusal's word
	Claims  map[string]any `json:"claims,omitempty"`
}

type vectorOptions struct {
	Issuer            string `json:"issuer"`
	Audience          string `json:"audience"`
	Prefix            string `json:"prefix,omitempty"`
	UserIDHeader      string `json:"userIdHeader,omitempty"`
	LeewaySeconds     int    `json:"leewaySeconds,omitempty"` // 0: the default of 5; below: none
	SingleUse         bool   `json:"singleUse,omitempty"`
	CheckWebSocketKey bool   `json:"checkWebSocketKey,omitempty"`
	CheckPath         bool   `json:"checkPath,omitempty"`
	KeysUnavailable   bool   `json:"keysUnavailable,omitempty"` // the source of keys fails
}

type vectorRequest struct {
	Method  string      `json:"method"`
	Target  string      `json:"target"`
	Headers [][2]string `json:"headers"`
}

func readVectors(t testing.TB) vectorFile {
	t.Helper()
	data, err := os.ReadFile(vectorPath)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}

// keySet builds what the verifier trusts from the file alone.
func (f vectorFile) keySet(t testing.TB, names []string) identity.KeySet {
	t.Helper()
	var set identity.KeySet
	for _, name := range names {
		key, found := f.Keys[name]
		if !found {
			t.Fatalf("no key %q in the file", name)
		}
		if key.Secret != "" {
			secret, err := identity.ParseKey([]byte(key.Secret))
			if err != nil {
				t.Fatal(err)
			}
			set = set.Join(identity.NewKeySet(secret))
			continue
		}
		public, err := identity.ParseJWKS(key.JWKS)
		if err != nil {
			t.Fatal(err)
		}
		set = set.Join(public)
	}
	return set
}

func (v vector) verifier(keys identity.KeySet) *identity.Verifier {
	o := v.Options
	verifier := &identity.Verifier{
		Keys: keys, Issuer: o.Issuer, Audience: o.Audience,
		Names:            identity.Names{Prefix: o.Prefix, UserID: o.UserIDHeader},
		Leeway:           time.Duration(o.LeewaySeconds) * time.Second,
		RequireSingleUse: o.SingleUse, CheckWebSocketKey: o.CheckWebSocketKey, CheckPath: o.CheckPath,
		Now: func() time.Time { return time.Unix(v.Now, 0) },
	}
	if o.KeysUnavailable {
		verifier.KeysFunc = func(context.Context, string) (identity.KeySet, error) {
			return keys, errors.New("out of reach")
		}
	}
	return verifier
}

func (v vector) request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest(v.Request.Method, "http://upstream.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = v.Request.Target
	for _, h := range v.Request.Headers {
		r.Header.Add(h[0], h[1])
	}
	return r
}

func claimsOf(c identity.Claims) map[string]any {
	m := map[string]any{
		"iss": c.Issuer, "aud": c.Audience, "sub": c.UserID, "cid": c.ConnectionID,
		"iid": c.InstanceID, "status": c.Status, "mth": c.Method, "jti": c.ID, "pth": c.PathHash,
		"iat": float64(c.IssuedAt.Unix()), "exp": float64(c.ExpiresAt.Unix()),
	}
	if !c.TokenExpires.IsZero() {
		m["uexp"] = float64(c.TokenExpires.Unix())
	}
	if c.WebSocketKey != "" {
		m["wsk"] = c.WebSocketKey
	}
	return m
}

func TestEachVectorGetsItsAnswer(t *testing.T) {
	file := readVectors(t)
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			verifier, r := v.verifier(file.keySet(t, v.Keys)), v.request(t)
			for range v.Times - 1 {
				if _, err := verifier.Verify(r); err != nil {
					t.Fatalf("an earlier time: %v", err)
				}
			}
			claims, err := verifier.Verify(r)
			if v.Want == "ok" {
				if err != nil {
					t.Fatal(err)
				}
				if got := claimsOf(claims); !maps.Equal(got, v.Claims) {
					t.Errorf("claims %v, want %v", got, v.Claims)
				}
				return
			}
			if !errors.Is(err, identity.Error(v.Want)) {
				t.Errorf("got %v, want %s", err, v.Want)
			}
			if claims != (identity.Claims{}) {
				t.Errorf("a refusal hands out claims: %v", claims)
			}
		})
	}
}

func TestEveryRefusalHasAVectorAndEveryVectorAKnownAnswer(t *testing.T) {
	covered, algs, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	known := map[string]bool{"ok": true}
	for _, e := range identity.Refusals() {
		known[string(e)] = true
	}
	file := readVectors(t)
	for _, v := range file.Vectors {
		if names[v.Name] {
			t.Errorf("two vectors named %q", v.Name)
		}
		if !known[v.Want] {
			t.Errorf("%s: wants %q, which is in no list", v.Name, v.Want)
		}
		names[v.Name], covered[v.Want] = true, true
		for _, k := range v.Keys {
			algs[file.Keys[k].Alg+" "+v.Want] = true
		}
	}
	for want := range known {
		if !covered[want] {
			t.Errorf("no vector for %q", want)
		}
	}
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		for _, want := range []string{"ok", "signature", "algorithm", "expired", "headers"} {
			if !algs[alg+" "+want] {
				t.Errorf("no %s vector for %q", alg, want)
			}
		}
	}
}

func TestTheVectorFileIsWhatTheGeneratorMakes(t *testing.T) {
	made := makeVectors(t)
	if *update {
		if err := os.WriteFile(vectorPath, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(vectorPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, made) {
		t.Error("testdata/vectors.json is out of date: run go generate ./identity")
	}
}
