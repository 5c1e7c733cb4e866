package identity_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
)

// recipes lists the vectors, in the order in which a verifier checks.
func recipes(t testing.TB) []recipe {
	return slices.Concat(goodRecipes(), formatRecipes(), headRecipes(), keyRecipes(t),
		claimRecipes(), scopeRecipes(), requestRecipes())
}

func goodRecipes() []recipe {
	return []recipe{
		{"an upgrade request", "ok", everyAlg, func(*draft) {}},
		{"everything checked, first use", "ok", everyAlg, func(d *draft) {
			d.v.Options.SingleUse, d.v.Options.CheckPath, d.v.Options.CheckWebSocketKey = true, true, true
		}},
		{"anonymous has no token expiry", "ok", "HS256", func(d *draft) {
			d.claims.drop("uexp")
			d.claims.set("sub", `"anonymous"`)
			d.claims.set("status", `"anonymous"`)
			d.dropHeader("X-Sync-Token-Expires")
			d.header("X-Sync-User-Id", "anonymous")
			d.header("X-Sync-Auth-Status", "anonymous")
		}},
		{"in grace, the client's token long expired", "ok", "EdDSA", func(d *draft) {
			d.claims.set("uexp", "1799950000")
			d.claims.set("status", `"grace"`)
			d.header("X-Sync-Token-Expires", "1799950000")
			d.header("X-Sync-Auth-Status", "grace")
		}},
		{"a plain POST without a socket key, all checked", "ok", "ES256", func(d *draft) {
			d.claims.drop("wsk")
			d.claims.set("mth", `"POST"`)
			d.dropHeader("Sec-WebSocket-Key")
			d.v.Request.Method, d.v.Options.CheckWebSocketKey, d.v.Options.CheckPath = "POST", true, true
		}},
		{"an instance id that needs escapes", "ok", "HS256", func(d *draft) {
			d.claims.set("iid", `"a\"b\\c\u0000\u00e9\ud83d\ude00 é"`)
		}},
		{"no instance", "ok", "HS256", func(d *draft) { d.claims.set("iid", `""`) }},
		{"another prefix and user-id header", "ok", "EdDSA", func(d *draft) {
			d.v.Options.Prefix, d.v.Options.UserIDHeader = "X-Who-", "Remote-User"
			d.v.Request.Headers = [][2]string{
				{"Remote-User", "user-1"}, {"X-Who-Connection-Id", "01980000-0000-7000-8000-000000000001"},
				{"X-Who-Auth-Status", "valid"}, {"X-Who-Token-Expires", "1800003600"},
			}
			d.assertions = []string{"X-Who-Assertion"}
		}},
		{"header names in lower case", "ok", "ES256", func(d *draft) {
			for i, h := range d.v.Request.Headers {
				d.v.Request.Headers[i][0] = strings.ToLower(h[0])
			}
			d.assertions = []string{"x-sync-assertion"}
		}},
		{"a claim that nobody knows yet", "ok", "HS256", func(d *draft) { d.claims.add("role", `{"a":[1]}`) }},
		{"kid picks among several keys", "ok", everyAlg, func(d *draft) {
			d.v.Keys = []string{"hs256", "eddsa", "es256"}
		}},
		{"a hop changed socket key and path, unchecked", "ok", "EdDSA", func(d *draft) {
			d.header("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
			d.v.Request.Target = "/sync?storeId=notes&x=|"
		}},
		{"the same request twice, single use not asked for", "ok", "HS256", func(d *draft) { d.v.Times = 2 }},
		{"expired, the last second of leeway", "ok", "HS256", func(d *draft) { d.v.Now = vectorNow + 64 }},
		{"issued ahead, the last second of leeway", "ok", "HS256", func(d *draft) { d.v.Now = vectorNow - 5 }},
		{"no leeway, the last second", "ok", "EdDSA", func(d *draft) {
			d.v.Now, d.v.Options.LeewaySeconds = vectorNow+59, -1
		}},
	}
}

// mangled returns a recipe that changes the finished token.
func mangled(name, want string, change func(token string) string) recipe {
	return recipe{name, want, "HS256", func(d *draft) { d.mangle = change }}
}

// part replaces one of a token's three parts.
func part(i int, change func(string) string) func(string) string {
	return func(token string) string {
		parts := strings.Split(token, ".")
		parts[i] = change(parts[i])
		return strings.Join(parts, ".")
	}
}

func formatRecipes() []recipe {
	raw := func(name, text string) []recipe {
		return []recipe{
			{"header: " + name, "malformed", "HS256", func(d *draft) {
				d.headText = strings.Replace(text, "$", strings.Trim(d.head.String(), "{}"), 1)
			}},
			{"claims: " + name, "malformed", "HS256", func(d *draft) {
				d.claimsText = strings.Replace(text, "$", strings.Trim(d.claims.String(), "{}"), 1)
			}},
		}
	}
	return slices.Concat([]recipe{
		{"no assertion header", "no_assertion", "HS256", func(d *draft) { d.assertions = nil }},
		mangled("an empty assertion", "no_assertion", func(string) string { return "" }),
		mangled("not a token", "malformed", func(string) string { return "x" }),
		mangled("two parts", "malformed", func(s string) string { return s[:strings.LastIndexByte(s, '.')] }),
		mangled("four parts", "malformed", func(s string) string { return s + ".e30" }),
		mangled("a JWE's five parts", "malformed", func(s string) string { return s + ".." }),
		mangled("dots only", "malformed", func(string) string { return strings.Repeat(".", 5000) }),
		mangled("over 14 KiB", "malformed", func(s string) string { return s + strings.Repeat("A", 14<<10) }),
		mangled("padding in the header", "malformed", part(0, func(s string) string { return s + "=" })),
		mangled("padding in the claims", "malformed", part(1, func(s string) string { return s + "==" })),
		mangled("padding in the signature", "malformed", part(2, func(s string) string { return s + "=" })),
		mangled("stray bits in the signature's last character", "malformed", part(2, strayBit)),
		mangled("the plain base64 alphabet", "malformed", part(2, func(s string) string { return "+/" + s[2:] })),
		mangled("a space inside", "malformed", part(1, func(s string) string { return s[:4] + " " + s[4:] })),
	},
		raw("a name twice", `{"a":1,"a":2,$}`),
		raw("a name twice, once escaped", `{$,"\u0061lg":"none","alg":"none","iss":1,"\u0069ss":2}`),
		raw("trailing data", `{$}{}`), raw("an array", `[{$}]`), raw("a byte order mark", "\ufeff{$}"),
		raw("invalid UTF-8", "{\"a\":\"\xff\",$}"), raw("a lone surrogate", `{"a":"\ud800",$}`),
		raw("a trailing comma", `{$,}`), raw("a comment", `{/**/$}`), raw("cut short", `{$`), raw("null", `null`),
	)
}

// strayBit sets a bit of the last character that decodes to nothing: a lax
// decoder would see the same signature.
func strayBit(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

func headRecipes() []recipe {
	set := func(name, want, algs, member, raw string) recipe {
		return recipe{name, want, algs, func(d *draft) { d.head.set(member, raw) }}
	}
	unsigned := func(name, alg string) recipe {
		return recipe{name, "algorithm", "HS256", func(d *draft) {
			d.head.set("alg", alg)
			d.sign = func(string) []byte { return nil }
		}}
	}
	list := []recipe{
		set("crit", "parameter", "HS256", "crit", `["exp"]`),
		set("b64 false", "parameter", "HS256", "b64", "false"),
		set("jwk", "parameter", "EdDSA", "jwk", `{"kty":"OKP","crv":"Ed25519","x":"AA"}`),
		set("jku", "parameter", "EdDSA", "jku", `"https://keys.test/jwks.json"`),
		set("x5u", "parameter", "ES256", "x5u", `"https://keys.test/c.pem"`),
		set("x5c", "parameter", "ES256", "x5c", `[]`),
		set("cty", "parameter", "HS256", "cty", `"JWT"`),
		set("typ JWT", "type", everyAlg, "typ", `"JWT"`),
		set("typ in another case", "type", "HS256", "typ", `"Sync-Identity+JWT"`),
		{"no typ", "type", "HS256", func(d *draft) { d.head.drop("typ") }},
		set("typ is no string", "malformed", "HS256", "typ", `1`),
		set("kid is no string", "malformed", "HS256", "kid", `{}`),
		set("alg in lower case", "algorithm", "HS256", "alg", `"hs256"`),
		set("alg of another strength", "algorithm", "HS256", "alg", `"HS512"`),
		set("alg RS256", "algorithm", "ES256", "alg", `"RS256"`),
		{"no alg", "algorithm", "HS256", func(d *draft) { d.head.drop("alg") }},
		{"alg none with an unknown kid", "algorithm", "HS256", func(d *draft) {
			d.head.set("alg", `"none"`)
			d.head.set("kid", `"x"`)
		}},
		unsigned("alg none without a signature", `"none"`),
		unsigned("alg nOnE without a signature", `"nOnE"`),
	}
	return list
}

func keyRecipes(t testing.TB) []recipe {
	public := edKey("vectors").Public().(ed25519.PublicKey)
	return []recipe{
		{"the public key as an HMAC secret", "algorithm", "EdDSA", func(d *draft) {
			d.head.set("alg", `"HS256"`)
			d.sign = func(input string) []byte { return hmacOver(public, input) }
		}},
		{"EdDSA claimed with the kid of a P-256 key", "algorithm", "ES256", func(d *draft) {
			d.head.set("alg", `"EdDSA"`)
			d.sign = func(input string) []byte { return ed25519.Sign(edKey("vectors"), []byte(input)) }
		}},
		{"EdDSA claimed with the kid of a secret", "algorithm", "HS256", func(d *draft) {
			d.head.set("alg", `"EdDSA"`)
			d.sign = func(input string) []byte { return ed25519.Sign(edKey("vectors"), []byte(input)) }
		}},
		{"no key at all", "not_configured", everyAlg, func(d *draft) { d.v.Keys = []string{} }},
		{"no issuer configured", "not_configured", "HS256", func(d *draft) { d.v.Options.Issuer = "" }},
		{"no audience configured", "not_configured", "HS256", func(d *draft) { d.v.Options.Audience = "" }},
		{"the source of keys fails", "unavailable", "EdDSA", func(d *draft) { d.v.Options.KeysUnavailable = true }},
		{"a key that is not trusted", "unknown_key", "EdDSA", func(d *draft) { d.v.Keys = []string{"hs256", "es256"} }},
		{"no kid", "unknown_key", everyAlg, func(d *draft) { d.head.drop("kid") }},
		{"a kid with a path and NUL", "unknown_key", "HS256", func(d *draft) { d.head.set("kid", `"../../\u0000etc"`) }},
		{"another key under the same kid", "signature", "EdDSA ES256", func(d *draft) { d.label = "stranger" }},
		{"another secret under the same kid", "signature", "HS256", func(d *draft) {
			d.sign = func(input string) []byte { return hmacOver([]byte(strings.Repeat("?", 32)), input) }
		}},
		{"an empty signature", "signature", everyAlg, func(d *draft) { d.sign = func(string) []byte { return nil } }},
		{"a signature cut short", "signature", everyAlg, func(d *draft) { d.sign = resized(t, d, -1) }},
		{"a signature one byte too long", "signature", everyAlg, func(d *draft) { d.sign = resized(t, d, 1) }},
		{"a signature of zeros", "signature", "EdDSA ES256", func(d *draft) {
			d.sign = func(string) []byte { return make([]byte, 64) }
		}},
		{"an ASN.1 signature", "signature", "ES256", func(d *draft) {
			d.sign = func(input string) []byte { return forgeDER(t, d.label, input) }
		}},
		{"one claim changed after signing", "signature", everyAlg, func(d *draft) {
			d.mangle = part(1, func(string) string {
				d.claims.set("sub", `"user-2"`)
				return b64([]byte(d.claims.String()))
			})
			d.header("X-Sync-User-Id", "user-2")
		}},
		{"the header respelled after signing", "signature", "HS256", func(d *draft) {
			d.mangle = part(0, func(string) string { return b64([]byte(" " + d.head.String())) })
		}},
	}
}

// resized signs well and then adds or takes a byte at the end.
func resized(t testing.TB, d *draft, by int) func(string) []byte {
	return func(input string) []byte {
		good := forgeSignature(t, d.alg, d.label, input)
		return append(good, 0)[:len(good)+by]
	}
}

func claimRecipes() []recipe {
	list := []recipe{{"times beyond the year 9999", "claims", "HS256", func(d *draft) {
		d.claims.set("iat", "253402300800")
		d.claims.set("exp", "253402300860")
	}}}
	for _, name := range []string{"iss", "aud", "sub", "cid", "iid", "status", "mth", "iat", "exp", "jti", "pth"} {
		list = append(list, recipe{"no " + name, "claims", "HS256", func(d *draft) { d.claims.drop(name) }})
	}
	for _, bad := range [][2]string{
		{"iss", `["syncward"]`}, {"aud", `["sync-upstream"]`}, {"sub", `""`}, {"sub", `7`}, {"sub", `"a b"`},
		{"sub", `"é"`}, {"sub", `"a\r\nX: y"`}, {"sub", quoted(strings.Repeat("u", 257))}, {"cid", `""`},
		{"iid", `null`}, {"iid", quoted(strings.Repeat("i", 1025))}, {"status", `"root"`}, {"status", `"VALID"`},
		{"uexp", `null`}, {"uexp", `"1800003600"`}, {"uexp", `0`}, {"mth", `""`}, {"iat", `"1800000000"`},
		{"iat", `1800000000.0`}, {"iat", `1.8e9`}, {"iat", `-1`}, {"exp", `1e308`}, {"exp", `1800000060.5`},
		{"exp", `9223372036854775808`}, {"exp", `1800000061`}, {"exp", `1800000000`}, {"exp", `1799999999`},
		{"jti", `""`}, {"jti", `"AAECAwQFBgcICQoLDA0ODw=="`}, {"jti", `"AAECAwQFBgcICQoLDA0ODx"`}, {"jti", `"AAEC"`},
		{"wsk", `""`}, {"wsk", `false`}, {"pth", `"AAEC"`},
	} {
		text := bad[1]
		if len(text) > 40 {
			text = text[:8] + "… too long"
		}
		list = append(list, recipe{bad[0] + " is " + text, "claims", "HS256", func(d *draft) { d.claims.set(bad[0], bad[1]) }})
	}
	return list
}

func scopeRecipes() []recipe {
	return []recipe{
		{"another issuer", "issuer", everyAlg, func(d *draft) { d.claims.set("iss", `"syncward2"`) }},
		{"another audience", "audience", everyAlg, func(d *draft) { d.claims.set("aud", `"other-upstream"`) }},
		{"expired beyond the leeway", "expired", everyAlg, func(d *draft) { d.v.Now = vectorNow + 65 }},
		{"expired, no leeway", "expired", "HS256", func(d *draft) {
			d.v.Now, d.v.Options.LeewaySeconds = vectorNow+60, -1
		}},
		{"issued ahead beyond the leeway", "not_yet_valid", everyAlg, func(d *draft) { d.v.Now = vectorNow - 6 }},
		{"issued ahead, no leeway", "not_yet_valid", "HS256", func(d *draft) {
			d.v.Now, d.v.Options.LeewaySeconds = vectorNow-1, -1
		}},
	}
}

func requestRecipes() []recipe {
	list := []recipe{
		{"another method", "method", everyAlg, func(d *draft) { d.v.Request.Method = "POST" }},
		{"a method in another case", "method", "HS256", func(d *draft) { d.claims.set("mth", `"get"`) }},
		{"a user id beside the claim", "headers", everyAlg, func(d *draft) { d.header("X-Sync-User-Id", "user-2") }},
		{"a user id in another case", "headers", "HS256", func(d *draft) { d.header("X-Sync-User-Id", "USER-1") }},
		{"a user id twice", "headers", "HS256", func(d *draft) { d.addHeader("x-sync-user-id", "user-1") }},
		{"two user ids joined by a hop", "headers", "HS256", func(d *draft) { d.header("X-Sync-User-Id", "user-1, user-1") }},
		{"a user id under an underscore name too", "headers", "HS256", func(d *draft) { d.addHeader("X_Sync_User_Id", "user-2") }},
		{"a token expiry that was not claimed", "headers", "HS256", func(d *draft) { d.claims.drop("uexp") }},
		{"a token expiry spelled otherwise", "headers", "HS256", func(d *draft) { d.header("X-Sync-Token-Expires", "01800003600") }},
		{"the assertion twice", "headers", "HS256", func(d *draft) {
			d.assertions = []string{"X-Sync-Assertion", "X-Sync-Assertion"}
		}},
		mangled("two assertions joined by a hop", "headers", func(s string) string { return s + ", " + s }),
		{"another socket key", "websocket_key", everyAlg, func(d *draft) {
			d.v.Options.CheckWebSocketKey = true
			d.header("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		}},
		{"a socket key that was not claimed", "websocket_key", "HS256", func(d *draft) {
			d.v.Options.CheckWebSocketKey = true
			d.claims.drop("wsk")
		}},
		{"a socket key claimed and not sent", "websocket_key", "HS256", func(d *draft) {
			d.v.Options.CheckWebSocketKey = true
			d.dropHeader("Sec-WebSocket-Key")
		}},
		{"a socket key under a name that only some servers take for it", "websocket_key", "HS256", func(d *draft) {
			d.v.Options.CheckWebSocketKey = true
			d.v.Request.Headers[0][0] = "Sec_WebSocket_Key"
		}},
		{"a socket key twice", "websocket_key", "HS256", func(d *draft) {
			d.v.Options.CheckWebSocketKey = true
			d.addHeader("Sec-WebSocket-Key", vectorSocket)
		}},
		{"another query", "path", everyAlg, func(d *draft) {
			d.v.Options.CheckPath, d.v.Request.Target = true, "/sync?storeId=other&x=%7C"
		}},
		{"the same path, normalised", "path", "HS256", func(d *draft) {
			d.v.Options.CheckPath, d.v.Request.Target = true, "/sync?storeId=notes&x=|"
		}},
		{"used twice", "replayed", everyAlg, func(d *draft) { d.v.Options.SingleUse, d.v.Times = true, 2 }},
	}
	for _, name := range []string{"X-Sync-User-Id", "X-Sync-Connection-Id", "X-Sync-Auth-Status", "X-Sync-Token-Expires"} {
		list = append(list,
			recipe{"no " + name, "headers", "HS256", func(d *draft) { d.dropHeader(name) }},
			recipe{"an empty " + name, "headers", "HS256", func(d *draft) { d.header(name, "") }})
	}
	return list
}
