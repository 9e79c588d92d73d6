package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/config"
	"tandem/internal/doctor"
	"tandem/internal/voice"
)

type store struct {
	broken error
	last   time.Time
	trunks []voice.Trunk
}

func (s store) Check(context.Context) error { return s.broken }

func (s store) CDRs(context.Context, voice.CDRFilter) ([]voice.CDR, error) {
	if s.last.IsZero() {
		return nil, nil
	}
	return []voice.CDR{{Call: "c", Start: s.last}}, nil
}

func (s store) Trunks(context.Context, voice.TenantID) ([]voice.Trunk, error) { return s.trunks, nil }

func patient(t *testing.T) doctor.Patient {
	c := config.Default()
	c.Data = t.TempDir()
	c.HTTP, c.SIP, c.Public = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"
	c.Limits.FreeDiskMB = 0
	c.AllowLoopback = true
	return doctor.Patient{Settings: c, Store: store{}, TestCall: func(context.Context) (string, error) { return "heard 3 s of speech", nil }}
}

// want looks for a finding of one check in one state that holds words, in what
// it says or in how to mend it.
func want(t *testing.T, all []doctor.Finding, check string, state doctor.State, words string) {
	t.Helper()
	var seen []string
	for _, f := range all {
		if f.Check != check {
			continue
		}
		if f.State == state && strings.Contains(f.Words+" | "+f.Mend, words) {
			if (state == doctor.Failed || state == doctor.Warning) && f.Mend == "" {
				t.Errorf("%s: %q says not how to mend it", check, f.Words)
			}
			return
		}
		seen = append(seen, fmt.Sprintf("%s: %s | %s", f.State, f.Words, f.Mend))
	}
	t.Errorf("%s: no %s with %q among\n%s", check, state, words, strings.Join(seen, "\n"))
}

func TestHealthy(t *testing.T) {
	var told []doctor.Finding
	all := doctor.Run(t.Context(), patient(t), func(f doctor.Finding) { told = append(told, f) })
	if len(told) != len(all) || len(all) < 10 {
		t.Errorf("told %d of %d findings", len(told), len(all))
	}
	want(t, all, "data folder", doctor.OK, "is writable")
	want(t, all, "database", doctor.OK, "is whole")
	want(t, all, "web port", doctor.OK, "is free")
	want(t, all, "SIP port", doctor.OK, "is free")
	want(t, all, "public address", doctor.OK, "127.0.0.1")
	want(t, all, "mail", doctor.Warning, "smtp.host")
	want(t, all, "trunks", doctor.OK, "none is configured")
	want(t, all, "test call", doctor.OK, "heard 3 s")
}

func TestFaults(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*doctor.Patient)
		check  string
		state  doctor.State
		words  string
	}{
		{"web port taken", func(p *doctor.Patient) { p.Settings.HTTP = busy.Addr().String() }, "web port", doctor.Failed, "ss -lnp"},
		{"SIP port taken", func(p *doctor.Patient) { p.Settings.SIP = busy.Addr().String() }, "SIP port", doctor.Failed, "over TCP"},
		{"foreign address", func(p *doctor.Patient) { p.Settings.HTTP = "192.0.2.1:8080" }, "web port", doctor.Failed, "not an address of this machine"},
		{"data is a file", func(p *doctor.Patient) { p.Settings.Data = file }, "data folder", doctor.Failed, "--data"},
		{"disk full", func(p *doctor.Patient) { p.Settings.Limits.FreeDiskMB = 1 << 40 }, "data folder", doctor.Failed, "at risk"},
		{"database shut", func(p *doctor.Patient) { p.Store, p.StoreError = nil, errors.New("it is locked") }, "database", doctor.Failed, "it is locked"},
		{"trunks without database", func(p *doctor.Patient) { p.Store = nil }, "trunks", doctor.Skipped, "not open"},
		{"database damaged", func(p *doctor.Patient) { p.Store = store{broken: errors.New("page 7")} }, "database", doctor.Failed, "page 7"},
		{"clock set back", func(p *doctor.Patient) { p.Store = store{last: time.Now().Add(time.Hour)} }, "clock", doctor.Failed, "set back"},
		{"audio over SIP", func(p *doctor.Patient) { p.Settings.SIP = "127.0.0.1:15060" }, "audio ports", doctor.Failed, "lies within"},
		{"audio at another machine", func(p *doctor.Patient) { p.Settings.RTPHost = "192.0.2.77" }, "audio ports", doctor.Failed, "at 192.0.2.77"},
		{"few audio ports", func(p *doctor.Patient) { p.Settings.RTP = config.PortRange{Low: 40000, High: 40019} }, "audio ports", doctor.Warning, "10 legs"},
		{"loopback", func(p *doctor.Patient) { p.Settings.AllowLoopback = false }, "public address", doctor.Warning, "--public"},
		{"no such name", func(p *doctor.Patient) { p.Settings.Public = "nowhere.invalid" }, "public address", doctor.Failed, "no address"},
		{"behind a router", func(p *doctor.Patient) { p.Settings.Public = "192.0.2.1" }, "public address", doctor.Warning, "router"},
		{"any address", func(p *doctor.Patient) { p.Settings.Public = "0.0.0.0" }, "public address", doctor.Failed, "no address that phones"},
		{"mail server away", func(p *doctor.Patient) {
			p.Settings.SMTP.Host, p.Settings.SMTP.Port = "127.0.0.1", closedPort(t)
		}, "mail", doctor.Failed, "cannot be reached"},
		{"no speech", func(p *doctor.Patient) { p.Settings.Speech.Engines = nil }, "speech", doctor.Failed, "apt-get install -y espeak-ng"},
		{"test call", func(p *doctor.Patient) {
			p.TestCall = func(context.Context) (string, error) { return "", errors.New("nothing was heard") }
		}, "test call", doctor.Failed, "nothing was heard"},
		{"trunk away", func(p *doctor.Patient) {
			p.Store = store{trunks: []voice.Trunk{{Name: "carrier", Host: "127.0.0.1:" + strconv.Itoa(closedPort(t)), Transport: "tcp"}}}
		}, "trunks", doctor.Failed, "trunk carrier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := patient(t)
			tt.change(&p)
			all := doctor.Run(t.Context(), p, nil)
			want(t, all, tt.check, tt.state, tt.words)
			if tt.state == doctor.Failed && doctor.Healthy(all) {
				t.Error("called healthy")
			}
		})
	}
}

