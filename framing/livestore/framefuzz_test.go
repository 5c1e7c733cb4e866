package livestore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// plain reads msg without regard to its order; msg must hold no duplicates.
func plain(msg []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	var doc map[string]any
	if !jsontext.Value(msg).IsValid() || d.Decode(&doc) != nil {
		return nil
	}
	return doc
}

func FuzzFrame(f *testing.F) {
	for _, file := range []string{"v04.ndjson", "v03.ndjson", "v04-http.ndjson"} {
		for _, msg := range lines(f, file) {
			f.Add([]byte(msg))
		}
	}
	for _, payload := range []string{
		`{"storeId":"other"}`, `{"storeId":"todo-store-1","payload":{"authToken":["T"]}}`, `{"storeId":"todo-store-1","payload":[]}`,
		`{"storeId":"todo-store-1","storeId":"other"}`, `{"payload":{"\u0061uthToken":"T"},"store\u0049d":"todo-store-1"}`,
	} {
		f.Add([]byte(pull(payload)))
	}
	f.Add([]byte(`{"_tag":"WSMessage.AdminInfoReq"}`))
	f.Add([]byte(`[{"_tag":"Ping"}]`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		p := livestore.New(livestore.Options{})
		before := bytes.Clone(msg)
		found, err := p.Later(framing.Binary, msg, bound)
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		doc := plain(msg)
		if err != nil {
			if !errors.Is(err, payload.ErrForbidden) && (found.HasToken || found.Out != nil) {
				t.Fatalf("%q: refused with %+v", msg, found)
			}
			return
		}
		if doc == nil {
			t.Fatalf("%q is no strict object and passed", msg)
		}
		if doc["_tag"] != "Request" {
			if found.Out != nil || found.HasToken {
				t.Fatalf("%q: found %+v", msg, found)
			}
			return
		}
		request, _ := doc["payload"].(map[string]any)
		if _, ok := doc["id"].(string); !ok || request["storeId"] != bound.Instance {
			t.Fatalf("%q passed", msg)
		}
		sync, _ := request["payload"].(map[string]any)
		token, there := sync["authToken"]
		if text, _ := token.(string); text != found.Token || there != (found.Out != nil) {
			t.Fatalf("%q: found %+v", msg, found)
		}
		if delete(sync, "authToken"); there && !reflect.DeepEqual(plain(found.Out), doc) {
			t.Fatalf("%q became %q", msg, found.Out)
		}
	})
}

// fewest gives the allocations of one call of f with a warm pool: the least of
// many, since the race detector empties pools now and then.
func fewest(f func()) float64 {
	least := testing.AllocsPerRun(1, f)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

func TestReadingFramesAllocatesLittle(t *testing.T) {
	p := livestore.New(livestore.Options{})
	limit := map[string]float64{"Ping": 0, "Ack": 0, "Interrupt": 0, "Request": 2} // the token, the message
	for _, msg := range lines(t, "v04.ndjson") {
		tag, _ := plain([]byte(msg))["_tag"].(string)
		data := []byte(msg)
		got := fewest(func() {
			if _, err := p.Later(framing.Text, data, bound); err != nil {
				t.Fatal(err)
			}
		})
		if got > limit[tag] {
			t.Errorf("%s: %v allocations, want at most %v", tag, got, limit[tag])
		}
	}
}

func BenchmarkLater(b *testing.B) {
	p := livestore.New(livestore.Options{})
	for i, name := range []string{"Ping", "Pull", "Ack", "Push"} {
		msg := []byte(lines(b, "v04.ndjson")[i])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Later(framing.Text, msg, bound)
			}
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	p := livestore.New(livestore.Options{})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Query(captured)
	}
}
