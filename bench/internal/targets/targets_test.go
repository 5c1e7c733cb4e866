package targets

import (
	"context"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/syncward/syncward/bench/internal/echo"
	"github.com/syncward/syncward/bench/internal/peers"
	"github.com/syncward/syncward/bench/internal/poll"
)

// lab returns a lab without processes: the echo server runs in the test.
func lab(t *testing.T) *Lab {
	t.Helper()
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := poll.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	go echo.Serve(fd)
	l := &Lab{Upstream: addr, dir: t.TempDir(), secret: newSecret()}
	if l.token, err = mint(l.secret); err != nil {
		t.Fatal(err)
	}
	if l.forged, err = mint(newSecret()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestATargetThatVerifiesNothingHasNoPlaceAmongThoseThatDo(t *testing.T) {
	l := lab(t)
	upstream := l.Upstream.String() // admits everybody
	if err := l.Probe(t.Context(), Target{Name: "open"}, upstream); err != nil {
		t.Errorf("where nothing is claimed: %v", err)
	}
	if err := l.Probe(t.Context(), Target{Name: "open", Credential: Header}, upstream); err == nil || !strings.Contains(err.Error(), "admits") {
		t.Errorf("where tokens in the header are claimed: %v", err)
	}
	if err := l.Probe(t.Context(), Target{Name: "open", Credential: Frame}, upstream); err == nil || !strings.Contains(err.Error(), "went to the upstream") {
		t.Errorf("where tokens in the frame are claimed: %v", err)
	}
}

func TestATargetThatVerifiesIsFoundGood(t *testing.T) {
	l := lab(t)
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	serve, _ := peers.ByName("reverseproxy")
	go serve(peers.Config{Listen: addr, Upstream: l.Upstream, Secret: []byte(l.secret)})
	if err := (&Process{Addr: addr.String()}).ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Probe(t.Context(), Target{Name: "reverseproxy", Credential: Header}, addr.String()); err != nil {
		t.Error(err)
	}
}

func TestEveryTargetIsNamedOnceAndOnlyTheClaimantsGetAToken(t *testing.T) {
	l := lab(t)
	seen := map[string]bool{}
	for _, target := range All {
		if seen[target.Name] {
			t.Errorf("%s stands twice in the list", target.Name)
		}
		seen[target.Name] = true
		c := l.Client(target, "127.0.0.1:1")
		carries := c.Bearer != "" || strings.Contains(string(c.First), l.token)
		if carries != target.Verifies() {
			t.Errorf("%s verifies: %v, its client carries a token: %v", target.Name, target.Verifies(), carries)
		}
		if sink := l.Sink(target, "127.0.0.1:1"); sink.Path == c.Path {
			t.Errorf("%s: bulk goes where echoes come from", target.Name)
		}
	}
}

func TestAProgramThatIsNotThereIsMissingAndNoOther(t *testing.T) {
	if !(Target{Needs: "no-such-program-of-ours"}).Missing() || (Target{Needs: "sh"}).Missing() || (Target{}).Missing() {
		t.Error("what is installed, and what is not, is mistaken")
	}
}

func TestAProcessThatDoesNotListenIsStoppedAndSaysWhy(t *testing.T) {
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := spawn(ctx, addr, t.TempDir(), nil, "sleep", "60")
	if p != nil || err == nil || !strings.Contains(err.Error(), "does not listen") {
		t.Errorf("%v, %v", p, err)
	}
}

func TestConfigurationsHaveAllTheirWordsReplaced(t *testing.T) {
	l := lab(t)
	for name, text := range map[string]string{"nginx": nginxConf, "haproxy": haproxyConf, "caddy": caddyConf} {
		path, err := l.configure(t.TempDir(), text, netip.MustParseAddrPort("127.0.0.1:1"), "BUFFER", "4k", "MODE", "http", "RULES\n", "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if left := regexp.MustCompile(`\b[A-Z]{3,}\b`).Find(got); err != nil || left != nil {
			t.Errorf("%s: %q is left: %v", name, left, err)
		}
	}
}
