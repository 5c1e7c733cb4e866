package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
)

// devReminder is the time between two reminders that DEV_MODE protects nobody.
const devReminder = time.Minute

// run is the sidecar. It returns nil once it is drained, which begins when
// drain ends, or somebody asks for it at the drain's socket; when now ends all
// connections are closed at once. Log lines go to stderr. Its goroutines end
// before it returns.
func run(drain, now context.Context, c *config, r *report, stderr io.Writer) error {
	level := zap.NewAtomicLevel()
	log, err := observe.NewLog(stderr, observe.Format(c.LogFormat), level)
	if err != nil {
		return err
	}
	defer log.Sync()
	l, err := newLive(c)
	if err != nil {
		return err
	}
	level.SetLevel(l.force.Load().LogLevel)
	o := newObserver(c, log)
	users := c.users(o.Hooks())
	defer users.Close()
	store, err := openRevocations(c, tellStore(o, log))
	if err != nil {
		return err
	}
	books, err := openBooks(c, o, log)
	if err != nil {
		return err
	}
	defer books.close()
	srv, err := newServer(c, l, users, store, books, o.Hooks())
	if err != nil {
		return err
	}
	store.notify(srv, o)
	client, admin, err := listen(c)
	if err != nil {
		return err
	}
	drain, begin := context.WithCancel(drain)
	defer begin()
	door, err := openDrainDoor(c.drainSocket(), begin, log)
	if err != nil {
		return errors.Join(err, client.Close(), admin.Close())
	}
	health := observe.NewHealth(
		observe.Check{Name: "keys", Why: l.notReady},
		observe.Check{Name: "store", Why: func() string { return store.notReady(l.policy()) }})
	l.onChange(level, o, log, srv.PolicyChanged)
	announce(c, r, l, log, client.Addr(), admin.Addr())

	var side sync.WaitGroup
	stop, cancel := context.WithCancel(context.Background())
	side.Go(func() { newFollower(l.watches(c), reloaded(o, log)).run(stop, followEvery) })
	side.Go(func() { remind(stop, c, log) })
	side.Go(func() { store.run(stop) })
	if l.fetched = fetched(o, log); l.remote != nil {
		side.Go(func() { l.remote.Run(stop) })
	}
	adminServer := serveAdmin(admin, withAPI(
		observe.AdminHandler(observe.Admin{Metrics: o.Metrics(), Health: health, JWKS: l.jwks}),
		newAdminAPI(l, srv, store, books.journal, log)))
	err = serveProxy(drain, now, srv, client, health, log)
	cancel()
	side.Wait()
	err = errors.Join(err, adminServer.Close())
	door.close(err == nil)
	return err
}

// newObserver makes what counts and logs.
func newObserver(c *config, log *zap.Logger) *observe.Observer {
	b := thisBuild()
	return observe.New(observe.Options{Version: b.Version, Commit: b.Commit, Log: log, Protocol: c.Protocol})
}

// serveProxy serves the client side until it is drained or its listener fails.
func serveProxy(drain, now context.Context, srv *proxy.Server, ln net.Listener, health *observe.Health, log *zap.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		health.Drain()
		return errors.Join(fmt.Errorf("serve: %w", err), srv.Drain(ended()))
	case <-drain.Done():
	}
	health.Drain()
	log.Info("drain", zap.Int("connections", srv.Connections()))
	if err := srv.Drain(now); err != nil {
		log.Warn("drain: some connections did not end in time", zap.Error(err))
	}
	log.Info("drained")
	return <-failed
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// listen opens both sides. The errors are faults of the variables.
func listen(c *config) (client, admin net.Listener, err error) {
	if client, err = net.Listen("tcp", c.ListenAddr); err != nil {
		return nil, nil, faults{{"LISTEN_ADDR", "cannot listen on " + c.ListenAddr + " (" + plain(err) + "); free it, or choose another"}}
	}
	if admin, err = net.Listen("tcp", c.AdminAddr); err != nil {
		client.Close()
		return nil, nil, faults{{"ADMIN_ADDR", "cannot listen on " + c.AdminAddr + " (" + plain(err) + "); free it, or choose another"}}
	}
	return client, admin, nil
}

