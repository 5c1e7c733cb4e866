package identity_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/identity"
)

var (
	mutantPath = flag.String("mutants", "", "write the mutants, with this package's answers, for the other verifier")
	mutantSeed = flag.Uint64("mutants.seed", 1, "which mutants")
	mutantMany = flag.Int("mutants.many", 2000, "how many")
)

// TestMutantsOfGoodAssertionsAreRefusedByOneWordOrMeanWhatTheyMeant spoils good
// assertions at random, most of them before they are signed, so that it is the
// reading of JSON that is tried and not the signature. What is accepted all the
// same is compared by @syncward/client/verify (see e2e/verify).
func TestMutantsOfGoodAssertionsAreRefusedByOneWordOrMeanWhatTheyMeant(t *testing.T) {
	t.Logf("-mutants.seed %d -mutants.many %d", *mutantSeed, *mutantMany)
	file := vectorFile{About: fmt.Sprintf("mutants, seed %d", *mutantSeed), Keys: vectorKeys(t)}
	m := mutator{rand.New(rand.NewPCG(*mutantSeed, 0))}
	words := map[string]int{}
	good := goodRecipes()
	for i := range *mutantMany {
		r := good[m.IntN(len(good))]
		algs := strings.Fields(r.algs)
		d := newDraft(file.Keys, algs[m.IntN(len(algs))])
		r.change(d)
		d.v.Times = 0
		how := m.spoil(d)
		v := d.finish(t)
		v.Name = fmt.Sprintf("%d: %s, %s", i, r.name, how)
		v.Want, v.Claims = goAnswer(t, v, file.keySet(t, v.Keys))
		words[v.Want]++
		file.Vectors = append(file.Vectors, v)
	}
	t.Log(words)
	for _, want := range []identity.Error{"ok", identity.ErrMalformed, identity.ErrClaims, identity.ErrSignature, identity.ErrHeaders, identity.ErrParameter} {
		if words[string(want)] < *mutantMany/100 {
			t.Errorf("%d mutants are answered %q: they try too little", words[string(want)], string(want))
		}
	}
	if *mutantPath == "" {
		return
	}
	data, err := json.Marshal(file)
	if err == nil {
		err = os.WriteFile(*mutantPath, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// goAnswer is this package's word for a vector, and what an accepted one claims.
func goAnswer(t *testing.T, v vector, keys identity.KeySet) (string, map[string]any) {
	t.Helper()
	claims, err := v.verifier(keys).Verify(v.request(t))
	if err == nil {
		return "ok", claimsOf(claims)
	}
	if claims != (identity.Claims{}) {
		t.Errorf("%s: a refusal hands out claims", v.Name)
	}
	at := slices.IndexFunc(identity.Refusals(), func(e identity.Error) bool { return errors.Is(err, e) })
	if at < 0 {
		t.Fatalf("%s: %v is in no list", v.Name, err)
	}
	return string(identity.Refusals()[at]), nil
}

// mutator spoils drafts by lot.
type mutator struct{ *rand.Rand }

// spoil changes one part of a draft, and says which.
func (m mutator) spoil(d *draft) string {
	switch n := m.IntN(20); {
	case n < 9:
		d.claimsText = m.text(m.members(d.claims))
		return "claims"
	case n < 14:
		d.headText = m.text(m.members(d.head))
		return "head"
	case n < 17:
		d.mangle = func(token string) string { return m.token(token) }
		return "token"
	default:
		m.headers(&d.v)
		return "headers"
	}
}

// values are what a member may say instead.
var values = []string{
	`null`, `true`, `""`, `{}`, `[]`, `["GET"]`, `0`, `-1`, `1800000000.0`, `18e8`, `1800000001`, `1799999999`, `1800000066`, `253402300800`, `01`,
	`"user-1"`, `"user\u002d1"`, `"user-2"`, `"syncward"`, `"grace"`, `"none"`, `"ES256"`, `"AAECAwQFBgcICQoLDA0ODx"`, `"a b"`, `"é"`, `"\ud83d\ude00"`, `"\u0000"`,
}

// members writes an object in another way that mostly means the same: another
// order, other spaces, escapes in names, a member twice, one more, another value.
func (m mutator) members(o object) string {
	o = slices.Clone(o)
	if m.IntN(3) == 0 {
		m.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
	}
	switch m.IntN(8) {
	case 0:
		o = append(o, o[m.IntN(len(o))])
	case 1, 2:
		o.add(m.of("crit", "b64", "jwk", "Alg", "role", "__proto__", ""), m.of(values...))
	case 3, 4:
		o[m.IntN(len(o))][1] = m.of(values...)
	}
	var s strings.Builder
	for i, member := range o {
		name := member[0]
		if at := m.IntN(3*len(name) + 1); at < len(name) {
			name = fmt.Sprintf(`%s\u%04x%s`, name[:at], name[at], name[at+1:])
		}
		fmt.Fprintf(&s, `%c%s"%s"%s:%s%s`, "{,"[min(i, 1)], m.space(), name, m.space(), m.space(), member[1])
	}
	return s.String() + m.space() + "}"
}

func (m mutator) space() string { return m.of("", "", "", "", "", "", "", "", " ", "\t\r\n") }

func (m mutator) of(all ...string) string { return all[m.IntN(len(all))] }

// fragments are what readers of JSON disagree about.
var fragments = []string{
	" ", "\t", "\n", "\r", "\f", "\v", "\x00", "\x7f", "\u00a0", "\ufeff", "\u2028", "é", "😀", "\xff", "\xc3\x28", "\xed\xa0\x80", "\xf0\x9f\x98",
	`\u0073`, `\ud800`, `\udc00\ud800`, `\ud83d\ude00`, `\/`, `\"`, `\x41`, `\u00`, `\U0041`, `\`, `"`, `'`,
	`"iat":1800000000,`, `"sub":"user-2",`, `"su\u0062":"user-1",`, `"__proto__":{"sub":"a"},`, `"constructor":1,`, `"":"",`, `"a":[[[[]]]],`, `"a":{"b":1,"b":2},`,
	`"a":[{"b":{}},{"b":1}],`, `"crit":["b64"],`, `"b64":false,`, `"alg":"none",`, `null`, `true`, `[]`, `{}`, `,`, `:`, `{`, `}`, `[`, `]`, `,,`,
	`1e3`, `1.0`, `-0`, `00`, `0x1`, `+1`, `.5`, `NaN`, `Infinity`, `9007199254740993`, `1E400`, `//c` + "\n", `/**/`,
	strings.Repeat("[", 300) + strings.Repeat("]", 300),
}

// text spoils a text up to three times, or leaves it.
func (m mutator) text(s string) string {
	for range max(0, m.IntN(5)-2) {
		at := m.IntN(len(s) + 1)
		end := min(len(s), at+1+m.IntN(4))
		switch m.IntN(6) {
		case 0: // a byte is another
			s = s[:at] + string([]byte{byte(m.IntN(256))}) + s[min(len(s), at+1):]
		case 1: // some are gone
			s = s[:at] + s[end:]
		case 2: // some are there twice
			s = s[:end] + s[at:]
		default: // something comes in, or stands before or behind it all
			at = []int{at, at, m.after(s, at), m.after(s, at), m.after(s, at), 0, len(s)}[m.IntN(7)]
			s = s[:at] + m.of(fragments...) + s[at:]
		}
	}
	return s
}

// after is the place behind the next structural character from at on.
func (m mutator) after(s string, at int) int {
	return min(len(s), at+strings.IndexAny(s[at:]+",", `{,:"`)+1)
}

// token spoils a compact JWS, whose signature then is another's.
func (m mutator) token(s string) string {
	at := m.IntN(len(s))
	switch m.IntN(5) {
	case 0:
		return s[:at] + m.of("A", "_", "-", "+", "/", "=", ".", " ", "\t", "é", ",") + s[at+1:]
	case 1:
		return s[:at] + m.of("A", "=", "==", ".", " ", "\n", "%3D", "é", ",") + s[at:]
	case 2: // stray bits in the last character of a part
		dots := []int{strings.IndexByte(s, '.'), strings.LastIndexByte(s, '.'), len(s)}
		end := dots[m.IntN(3)]
		return s[:end-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[m.IntN(64)]) + s[end:]
	case 3:
		return s[:at]
	default:
		return m.of(" ", "\t", ".", "Bearer ", "") + s + m.of("", " ", "=", ".", "."+s, ","+s)
	}
}

// headers spoils the plain headers of a request.
func (m mutator) headers(v *vector) {
	h := slices.Clone(v.Request.Headers)
	at := m.IntN(len(h))
	switch m.IntN(5) {
	case 0:
		h = slices.Delete(h, at, at+1)
	case 1:
		h = append(h, [2]string{m.spelled(h[at][0]), m.of(h[at][1], "", "user-2")})
	case 2:
		h[at][1] = m.of(h[at][1]+" ", " "+h[at][1], strings.ToUpper(h[at][1]), h[at][1]+","+h[at][1], "", "user-2", "é")
	default:
		h[at][0] = m.spelled(h[at][0])
	}
	v.Request.Headers = h
}

func (m mutator) spelled(name string) string {
	return m.of(name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), "X-"+name)
}

// The mutants are the same for the same seed, or a failure could not be shown again.
func TestMutantsAreTheSameForTheSameSeed(t *testing.T) {
	draw := func() []string {
		m, all := mutator{rand.New(rand.NewPCG(7, 0))}, []string{}
		for range 50 {
			all = append(all, m.text(m.members(newDraft(vectorKeys(t), "HS256").claims)))
		}
		return all
	}
	if !slices.Equal(draw(), draw()) {
		t.Error("two runs of one seed differ")
	}
}
