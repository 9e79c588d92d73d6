package e2e_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"tandem/internal/netlab"
	"tandem/internal/phone"
)

// Addresses of the laboratory. They exist in its namespaces alone; the first two
// networks are of RFC 5737 and count as public.
const (
	serverIP  = "203.0.113.10"
	routerIP  = "203.0.113.1"
	desktopIP = "203.0.113.20"
	sipPort   = ":5060"
)

// long says whether the long forms of the tests are wanted.
func long() bool { return os.Getenv("TANDEM_SOAK") == "1" }

// startOn runs a server on a host of a laboratory until the test ends.
func startOn(t *testing.T, h *netlab.Host, addr string, more ...string) *server {
	t.Helper()
	s := &server{t: t, bin: binary, data: t.TempDir(), http: h.Door("127.0.0.1:8080"), sip: addr, host: h}
	s.env = append(os.Environ(), "TANDEM_SAMPLE=no", "TANDEM_DATA="+s.data, "TANDEM_HTTP=127.0.0.1:8080",
		"TANDEM_SIP="+sipPort, "TANDEM_RTP=20000-21999", "TANDEM_ALLOW_PRIVATE=203.0.113.0/24")
	s.env = append(s.env, more...)
	s.run()
	t.Cleanup(func() {
		if t.Failed() {
			s.logCalls()
		}
		s.stop()
		s.judgeCalls()
	})
	return s
}

// officeOn is newOffice on a laboratory's host: an account whose extension 101 is a
// telephone at the desk, on a host and address of its own.
func officeOn(t *testing.T, s *server, desk *netlab.Host, deskIP string) *office {
	t.Helper()
	o := &office{account: newAccount(t, s), number: "+46850000001", outside: "+46850000077"}
	ext := s.fields("extension", "add", "101", "--account", o.id)
	o.user = text(t, ext, "user_id")
	o.desk = newPhone(t, phoneOn(t, ext, desk, deskIP))
	if _, err := o.desk.Register(t.Context(), "sip:"+s.sip, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, s.log)
	}
	return o
}

// phoneOn describes the telephone of an extension on a host.
func phoneOn(t *testing.T, ext map[string]any, h *netlab.Host, ip string) phone.Options {
	t.Helper()
	return phone.Options{Bind: ip + ":0", ListenUDP: h.ListenUDP,
		Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain")}
}

// home is a server at a public address and a house whose router translates.
type home struct {
	*office
	lab          *netlab.Lab
	srv          *netlab.Host
	router, room *netlab.Host
	outer        string        // the router's interface to the world
	opts         phone.Options // of the telephone in the house, extension 102
	second       string        // its user
	ext          map[string]any
}

const (
	homeNet    = "192.168.7.1/24"
	homeIP     = "192.168.7.2"
	homePublic = "198.51.100.7"
)

func newHome(t *testing.T, kind netlab.NAT, more ...string) *home {
	t.Helper()
	lab := netlab.New(t)
	h := &home{lab: lab, srv: lab.Host("srv"), router: lab.Host("router"), room: lab.Host("room")}
	_, h.outer = lab.Wire(h.srv, h.router, serverIP+"/24", routerIP+"/24")
	lab.Wire(h.router, h.room, homeNet, homeIP+"/24")
	h.room.Route("default", "192.168.7.1")
	h.srv.Route("198.51.100.0/24", routerIP)
	h.router.Address(h.outer, homePublic+"/32")
	h.router.Translate(kind, h.outer, homePublic, homeIP)
	s := startOn(t, h.srv, serverIP+sipPort, more...)
	h.office = officeOn(t, s, h.srv, serverIP)
	h.ext = s.fields("extension", "add", "102", "--account", h.id)
	h.second = text(t, h.ext, "user_id")
	h.opts = phoneOn(t, h.ext, h.room, homeIP)
	menu := h.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes", "menu": map[string]any{
		"digit_0": map[string]any{"action": "call", "to": "user", "id": h.user},
		"digit_1": map[string]any{"action": "call", "to": "user", "id": h.second},
	}})
	h.menu = menu
	h.account.number(h.number, menu)
	h.load(menu, "Main Menu", "Please Wait")
	return h
}

// register makes the telephone in the house and registers it.
func (h *home) register() *phone.Phone {
	t := h.office.server.t
	t.Helper()
	p := newPhone(t, h.opts)
	if _, err := p.Register(t.Context(), "sip:"+h.sip, time.Hour); err != nil {
		t.Fatalf("register from behind the NAT: %v\n%s", err, h.log)
	}
	return p
}

// passes waits until half of a sound was heard in order: the networks are looked at
// here, and a busy machine may tear holes into what comes through them.
func passes(t *testing.T, c *phone.Call, sound []int16) {
	t.Helper()
	best := 0.0
	if !eventually(15*time.Second, func() bool {
		_, share := heardShare(c.Heard(), sound, 0)
		best = max(best, share)
		return share >= 0.5
	}) {
		t.Fatalf("the sound does not come through: at best %.0f %% of it in %v\n%s", 100*best,
			time.Duration(len(c.Heard()))*time.Second/phone.Rate, timeline(c))
	}
}

// sound gives what a recording holds.
func (k apiKey) sound(id string) []int16 {
	k.t.Helper()
	samples, err := phone.ReadWAV(bytes.NewReader(k.send(200, "GET", "/recordings/"+id+"/audio", "", nil)))
	if err != nil {
		k.t.Fatalf("recording %s: %v", id, err)
	}
	return samples
}
