package natsstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
)

// More than the server names at a time; the journal asks once, whatever is open.
func TestOpenIntentsAreCountedWithoutListingThemAll(t *testing.T) {
	b := startBroker(t)
	j := b.journal("J")
	const each, batches = 10_200, 10
	for k := range int64(batches) {
		var all []attribution.Record
		for n := range int64(each) {
			all = append(all, attribution.Record{StoreID: "s", SeqNum: k*each + n + 1, Author: attribution.Author{UserID: "ada"}, Timestamp: time.UnixMilli(1)})
		}
		if err := j.Intend(context.Background(), all); err != nil {
			t.Fatal(err)
		}
	}
	nc := b.jetstream().Conn()
	asked, err := nc.SubscribeSync("$JS.API.STREAM.INFO.J")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Unconfirmed(context.Background()); err != nil || n != each*batches {
		t.Errorf("%d are unconfirmed, %v; want %d", n, err, each*batches)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := asked.Pending(); n != 1 {
		t.Errorf("the stream was asked for its subjects %d times", n)
	}
}