func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// sipPeer answers every datagram and stream with one status line.
func sipPeer(t *testing.T, answer string) string {
	t.Helper()
	l, u := sameport(t)
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		b := make([]byte, 4096)
		for {
			n, from, err := u.ReadFrom(b)
			if err != nil {
				return
			}
			if strings.HasPrefix(string(b[:n]), "OPTIONS sip:") && strings.HasSuffix(string(b[:n]), "\r\n\r\n") {
				u.WriteTo([]byte(answer), from)
			}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, answer)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); u.Close(); <-done; <-done })
	return l.Addr().String()
}

// sameport listens over TCP and UDP on one free port.
func sameport(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, u
		}
		l.Close() // another program has that port over UDP
	}
	t.Fatal("no port is free over both TCP and UDP")
	return nil, nil
}

func TestRunningServer(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "tandem")
	}))
	defer web.Close()
	p := patient(t)
	p.Running = doctor.Running{HTTP: strings.TrimPrefix(web.URL, "http://"), SIP: sipPeer(t, "SIP/2.0 200 OK\r\n\r\n")}
	p.Store = store{trunks: []voice.Trunk{
		{Name: "a", Host: p.Running.SIP, Register: true}, {Name: "b", Host: p.Running.SIP, Register: true},
	}}
	p.TrunkState = func(_ context.Context, k voice.Trunk) (bool, string, error) {
		if k.Name == "a" {
			return true, "registered for 600 s", nil
		}
		return false, "403 Forbidden", nil
	}
	all := doctor.Run(t.Context(), p, nil)
	want(t, all, "web port", doctor.OK, "the server answers")
	want(t, all, "SIP port", doctor.OK, "over UDP is answered")
	want(t, all, "SIP port", doctor.OK, "over TCP is answered")
	want(t, all, "trunks", doctor.OK, "registered for 600 s")
	want(t, all, "trunks", doctor.Failed, "403 Forbidden")
}

func TestServerGoneOrAnother(t *testing.T) {
	p := patient(t)
	gone := "127.0.0.1:" + strconv.Itoa(closedPort(t))
	p.Running = doctor.Running{HTTP: gone, SIP: sipPeer(t, "HTTP/1.1 400 Bad Request\r\n\r\n")}
	all := doctor.Run(t.Context(), p, nil)
	want(t, all, "web port", doctor.Warning, "gone without saying so")
	want(t, all, "SIP port", doctor.Failed, "does not speak SIP")

	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	p.Running = doctor.Running{HTTP: strings.TrimPrefix(other.URL, "http://"), SIP: gone}
	all = doctor.Run(t.Context(), p, nil)
	want(t, all, "web port", doctor.Failed, "404")
	want(t, all, "SIP port", doctor.Warning, "nothing listens for SIP over TCP")
}

func TestMailServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	greetings := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, <-greetings)
			c.Close()
		}
	}()
	defer func() { l.Close(); <-done }()
	p := patient(t)
	p.Settings.SMTP.Host, p.Settings.SMTP.Port = "127.0.0.1", l.Addr().(*net.TCPAddr).Port
	greetings <- "220 mail.example ESMTP\r\n"
	want(t, doctor.Run(t.Context(), p, nil), "mail", doctor.OK, "mail.example")
	greetings <- "SSH-2.0-x\r\n"
	want(t, doctor.Run(t.Context(), p, nil), "mail", doctor.Failed, "does not greet")
}
