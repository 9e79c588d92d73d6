package e2e_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/netlab"
	"tandem/internal/phone"
)

const cloudIP = "10.8.0.2"

// cloud is a server with a private address, which its provider translates one to one
// from a public one, and a host in the world.
func cloud(t *testing.T) (lab *netlab.Lab, srv, router, world *netlab.Host, outer string) {
	t.Helper()
	lab = netlab.New(t)
	srv, router, world = lab.Host("srv"), lab.Host("router"), lab.Host("world")
	_, outer = lab.Wire(world, router, desktopIP+"/24", routerIP+"/24")
	lab.Wire(router, srv, "10.8.0.1/24", cloudIP+"/24")
	srv.Route("default", "10.8.0.1")
	world.Route("198.51.100.0/24", routerIP)
	router.Address(outer, homePublic+"/32")
	router.Publish(outer, homePublic, cloudIP)
	return lab, srv, router, world, outer
}

// TestServerBehindNAT has the server told its public address, or find it by STUN, and
// a telephone in the world and one beside the server talk with each other.
func TestServerBehindNAT(t *testing.T) {
	for name, setting := range map[string]string{
		"public": "TANDEM_PUBLIC=" + homePublic, "stun": "TANDEM_STUN=" + desktopIP + ":3478",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab, srv, router, world, outer := cloud(t)
			asked, err := world.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(desktopIP), Port: 3478})
			if err != nil {
				t.Fatal(err)
			}
			netlab.AnswerSTUN(t, asked)
			beside := lab.Host("beside")
			lab.Wire(srv, beside, "10.8.1.1/24", "10.8.1.2/24")
			s := startOn(t, srv, homePublic+sipPort, setting, "TANDEM_LOCAL_NETWORKS=10.8.1.0/24")
			o := &office{account: newAccount(t, s), number: "+46850000001"}
			ext := s.fields("extension", "add", "101", "--account", o.id)
			o.desk = newPhone(t, phoneOn(t, ext, beside, "10.8.1.2"))
			if _, err := o.desk.Register(t.Context(), "sip:10.8.1.1"+sipPort, time.Hour); err != nil {
				t.Fatalf("register: %v\n%s", err, s.log)
			}
			menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes", "menu": map[string]any{
				"digit_0": map[string]any{"action": "call", "to": "user", "id": text(t, ext, "user_id")}}})
			o.account.number(o.number, menu)
			talk := func(public string) {
				t.Helper()
				s.sip = public + sipPort
				caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: world.ListenUDP})
				c := dial(t, caller, s, o.number)
				passes(t, c, o.sound(menu, "Main Menu"))
				press(t, c, "0")
				in := rings(t, o.desk, 10*time.Second)
				if err := in.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
				talks(t, c, in)
				hangUp(c) // by the Contact that the world was told
				ends(t, in, 5*time.Second)
			}
			talk(homePublic)
			if name != "stun" || !long() { // it is asked once a minute
				return
			}
			const other = "198.51.100.9"
			router.Address(outer, other+"/32")
			router.Publish(outer, other, cloudIP)
			router.Forget()
			if !eventually(90*time.Second, func() bool {
				return strings.Contains(s.log.String(), "public address") && strings.Contains(s.log.String(), other)
			}) {
				t.Fatalf("the new address was not found\n%s", s.log)
			}
			talk(other)
		})
	}
}