// serveAdmin serves the admin side until it is closed.
func serveAdmin(ln net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go s.Serve(ln)
	return s
}

// announce logs the start: where it listens, what it does, and every warning.
func announce(c *config, r *report, l *live, log *zap.Logger, client, admin net.Addr) {
	p := l.policy()
	log.Info("start", zap.String("version", version),
		zap.Stringer("listen_addr", client), zap.Stringer("admin_addr", admin),
		zap.String("protocol", c.Protocol), zap.Stringer("mode", p.Mode), zap.Int("enforce_percent", p.EnforcePercent))
	for _, w := range r.Warnings {
		log.Warn("configuration", zap.String("variable", w.Variable), zap.String("warning", w.Text))
	}
	for _, d := range r.Disagreements {
		log.Warn("configuration", zap.String("variable", d.Variable), zap.String("disagreement", d.Text))
	}
}

// remind warns of DEV_MODE until ctx ends.
func remind(ctx context.Context, c *config, log *zap.Logger) {
	if !c.DevMode {
		return
	}
	t := time.NewTicker(devReminder)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			log.Warn("DEV_MODE is on: nobody is refused", zap.String("anonymous_user_id", c.AnonymousUserID))
		}
	}
}

// reloaded returns what tells metrics and log of a followed file's change.
func reloaded(o *observe.Observer, log *zap.Logger) func(watch, error) {
	return func(w watch, err error) {
		o.Reloaded(w.What, err == nil)
		if err != nil {
			log.Error("reload refused, the last good value stays", zap.String("variable", w.Name), zap.Error(err))
			return
		}
		log.Info("reloaded", zap.String("variable", w.Name))
	}
}

// fetched returns what tells metrics and log of fetches of the JWK set: of each
// that changed the keys or failed, and the log only of the first failure in a
// row.
func fetched(o *observe.Observer, log *zap.Logger) func(bool, error) {
	failing := false
	return func(changed bool, err error) {
		if err != nil || changed {
			o.Reloaded(observe.ReloadJWKS, err == nil)
		}
		switch name := zap.String("variable", "JWT_JWKS_URL"); {
		case err != nil && !failing:
			log.Error("keys cannot be fetched, the last good ones stay", name, zap.Error(err))
		case err == nil && (changed || failing):
			log.Info("keys fetched", name, zap.Bool("changed", changed))
		}
		failing = err != nil
	}
}

// onChange has new flags take effect everywhere; policyChanged is told of those
// that concern connections.
func (l *live) onChange(level zap.AtomicLevel, o *observe.Observer, log *zap.Logger, policyChanged func()) {
	show := func(p authz.Policy) { o.SetMode(p.Mode, p.EnforcePercent) }
	show(l.policy())
	l.changed = func(was, is inForce) {
		// A change of mode is told at the more talkative of the two levels.
		level.SetLevel(min(was.LogLevel, is.LogLevel))
		defer level.SetLevel(is.LogLevel)
		if was.Policy == is.Policy {
			return
		}
		show(is.Policy)
		log.Warn("mode", zap.Stringer("was", was.Policy.Mode), zap.Stringer("is", is.Policy.Mode), zap.Int("enforce_percent", is.Policy.EnforcePercent))
		for _, d := range l.c.disagreements(l.flags) {
			log.Warn("configuration", zap.String("variable", d.Variable), zap.String("disagreement", d.Text))
		}
		policyChanged()
	}
}

// serverTLS returns the client side's TLS, which follows its files; nil: plain.
func (l *live) serverTLS() *tls.Config {
	if l.certificate.Load() == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return l.certificate.Load(), nil },
	}
}
