package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsjwt "github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// authority signs certificates of the tests, and writes them as PEM.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.issue("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes NAME.crt and NAME.key; the first one is the authority's own.
func (a *authority) issue(name string, c *x509.Certificate) (cert, key string) {
	a.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if a.cert == nil {
		a.cert, a.key = c, private
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &private.PublicKey, a.key)
	must(a.t, err)
	if c == a.cert {
		a.cert, err = x509.ParseCertificate(der)
		must(a.t, err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	must(a.t, err)
	cert, key = filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	must(a.t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(a.t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

func TestTheStoreIsReachedByTLSWithBothCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	ca := filepath.Join(a.dir, "ca.crt")
	serverCert, serverKey := a.issue("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	clientCert, clientKey := a.issue("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pool, err := readPool(ca)
	must(t, err)
	pair, err := readPair(serverCert, serverKey)
	must(t, err)
	b := newBroker(t, func(o *server.Options) {
		o.TLS, o.TLSVerify, o.TLSTimeout = true, true, 5
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	}).start()
	full := []string{"NATS_CA_FILE=" + ca, "NATS_CERT_FILE=" + clientCert, "NATS_KEY_FILE=" + clientKey}
	fleetOf(t, strings.Replace(b.url, "nats://", "tls://", 1), full...).becomesReady(t)
	fleetOf(t, b.url, full...).becomesReady(t) // NATS_CA_FILE alone asks for TLS
	for name, env := range map[string][]string{
		"no client certificate": full[:1],
		"another authority":     {"NATS_CA_FILE=" + filepath.Join(stranger.dir, "ca.crt"), full[1], full[2]},
		"no authority":          full[1:],
	} {
		c, r := load(minimal(append(env, "REVOCATION_STORE=nats", "NATS_URL="+b.url)...))
		must(t, r.err())
		if p := probeStore(t.Context(), c); p.OK {
			t.Errorf("%s: %s", name, p.Detail)
		}
	}
}

// withUsers has a server ask for users of one account, as an operator sets it
// up, and returns the credentials of one.
func withUsers(t *testing.T) (func(*server.Options), string) {
	t.Helper()
	named := func(k nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
		must(t, err)
		public, err := k.PublicKey()
		must(t, err)
		return k, public
	}
	operator, operatorID := named(nkeys.CreateOperator())
	_, systemID := named(nkeys.CreateAccount())
	account, accountID := named(nkeys.CreateAccount())
	user, userID := named(nkeys.CreateUser())
	accounts := &server.MemAccResolver{}
	for _, id := range []string{systemID, accountID} {
		claims := natsjwt.NewAccountClaims(id)
		if id == accountID {
			claims.Limits.JetStreamLimits = natsjwt.JetStreamLimits{DiskStorage: -1, MemoryStorage: -1, Streams: -1, Consumer: -1}
		}
		text, err := claims.Encode(operator)
		must(t, err)
		must(t, accounts.Store(id, text))
	}
	text, err := natsjwt.NewUserClaims(userID).Encode(account)
	must(t, err)
	seed, err := user.Seed()
	must(t, err)
	creds, err := natsjwt.FormatUserConfig(text, seed)
	must(t, err)
	path := filepath.Join(t.TempDir(), "user.creds")
	must(t, os.WriteFile(path, creds, 0o600))
	return func(o *server.Options) {
		o.TrustedKeys, o.SystemAccount, o.AccountResolver = []string{operatorID}, systemID, accounts
	}, path
}

func TestTheStoreIsReachedWithCredentialsAndTheyAreReadAgain(t *testing.T) {
	with, creds := withUsers(t)
	_, wrong := withUsers(t)
	good, err := os.ReadFile(creds)
	must(t, err)
	b := newBroker(t, with).start()
	fleetOf(t, b.url, "NATS_CREDS_FILE="+creds).becomesReady(t)
	if c, r := load(minimal("REVOCATION_STORE=nats", "NATS_URL="+b.url)); r.err() != nil || probeStore(t.Context(), c).OK {
		t.Error("without credentials")
	}
	s := fleetOf(t, b.url, "NATS_CREDS_FILE="+wrong)
	waitFor(t, "the log tells", func() bool { return strings.Contains(strings.ToLower(s.log.String()), "authorization") })
	must(t, os.WriteFile(wrong, good, 0o600)) // rotated
	s.becomesReady(t)
}

func TestCheckTriesTheStoreAndChangesNothingThere(t *testing.T) {
	b := newBroker(t, nil).start()
	c, r := load(minimal("REVOCATION_STORE=nats", "NATS_URL="+b.url))
	must(t, r.err())
	if p := probeStore(t.Context(), c); !p.OK || !strings.Contains(p.Detail, "makes the bucket") {
		t.Errorf("before: %+v", p)
	}
	fleetOf(t, b.url).becomesReady(t)
	if p := probeStore(t.Context(), c); !p.OK || p.Detail != "bucket syncward-revocations" {
		t.Errorf("after: %+v", p)
	}
	b.stop()
	if p := probeStore(t.Context(), c); p.OK {
		t.Errorf("without a server: %+v", p)
	}
}

func TestAPasswordInNATSURLIsSaidNowhere(t *testing.T) {
	b := newBroker(t, func(o *server.Options) { o.Username, o.Password = "syncward", "hunter2hunter2" }).start()
	url := strings.Replace(b.url, "nats://", "nats://syncward:hunter2hunter2@", 1)
	good := fleetOf(t, url).becomesReady(t)
	bad := fleetOf(t, strings.Replace(url, "syncward:", "stranger:", 1))
	waitFor(t, "the log tells", func() bool { return strings.Contains(strings.ToLower(bad.log.String()), "authorization") })
	b.stop()
	waitFor(t, "the loss is noticed", func() bool { return strings.Contains(good.log.String(), "out of reach") })
	c, _ := load(minimal("REVOCATION_STORE=nats", "NATS_URL="+url))
	said := good.log.String() + bad.log.String() + probeStore(context.Background(), c).Detail
	for _, s := range c.effective() {
		said += s.Value
	}
	if strings.Contains(said, "hunter2") {
		t.Error("the password was said")
	}
}

// What docs/fleet.md says that a user of its own needs.
func TestTheDocumentedPermissionsAreEnough(t *testing.T) {
	b := newBroker(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "syncward", Password: "hunter2hunter2", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"$KV.syncward-revocations.>", "$JS.API.>", "$JS.FC.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}}}
	}).start()
	url := strings.Replace(b.url, "nats://", "nats://syncward:hunter2hunter2@", 1)
	one, two := fleetOf(t, url).becomesReady(t), fleetOf(t, url).becomesReady(t)
	endsWith(t, two.admitted(t, "ada"), 4403, "SESSION_REVOKED", func() {
		if code, body := one.call(t, "POST", "revocations", `{"userId":"ada"}`); code != http.StatusCreated {
			t.Errorf("%d %s", code, body)
		}
	})
	if code, body := two.call(t, "DELETE", "revocations/ada", ""); code != http.StatusNoContent {
		t.Errorf("%d %s", code, body)
	}
	if strings.Contains(strings.ToLower(one.log.String()+two.log.String()), "permission") {
		t.Error("something was not permitted")
	}
}
