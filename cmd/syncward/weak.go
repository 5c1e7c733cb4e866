package main

import (
	"slices"
	"strings"

	"github.com/syncward/syncward/authz"
)

// placeholders say themselves that the secret is still to be set.
var placeholders = []string{
	"change", "replace", "default", "dev", "development", "insecure", "unsafe", "example", "sample", "your",
}

// trivialWords are what development secrets are made of. A secret that is
// nothing but these is in every attacker's list.
var trivialWords = []string{
	"secret", "secrets", "changeme", "change", "changeit", "me", "it", "this", "in", "production", "prod", "password", "passwd",
	"your", "my", "super", "jwt", "hmac", "key", "token", "default", "dev", "development", "local", "insecure", "unsafe",
	"please", "replace", "with", "256", "bit", "example", "sample", "demo", "admin", "syncward", "identity", "signing",
}

// weak returns why an HMAC secret is refused; nil where it is not. It is short,
// published, or the placeholder of a tutorial.
func weak(secret []byte) error {
	if words := wordsOf(string(secret)); madeOf(words, trivialWords) && containsAny(words, placeholders) {
		return errWellKnown
	}
	if len(secret) < authz.MinSecretBytes {
		return errShort
	}
	if _, err := authz.NewHMACKey(secret); err != nil {
		return errWellKnown // long enough, so it is one of those that authz knows
	}
	return nil
}

// longestUnit is the longest string whose repetition counts as trivial:
// "changeme" and "password" are 8 bytes.
const longestUnit = 8

// poor tells of a secret that nobody should use, though its length is right: a
// few bytes again and again, or the words of tutorials. It is for a warning.
func poor(secret string) bool {
	for n := 1; n <= longestUnit && n < len(secret); n++ {
		if strings.HasPrefix(strings.Repeat(secret[:n], len(secret)/n+1), secret) {
			return true
		}
	}
	return madeOf(wordsOf(secret), trivialWords)
}

// wordsOf drops case and all that is neither letter nor digit.
func wordsOf(secret string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(secret))
}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// madeOf tells whether s is nothing but words, one behind the other.
func madeOf(s string, words []string) bool {
	ends := []int{0} // places up to which s is made of words
	for i := 0; i < len(ends); i++ {
		for _, w := range words {
			if end := ends[i] + len(w); strings.HasPrefix(s[ends[i]:], w) && !slices.Contains(ends, end) {
				ends = append(ends, end)
			}
		}
	}
	return s != "" && slices.Contains(ends, len(s))
}
