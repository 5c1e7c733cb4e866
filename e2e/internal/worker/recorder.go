package worker

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Seen is what one callback of the worker reported.
type Seen struct {
	Callback string            `json:"callback"` // validatePayload, onPush or onPull
	StoreID  string            `json:"storeId"`
	Payload  json.RawMessage   `json:"payload"`
	Headers  map[string]string `json:"headers"`
	Claims   map[string]any    `json:"claims"`  // of an assertion that verified
	Refused  string            `json:"refused"` // why it did not
	Batch    json.RawMessage   `json:"batch"`   // onPush: the events
}

// Recorder takes the reports of the worker's callbacks.
type Recorder struct {
	URL string

	mu   sync.Mutex
	seen []Seen
}

// StartRecorder listens on 127.0.0.1 until the test ends.
func StartRecorder(t testing.TB) *Recorder {
	t.Helper()
	r := &Recorder{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var s Seen
		body, err := io.ReadAll(req.Body)
		if err == nil {
			err = json.Unmarshal(body, &s)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, s)
	}))
	r.URL = server.URL
	t.Cleanup(server.Close)
	return r
}

// Of returns what callback reported so far about a store; "" is every callback.
func (r *Recorder) Of(storeID, callback string) []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.seen), func(s Seen) bool {
		return s.StoreID != storeID || callback != "" && s.Callback != callback
	})
}
