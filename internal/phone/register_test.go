package phone_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"tandem/internal/phone"
)

// registrar answers REGISTER on a UDP socket: a challenge first, then 200
// when the digest is right, else 403.
type registrar struct {
	conn      net.PacketConn
	algorithm string
	password  string

	mu       sync.Mutex
	accepted []string // Expires of the registrations taken
}

func newRegistrar(t *testing.T, algorithm string) *registrar {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &registrar{conn: conn, algorithm: algorithm, password: "secret"}
	done := make(chan struct{})
	go func() { defer close(done); r.serve() }()
	t.Cleanup(func() { conn.Close(); <-done })
	return r
}

func (r *registrar) uri() string { return "sip:" + r.conn.LocalAddr().String() }

func (r *registrar) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.accepted...)
}

func (r *registrar) serve() {
	buf := make([]byte, 9000)
	for {
		n, from, err := r.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		msg, err := sip.ParseMessage(buf[:n])
		req, ok := msg.(*sip.Request)
		if err != nil || !ok {
			continue
		}
		if req.IsAck() {
			continue
		}
		r.conn.WriteTo([]byte(r.answer(req).String()), from)
	}
}

func (r *registrar) answer(req *sip.Request) *sip.Response {
	if req.Method != sip.REGISTER {
		return r.answerInvite(req)
	}
	h := req.GetHeader("Authorization")
	if h == nil {
		res := sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
		for _, alg := range strings.Split(r.algorithm, ",") {
			c := digest.Challenge{Realm: "test", Nonce: "n1", Algorithm: alg, QOP: []string{"auth"}}
			res.AppendHeader(sip.NewHeader("WWW-Authenticate", c.String()))
		}
		return res
	}
	cred, err := digest.ParseCredentials(h.Value())
	if err != nil {
		return sip.NewResponseFromRequest(req, 400, "Bad Request", nil)
	}
	c := digest.Challenge{Realm: "test", Nonce: "n1", Algorithm: cred.Algorithm, QOP: []string{"auth"}}
	want, err := digest.Digest(&c, digest.Options{Method: "REGISTER", URI: cred.URI, Username: "101", Password: r.password, Cnonce: cred.Cnonce, Count: cred.Nc})
	if err != nil || want.Response != cred.Response || cred.Username != "101" {
		return sip.NewResponseFromRequest(req, 403, "Forbidden", nil)
	}
	expires := req.GetHeader("Expires").Value()
	r.mu.Lock()
	r.accepted = append(r.accepted, cred.Algorithm+" "+expires)
	r.mu.Unlock()
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	if expires != "0" {
		contact := req.Contact()
		res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<%s>;expires=1", contact.Address.String())))
	}
	return res
}

// answerInvite asks for proxy credentials and then is busy.
func (r *registrar) answerInvite(req *sip.Request) *sip.Response {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accepted = append(r.accepted, fmt.Sprintf("%s %d", req.Method, req.CSeq().SeqNo))
	h := req.GetHeader("Proxy-Authorization")
	c := digest.Challenge{Realm: "test", Nonce: "n2", Algorithm: "SHA-256", QOP: []string{"auth"}}
	if h == nil {
		res := sip.NewResponseFromRequest(req, 407, "Proxy Authentication Required", nil)
		res.AppendHeader(sip.NewHeader("Proxy-Authenticate", c.String()))
		return res
	}
	cred, err := digest.ParseCredentials(h.Value())
	if err != nil {
		return sip.NewResponseFromRequest(req, 400, "Bad Request", nil)
	}
	want, err := digest.Digest(&c, digest.Options{Method: "INVITE", URI: cred.URI, Username: "101", Password: r.password, Cnonce: cred.Cnonce, Count: cred.Nc})
	if err != nil || want.Response != cred.Response {
		return sip.NewResponseFromRequest(req, 403, "Forbidden", nil)
	}
	return sip.NewResponseFromRequest(req, 486, "Busy Here", nil)
}

func TestCallWithCredentials(t *testing.T) {
	r := newRegistrar(t, "")
	p := newPhone(t, phone.Options{Username: "101", Password: "secret", Domain: "example.test", Proxy: r.conn.LocalAddr().String()})
	_, err := p.Dial(limit(t, 10*time.Second), "sip:102@example.test", phone.CallOptions{})
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Status != 486 {
		t.Fatalf("error %v", err)
	}
	var invites []string
	for _, line := range r.taken() {
		if strings.HasPrefix(line, "INVITE") {
			invites = append(invites, line)
		}
	}
	if len(invites) != 2 || invites[0] == invites[1] {
		t.Errorf("requests seen: %q", r.taken())
	}
}

func TestRegister(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256", "SHA-512-256,MD5", "SHA-256,MD5"} {
		r := newRegistrar(t, algorithm)
		p := newPhone(t, phone.Options{Username: "101", Password: "secret", Domain: "example.test"})
		ctx := limit(t, 10*time.Second)
		granted, err := p.Register(ctx, r.uri(), time.Hour)
		if err != nil || granted != time.Second {
			t.Fatalf("%s: granted %s, %v", algorithm, granted, err)
		}
		waitFor(t, "a renewal", func() bool { return len(r.taken()) >= 2 })
		if err := p.Unregister(ctx, r.uri()); err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(algorithm, ",")
		taken := r.taken()
		if taken[0] != first+" 3600" || taken[len(taken)-1] != first+" 0" {
			t.Errorf("%s: %q", algorithm, taken)
		}
		if err := p.Unregister(ctx, r.uri()); err == nil {
			t.Error("unregistered twice")
		}
	}
}

func TestRegisterRefused(t *testing.T) {
	r := newRegistrar(t, "SHA-256")
	p := newPhone(t, phone.Options{Username: "101", Password: "wrong"})
	_, err := p.Register(limit(t, 10*time.Second), r.uri(), time.Hour)
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Status != 403 {
		t.Errorf("error %v", err)
	}
	if _, err := p.Register(t.Context(), "nowhere", time.Hour); err == nil {
		t.Error("a bad registrar was taken")
	}
	anonymous := newPhone(t, phone.Options{})
	if _, err := anonymous.Register(limit(t, 10*time.Second), r.uri(), time.Hour); !errors.As(err, &refused) || refused.Status != 401 {
		t.Errorf("without credentials: %v", err)
	}
}
