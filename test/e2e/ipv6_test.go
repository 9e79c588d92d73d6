package e2e_test

import (
	"testing"
	"time"

	"tandem/internal/netlab"
	"tandem/internal/phone"
)

const (
	server6  = "2001:db8::10"
	desktop6 = "2001:db8::20"
)

// newPhone6 makes the telephone of an extension, or nobody's, with an IPv6 address.
func newPhone6(t *testing.T, h *netlab.Host, ip string, ext map[string]any) *phone.Phone {
	t.Helper()
	o := phone.Options{Bind: "[" + ip + "]:0", ListenUDP: h.ListenUDP}
	if ext != nil {
		o.Username, o.Password, o.Domain = text(t, ext, "username"), text(t, ext, "password"), text(t, ext, "domain")
	}
	return newPhone(t, o)
}

// TestIPv6Alone has everything in a network without IPv4.
func TestIPv6Alone(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	srv, world := lab.Host("srv"), lab.Host("world")
	lab.Wire(srv, world, server6+"/64", desktop6+"/64")
	s := startOn(t, srv, "["+server6+"]"+sipPort)
	six(t, s, "+46850000001", server6, func(ext map[string]any) *phone.Phone { return newPhone6(t, world, desktop6, ext) })
}

// TestIPv6OnLoopback is a server that listens on ::1 alone.
func TestIPv6OnLoopback(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	srv := lab.Host("srv")
	s := startOn(t, srv, "[::1]:5060", "TANDEM_SIP=[::1]:5060", "TANDEM_ALLOW_LOOPBACK=1")
	six(t, s, "+46850000001", "::1", func(ext map[string]any) *phone.Phone { return newPhone6(t, srv, "::1", ext) })
}

// TestDualStack bridges a party of either family with one of the other.
func TestDualStack(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	srv, world := lab.Host("srv"), lab.Host("world")
	a, b := lab.Wire(srv, world, serverIP+"/24", desktopIP+"/24")
	srv.Address(a, server6+"/64")
	world.Address(b, desktop6+"/64")
	for _, public := range []string{"", serverIP} { // set for one family, it isn't told the other
		s := startOn(t, srv, "["+server6+"]"+sipPort, "TANDEM_PUBLIC="+public)
		six(t, s, "+46850000001", server6, func(ext map[string]any) *phone.Phone {
			if ext == nil {
				return newPhone6(t, world, desktop6, nil)
			}
			return newPhone(t, phoneOn(t, ext, world, desktopIP))
		})
		s.sip = serverIP + sipPort
		six(t, s, "+46850000002", serverIP, func(ext map[string]any) *phone.Phone {
			if ext == nil {
				return newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: world.ListenUDP})
			}
			return newPhone6(t, world, desktop6, ext)
		})
		s.stop()
	}
}

// six has a caller hear the menu and talk with an extension's telephone that
// registered over whatever family it has. told is what our description says to the
// caller.
func six(t *testing.T, s *server, number, told string, make func(ext map[string]any) *phone.Phone) {
	t.Helper()
	o := &office{account: newAccount(t, s), number: number}
	ext := s.fields("extension", "add", "101", "--account", o.id)
	o.desk = make(ext)
	registrar := s.sip
	if o.desk.Addr().Addr().Is4() {
		registrar = serverIP + sipPort
	} else if !o.desk.Addr().Addr().IsLoopback() {
		registrar = "[" + server6 + "]" + sipPort
	}
	if _, err := o.desk.Register(t.Context(), "sip:"+registrar, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, s.log)
	}
	menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes", "menu": map[string]any{
		"digit_0": map[string]any{"action": "call", "to": "user", "id": text(t, ext, "user_id")}}})
	o.account.number(o.number, menu)
	c := dial(t, make(nil), s, o.number)
	passes(t, c, o.sound(menu, "Main Menu"))
	press(t, c, "0")
	in := rings(t, o.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, c, in)
	if got := c.RemoteMedia().Addr().String(); got != told {
		t.Errorf("the caller was told %s, want %s", got, told)
	}
	hangUp(c)
	ends(t, in, 5*time.Second)
	o.ended(t, o.number, 5*time.Second)
}
