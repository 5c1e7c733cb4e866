package natsstream_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/natsstream"
)

// granted reads from the manual what a replica may do in a stream EVENTS, and
// what is marked as enough to read.
func granted(t *testing.T) (all, reading []string) {
	t.Helper()
	manual, err := os.ReadFile("../../docs/attribution.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(`(?m)^((?:publish|subscribe) +\S+) *(# reading)?`).FindAllStringSubmatch(string(manual), -1) {
		may := strings.ReplaceAll(line[1], "STREAM_NAME", "EVENTS")
		if all = append(all, may); line[2] != "" {
			reading = append(reading, may)
		}
	}
	if len(all) < 5 || len(reading) < 3 {
		t.Fatalf("the manual grants %q, and %q for reading", all, reading)
	}
	return all, reading
}

// user may do that and nothing else.
func user(name string, may []string) *server.User {
	p := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{">"}}, Subscribe: &server.SubjectPermission{Deny: []string{">"}}}
	for _, line := range may {
		what := strings.Fields(line)
		side := &p.Publish
		if what[0] == "subscribe" {
			side = &p.Subscribe
		}
		*side = &server.SubjectPermission{Allow: append((*side).Allow, what[1])}
	}
	return &server.User{Username: name, Password: "pw", Permissions: p}
}

// as opens the journal as that user; the context ends when the server turns
// anything down.
func (b *broker) as(t *testing.T, user string, readOnly bool) (context.Context, *natsstream.Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, context.DeadlineExceeded)
	t.Cleanup(cancel)
	nc, err := nats.Connect(b.url(), nats.UserInfo(user, "pw"), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		t.Logf("%s: %v", user, err)
		cancel()
	}))
	if err != nil {
		t.Fatal(err)
	}
	j, err := natsstream.New(natsstream.Options{Conn: nc, Stream: "EVENTS", Nobody: nobody, ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return ctx, j
}

// lives does all that a replica does.
func lives(ctx context.Context, j *natsstream.Journal, n int64) error {
	one, two := []attribution.Record{rec(n, "ada")}, []attribution.Record{rec(n+1, "ada")}
	for _, step := range []func() error{
		func() error { return j.Intend(ctx, append(one, two...)) },
		func() error { _, err := j.ClaimClient(ctx, "room", "phone", "ada"); return err },
		func() error { _, err := j.Open(ctx, []attribution.Place{one[0].Place(), two[0].Place()}); return err },
		func() error { return j.Confirm(ctx, []attribution.Record{confirmed(one[0])}) },
		func() error { return j.Forget(ctx, two) },
		func() error { _, err := j.Events(ctx, attribution.Query{}); return err },
		func() error { _, err := j.Unconfirmed(ctx); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestThePermissionsOfTheManualAreEnoughAndNoneIsTooMany(t *testing.T) {
	all, reading := granted(t)
	users := []*server.User{user("replica", all), user("reader", reading)}
	for _, may := range all {
		users = append(users, user("no "+may, slices.DeleteFunc(slices.Clone(all), func(other string) bool { return other == may })))
	}
	b := startBroker(t, func(opt *server.Options) { opt.Users = users })
	without := func(may string) {
		t.Run("without "+may, func(t *testing.T) {
			if ctx, j := b.as(t, "no "+may, false); lives(ctx, j, 100) == nil {
				t.Error("everything works")
			}
		})
	}
	create := slices.IndexFunc(all, func(may string) bool { return strings.Contains(may, "STREAM.CREATE") })
	without(all[create]) // while there is no stream
	ctx, j := b.as(t, "replica", false)
	if err := lives(ctx, j, 1); err != nil {
		t.Fatal(err)
	}
	for i, may := range all {
		if i != create {
			without(may)
		}
	}
	ctx, j = b.as(t, "reader", true)
	if found, err := j.Events(ctx, attribution.Query{StoreID: "room", UserID: "ada"}); err != nil || len(found) == 0 || ctx.Err() != nil {
		t.Errorf("reading: %v, %v, %v", found, err, ctx.Err())
	}
	if j.Intend(ctx, []attribution.Record{rec(9, "eve")}) == nil {
		t.Error("who may only read wrote")
	}
}
