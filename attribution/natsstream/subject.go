package natsstream

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/syncward/syncward/attribution"
)

// Subjects, NAME being the stream's:
//
//	syncward-journal.NAME.done.STORE.BACKEND.SEQ.EVENT     the confirmed record of a place
//	syncward-journal.NAME.open.STORE.BACKEND.SEQ.EVENT.iID an intent there
//	syncward-journal.NAME.open.STORE.BACKEND.SEQ.EVENT.sID a sight there
//
// STORE, BACKEND and EVENT are "_" and base64url, so that none is empty; SEQ is
// decimal. ID is of what makes two intents at one place different, 128 bits of
// SHA-256: attribution.Record.Same.

func prefix(stream string) string { return "syncward-journal." + stream + "." }

// token is a text that came from others, as part of a subject.
func token(s string) string { return "_" + base64.RawURLEncoding.EncodeToString([]byte(s)) }

// place is the part of a subject that tells a place.
func place(p attribution.Place) string {
	return token(p.StoreID) + "." + token(p.BackendID) + "." + strconv.FormatInt(p.SeqNum, 10) + "." + token(p.EventID)
}

// done is where a place's confirmed record stands.
func (j *Journal) done(p attribution.Place) string { return prefix(j.name) + "done." + place(p) }

// opens is what the subjects of everything open begin with; of one store, where
// it is not "".
func (j *Journal) opens(store string) string {
	all := prefix(j.name) + "open."
	if store != "" {
		all += token(store) + "."
	}
	return all
}

// intent is where an intent, or a sight, stands.
func (j *Journal) intent(r attribution.Record) string {
	kind := ".i"
	if r.Sight() {
		kind = ".s"
	}
	h := sha256.New()
	for _, s := range []string{r.UserID, r.ConnectionID} {
		_ = binary.Write(h, binary.BigEndian, int64(len(s)))
		h.Write([]byte(s))
	}
	_ = binary.Write(h, binary.BigEndian, r.Attempt)
	h.Write(r.Hash[:])
	return prefix(j.name) + "open." + place(r.Place()) + kind + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// placeOf is the part of an open subject that tells its place, and whether it is
// an intent's; else it is a sight's.
func (j *Journal) placeOf(subject string) (at string, intent bool) {
	at, last := strings.TrimPrefix(subject, j.opens("")), strings.LastIndexByte(subject, '.')
	kind := subject[last+1:]
	return strings.TrimSuffix(at, "."+kind), strings.HasPrefix(kind, "i")
}
