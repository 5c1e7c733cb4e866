package natsstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
)

// offer is ada's, at a place of one store.
func offer(n int64) attribution.Record {
	return attribution.Record{StoreID: "s", SeqNum: n, ClientID: "phone", Author: attribution.Author{UserID: "ada"}, Timestamp: time.UnixMilli(1).UTC(), State: attribution.Unconfirmed}
}

// More is open than the server names at a time.
func TestManyOpenIntents(t *testing.T) {
	b := startBroker(t)
	j, received := b.counted("J")
	const each, batches = 1_000, 102
	for k := range int64(batches) {
		var all []attribution.Record
		for n := range int64(each) {
			all = append(all, offer(k*each+n+1))
		}
		until(t, "Intend", func() error { return j.Intend(context.Background(), all) })
	}
	t.Run("are counted without listing them all", func(t *testing.T) {
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
	})
	// An answer about nothing is some 1,500 bytes; of all that is open, 10 MB.
	const few = 200_000
	cheap := func(t *testing.T, what string, call func() (int, error), want int) {
		t.Helper()
		received()
		if n, err := call(); err != nil || n != want {
			t.Errorf("%s: %d, %v; want %d", what, n, err, want)
		}
		if n := received(); n > few {
			t.Errorf("%s: %d bytes were read", what, n)
		}
	}
	t.Run("cost nothing at other places of their log", func(t *testing.T) {
		free := offer(1 << 40)
		var one, many, here []attribution.Place
		one = append(one, free.Place())
		for n := range int64(1000) {
			many = append(many, offer(free.SeqNum+n).Place())
			named := free.Place()
			named.BackendID = "b"
			many = append(many, named)
		}
		here = append(here, offer(7).Place(), offer(8).Place(), offer(50_000).Place())
		open := func(at []attribution.Place) func() (int, error) {
			return func() (int, error) {
				found, err := j.Open(context.Background(), at)
				return len(found), err
			}
		}
		cheap(t, "Open", open(one), 0)
		cheap(t, "Open of many", open(many), 0)
		cheap(t, "Open where they are", open(here), len(here))
		cheap(t, "Confirm", func() (int, error) {
			return 0, j.Confirm(context.Background(), []attribution.Record{confirmed(free), confirmed(offer(8))})
		}, 0)
		cheap(t, "Open of a confirmed one", open(here), len(here)-1)
		cheap(t, "Events of one place", func() (int, error) {
			found, err := j.Events(context.Background(), attribution.Query{StoreID: "s", AfterSeqNum: 49_999, UntilSeqNum: 50_000})
			return len(found), err
		}, 1)
	})
}
