package sipua_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/sipua/digestauth"
	"tandem/internal/voice"
)

// TestMain shortens SIP's timers for the whole test program.
func TestMain(m *testing.M) {
	sip.SetTimers(50*time.Millisecond, 200*time.Millisecond, 250*time.Millisecond)
	sip.Timer_D = time.Second
	os.Exit(m.Run())
}

const wait = 15 * time.Second

// store holds extensions and bindings in memory.
type store struct {
	mu       sync.Mutex
	exts     map[string]voice.Extension
	bindings []voice.Binding
}

func newStore(realm string, names ...string) *store {
	s := &store{exts: map[string]voice.Extension{}}
	for i, name := range names {
		h := digestauth.Secret(name, realm, "secret-"+name)
		s.exts[name] = voice.Extension{
			Tenant: "1", Number: fmt.Sprint(101 + i), Username: name, Realm: realm, HA1MD5: h.MD5, HA1SHA256: h.SHA256,
		}
	}
	return s
}

func (s *store) ExtensionByUsername(_ context.Context, username string) (voice.Extension, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.exts[username]
	if !ok {
		return e, voice.Errorf("store.Extension", voice.NotExist, "no such extension")
	}
	return e, nil
}

func (s *store) PutBinding(_ context.Context, b voice.Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, have := range s.bindings {
		if have.Tenant == b.Tenant && have.Extension == b.Extension && have.Contact == b.Contact {
			s.bindings[i] = b
			return nil
		}
	}
	s.bindings = append(s.bindings, b)
	return nil
}

func (s *store) RemoveBinding(_ context.Context, t voice.TenantID, ext, contact string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keep []voice.Binding
	for _, b := range s.bindings {
		if b.Tenant != t || b.Extension != ext || (contact != "" && b.Contact != contact) {
			keep = append(keep, b)
		}
	}
	s.bindings = keep
	return nil
}

func (s *store) Bindings(_ context.Context, t voice.TenantID, ext string, now time.Time) ([]voice.Binding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []voice.Binding
	for _, b := range s.bindings {
		if b.Tenant == t && (ext == "" || b.Extension == ext) && b.Expires.After(now) {
			out = append(out, b)
		}
	}
	return out, nil
}

// start starts an agent that is closed, and its goroutines counted, at the end.
func start(t *testing.T, cfg sipua.Config) *sipua.Agent {
	t.Helper()
	checkLeaks(t)
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	a, err := sipua.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return a
}

// checkLeaks counts goroutines once the test's first agent, which is closed
// last, is gone.
func checkLeaks(t *testing.T) {
	if _, twice := checked.LoadOrStore(t, true); twice {
		return
	}
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(ignore); err != nil {
			t.Errorf("after close: %v", err)
		}
	})
}

var checked sync.Map // *testing.T

// sdp is a session description with audio at the port.
func sdp(port uint16) []byte { return local(port).Offer("") }

func local(port uint16) *offer.Local {
	return offer.NewLocal(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
}

func uri(user string, a *sipua.Agent) string { return "sip:" + user + "@" + a.Addr().String() }

// answering is a Handler that answers and stays until the call is over.
func answering(port uint16, then func(*sipua.Incoming)) func(*sipua.Incoming) {
	return func(inc *sipua.Incoming) {
		body, _, err := local(port).Answer(inc.Offer())
		if err != nil {
			_ = inc.Reject(488, "No")
			return
		}
		if err := inc.Answer(body); err != nil {
			return
		}
		if then != nil {
			then(inc)
		}
		<-inc.Done()
	}
}

func receive[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(wait):
		t.Fatalf("%s did not come within %v", what, wait)
		panic("unreachable")
	}
}
