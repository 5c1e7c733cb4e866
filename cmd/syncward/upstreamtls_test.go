package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// selfSigned makes a certificate for 127.0.0.1 and its key, both as PEM.
func selfSigned(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// The upstream shows another certificate and asks for another client's: both
// are followed while the sidecar runs, and a bad file changes nothing.
func TestTheUpstreamsCertificatesAreFollowedLive(t *testing.T) {
	var shown atomic.Pointer[tls.Certificate]
	show := func(cert, key []byte) {
		pair, err := tls.X509KeyPair(cert, key)
		must(t, err)
		shown.Store(&pair)
	}
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // so that the next request dials anew
		w.Header().Set("Client-Serial", r.TLS.PeerCertificates[0].SerialNumber.String())
	}))
	up.TLS = &tls.Config{
		ClientAuth:     tls.RequireAnyClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Load(), nil },
	}
	up.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	up.StartTLS()
	defer up.Close()
	up.TLS.Certificates = nil

	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, string(text))
		return path
	}
	oldCA, oldKey := selfSigned(t, 1)
	newCA, newKey := selfSigned(t, 2)
	client3, key3 := selfSigned(t, 3)
	client4, key4 := selfSigned(t, 4)
	show(oldCA, oldKey)
	s := startSidecar(t, up.URL, "PROTOCOL=opaque", "BREAKER_FAILURES=1000000",
		"UPSTREAM_CA_FILE="+file("ca", oldCA), "UPSTREAM_CERT_FILE="+file("cert", client3), "UPSTREAM_KEY_FILE="+file("key", key3))
	token := tokenBy(t, goodSecret, nil)
	ask := func() (status int, serial string) {
		r, err := http.NewRequest(http.MethodGet, "http://"+s.addr+"/", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		res.Body.Close()
		return res.StatusCode, res.Header.Get("Client-Serial")
	}
	answers := func(status int, serial string) func() bool {
		return func() bool { gotStatus, gotSerial := ask(); return gotStatus == status && gotSerial == serial }
	}
	waitFor(t, "the first certificates are in force", answers(200, "3"))
	show(newCA, newKey)
	waitFor(t, "the upstream's new certificate is not trusted", answers(502, ""))
	file("ca", bytes.Repeat([]byte("x"), 100))
	waitFor(t, "a bad file is refused", func() bool { return strings.Contains(s.log.String(), "holds no PEM certificate") })
	file("ca", newCA)
	waitFor(t, "the new authority is in force", answers(200, "3"))
	file("cert", client4)
	waitFor(t, "half a pair is refused", func() bool { return strings.Contains(s.log.String(), "and UPSTREAM_KEY_FILE are no certificate") })
	if status, serial := ask(); status != 200 || serial != "3" {
		t.Errorf("half a pair: %d, client %s", status, serial)
	}
	file("key", key4)
	waitFor(t, "the new client certificate is in force", answers(200, "4"))
	if strings.Contains(s.log.String(), string(key4[30:60])) {
		t.Error("a part of the key is in the log")
	}
}
