package natsstream

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/syncward/syncward/attribution"
)

// Subjects, NAME being the stream's:
//
//	syncward-journal.NAME.done.STORE.BACKEND.SPAN.SEQ.EVENT     the confirmed record of a place
//	syncward-journal.NAME.open.STORE.BACKEND.SPAN.SEQ.EVENT.iID an intent there
//	syncward-journal.NAME.open.STORE.BACKEND.SPAN.SEQ.EVENT.sID a sight there
//	syncward-journal.NAME.log.STORE.BACKEND.SPAN                says that the span has confirmed records
//	syncward-journal.NAME.owner.STORE.CLIENT                    the user whose the clientId is in the store
//
// STORE, BACKEND, EVENT and CLIENT are "_" and base64url, so that none is empty;
// SEQ is decimal, and SPAN is SEQ/256, rounded down: places that stand beside
// each other are asked about together, and no others with them. ID is of what
// makes two intents at one place different, 128 bits of SHA-256:
// attribution.Record.Same. A log's and an owner's message are there before the
// first confirmed record that they are about.

// spanBits is of how many bits of a SEQ its SPAN knows nothing.
const spanBits = 8

func prefix(stream string) string { return "syncward-journal." + stream + "." }

// token is a text that came from others, as part of a subject.
func token(s string) string { return "_" + base64.RawURLEncoding.EncodeToString([]byte(s)) }

// text is what token was made of.
func text(token string) (string, bool) {
	rest, ok := strings.CutPrefix(token, "_")
	b, err := base64.RawURLEncoding.DecodeString(rest)
	return string(b), ok && err == nil
}

// span is a part of one log.
type span struct {
	store, backend string
	n              int64
}

func spanOf(p attribution.Place) span { return span{p.StoreID, p.BackendID, p.SeqNum >> spanBits} }

// String is the part of a subject that tells a span.
func (s span) String() string {
	return token(s.store) + "." + token(s.backend) + "." + strconv.FormatInt(s.n, 10)
}

// parseSpan reads what String has written.
func parseSpan(subject string) (s span, ok bool) {
	part := strings.Split(subject, ".")
	if len(part) != 3 {
		return s, false
	}
	store, good := text(part[0])
	backend, fine := text(part[1])
	n, err := strconv.ParseInt(part[2], 10, 64)
	return span{store, backend, n}, good && fine && err == nil
}

// compare orders spans as attribution.Place.Compare orders what is in them.
func (s span) compare(o span) int {
	return cmp.Or(cmp.Compare(s.store, o.store), cmp.Compare(s.backend, o.backend), cmp.Compare(s.n, o.n))
}

// place is the part of a subject that tells a place.
func place(p attribution.Place) string {
	return spanOf(p).String() + "." + strconv.FormatInt(p.SeqNum, 10) + "." + token(p.EventID)
}

// done is where a place's confirmed record stands.
func (j *Journal) done(p attribution.Place) string { return prefix(j.name) + "done." + place(p) }

// log is where a message tells that a span has confirmed records.
func (j *Journal) log(s span) string { return prefix(j.name) + "log." + s.String() }

// owner is where the user stands whose a clientId is.
func (j *Journal) owner(storeID, clientID string) string {
	return prefix(j.name) + "owner." + token(storeID) + "." + token(clientID)
}

// opens is what the subjects of everything open begin with.
func (j *Journal) opens() string { return prefix(j.name) + "open." }

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
	return j.opens() + place(r.Place()) + kind + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// placeOf is the part of an open subject that tells its place, and whether it is
// an intent's; else it is a sight's.
func (j *Journal) placeOf(subject string) (at string, intent bool) {
	at, last := strings.TrimPrefix(subject, j.opens()), strings.LastIndexByte(subject, '.')
	kind := subject[last+1:]
	return strings.TrimSuffix(at, "."+kind), strings.HasPrefix(kind, "i")
}

// parse reads the place of which a record's, an intent's or a sight's subject
// tells.
func (j *Journal) parse(subject string) (p attribution.Place, sight, ok bool) {
	part := strings.Split(strings.TrimPrefix(subject, prefix(j.name)), ".")
	if len(part) < 6 {
		return p, false, false
	}
	s, ok := parseSpan(strings.Join(part[1:4], "."))
	seq, err := strconv.ParseInt(part[4], 10, 64)
	event, fine := text(part[5])
	sight = len(part) > 6 && strings.HasPrefix(part[6], "s")
	return attribution.Place{StoreID: s.store, BackendID: s.backend, SeqNum: seq, EventID: event}, sight, ok && fine && err == nil
}
