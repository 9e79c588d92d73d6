package e2e_test

import (
	order "encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// States of sockets in the kernel's tables, and the mark of a listening one among those
// of Unix.
const (
	tcpListens  = "0A"
	udpTakesAll = "07" // one that is connected takes its peer's packets alone
	unixListens = "00010000"
)

// listens gives where anybody can reach the process: "tcp 127.0.0.1:5060" and so on, in
// order; raw sockets and those of packets by their table alone.
func (s *server) listens(t *testing.T) []string {
	t.Helper()
	own, _ := s.sockets(t)
	var at []string
	for _, table := range []struct {
		name, state string // "" = any
		inode       int    // its column
	}{
		{"tcp", tcpListens, 9}, {"tcp6", tcpListens, 9}, {"udp", udpTakesAll, 9}, {"udp6", udpTakesAll, 9}, {"udplite", "", 9}, {"udplite6", "", 9},
		{"raw", "", 9}, {"raw6", "", 9}, {"icmp", "", 9}, {"icmp6", "", 9}, {"packet", "", 8}, {"unix", unixListens, 6},
	} {
		raw, err := os.ReadFile(s.proc() + "/net/" + table.name)
		if err != nil && !os.IsNotExist(err) { // of a kernel without that kind
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			f := strings.Fields(line)
			if len(f) <= table.inode || !own[f[table.inode]] {
				continue
			}
			switch {
			case table.name == "unix" && f[3] == table.state:
				at = append(at, "unix "+strings.Join(f[7:], " "))
			case table.name == "unix" || table.state != "" && f[3] != table.state:
			case table.name == "packet":
				at = append(at, "packet")
			default:
				at = append(at, table.name+" "+socketAddr(t, f[1]).String())
			}
		}
	}
	slices.Sort(at)
	return at
}

// socketAddr reads an address of the kernel's tables: words of 32 bits in the machine's
// order, and the port, in hexadecimal.
func socketAddr(t *testing.T, s string) netip.AddrPort {
	t.Helper()
	words, portHex, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(words)
	port, err2 := strconv.ParseUint(portHex, 16, 16)
	if err != nil || err2 != nil || len(b)%4 != 0 {
		t.Fatalf("no address: %q", s)
	}
	for i := 0; i < len(b); i += 4 {
		order.NativeEndian.PutUint32(b[i:], order.BigEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		t.Fatalf("no address: %q", s)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// B-47: nothing listens beside what the settings name: no bus, no database, no profiles.
// Where a call's sound comes to is a pair of ports of the range, of every address of the
// machine, as long as it lasts.
func TestListensWhereItIsTold(t *testing.T) {
	t.Parallel()
	web, sipTLS, ws, wss := freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t)
	low := freePorts(t, 100)
	o := newOffice(t, "TANDEM_HTTP_TLS="+web, "TANDEM_SIP_TLS="+sipTLS, "TANDEM_SIP_WS="+ws, "TANDEM_SIP_WSS="+wss, fmt.Sprintf("TANDEM_RTP=%d-%d", low, low+99))
	s := o.server
	o.account.number(o.number, sippMenu(o))
	told := []string{"tcp " + s.http, "tcp " + web, "tcp " + s.sip, "udp " + s.sip, "tcp " + sipTLS, "tcp " + ws, "tcp " + wss}
	slices.Sort(told)
	var got []string
	rests := func() bool { got = s.listens(t); return slices.Equal(got, told) }
	if !eventually(5*time.Second, rests) {
		t.Errorf("it listens at\n%v, and is told\n%v", got, told)
	}

	c := dial(t, newPhone(t, phone.Options{}), s, o.number)
	ports := 0
	for _, at := range s.listens(t) {
		if slices.Contains(told, at) {
			continue
		}
		kind, addr, _ := strings.Cut(at, " ")
		a, err := netip.ParseAddrPort(addr)
		if err != nil || kind != "udp" || int(a.Port()) < low || int(a.Port()) > low+99 {
			t.Errorf("in a call it listens at %s", at)
		}
		ports++
	}
	if ports != 2 {
		t.Errorf("%d ports are open for the sound of one leg", ports)
	}
	hangUp(c)
	if !eventually(20*time.Second, rests) {
		t.Errorf("after the call it listens at\n%v, and is told\n%v", got, told)
	}
	s.stop()
	s.env = append(s.env, "TANDEM_DEBUG_SOCKET=yes")
	s.run()
	told = append(told, "unix "+filepath.Join(s.data, "debug.sock"))
	if !eventually(5*time.Second, rests) {
		t.Errorf("with debug_socket it listens at\n%v, and is told\n%v", got, told)
	}
}

// TestSoundAtOneAddress binds audio to one address of the machine, not that of SIP: callers
// and those who are called are told it, hear and are heard there, and nothing else is open.
func TestSoundAtOneAddress(t *testing.T) {
	t.Parallel()
	only := netip.MustParseAddr("127.0.0.3")
	o := newOffice(t, "TANDEM_RTP_HOST="+only.String())
	o.makeMenu()
	rests := o.listens(t)
	c := o.call(t)
	hears(t, c, "Welcome", o.sounds["Welcome"], 0, 5*time.Second)
	press(t, c, "0")
	desk := rings(t, o.desk, 10*time.Second)
	if err := desk.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, c, desk)
	for who, a := range map[string]netip.AddrPort{"the caller": c.RemoteMedia(), "who is called": desk.RemoteMedia()} {
		if a.Addr() != only {
			t.Errorf("%s is told %v, not %v", who, a, only)
		}
	}
	open := 0
	for _, at := range o.listens(t) {
		if !slices.Contains(rests, at) {
			open++
			if !strings.HasPrefix(at, "udp "+only.String()+":") {
				t.Errorf("in the call it listens at %s", at)
			}
		}
	}
	if open == 0 {
		t.Error("no port of the call's sound is seen")
	}
	hangUp(c)
	ends(t, desk, 5*time.Second)
}
