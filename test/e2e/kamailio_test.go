package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/internal/phone"
)

// kamailio is a proxy of another make between telephones and the server.
type kamailio struct {
	log      *lockedBuffer
	udp, tcp string   // HOST:PORT
	defines  []string // names that the settings ask for by #!ifdef
}

func startKamailio(t *testing.T, s *server) *kamailio {
	t.Helper()
	k := &kamailio{log: &lockedBuffer{}, udp: freeAddr(t), tcp: freeAddr(t)}
	_, server, _ := net.SplitHostPort(s.sip)
	k.run(t, "kamailio.cfg", "@SERVER@", server)
	return k
}

// run starts it with settings in which words stand for others.
func (k *kamailio) run(t *testing.T, settings string, words ...string) {
	t.Helper()
	path, err := exec.LookPath("kamailio")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/kamailio") // which is not on everybody's path
	}
	if err != nil {
		t.Fatal("kamailio is not installed; scripts/setup-test.sh installs it")
	}
	found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/rr.so")
	if len(found) == 0 {
		t.Fatal("kamailio has no modules; scripts/setup-test.sh installs them")
	}
	template, err := os.ReadFile(filepath.Join("testdata", "kamailio", settings))
	if err != nil {
		t.Fatal(err)
	}
	port := func(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }
	dir := t.TempDir()
	config := strings.NewReplacer(append(words, "@UDP@", port(k.udp), "@TCP@", port(k.tcp), "@MODULES@", filepath.Dir(found[0]))...).Replace(string(template))
	file := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-f", file, "-DD", "-E", "-e", "-m", "64", "-M", "8", "-Y", dir, "-P", filepath.Join(dir, "pid")}
	for _, name := range k.defines {
		args = append(args, "-A", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	runBeside(t, cmd, k.log)
	if !eventually(10*time.Second, func() bool {
		c, err := net.Dial("tcp", k.tcp)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatalf("kamailio does not start:\n%s", k.log)
	}
}

// runBeside runs a program until the test ends, with its children; what it wrote is
// shown when the test has failed.
func runBeside(t *testing.T, cmd *exec.Cmd, log *lockedBuffer) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-done
		}
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(cmd.Path), log)
		}
	})
}

// passed counts the requests of a method that the proxy passed on, from telephones
// (by TCP) or from the server (by UDP).
func (k *kamailio) passed(method, transport string) int {
	return len(regexp.MustCompile("passes "+method+" from "+transport+":").FindAllString(k.log.String(), -1))
}

// TestKamailioBetween registers a telephone and calls it, and by it, through a
// proxy that stays in the way with both of its sides: every request passes it.
func TestKamailioBetween(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	k := startKamailio(t, o.server)
	ext := o.server.fields("extension", "add", "102", "--account", o.id)
	far := newPhone(t, phone.Options{Transport: "tcp", Proxy: k.tcp, Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain")})
	if _, err := far.Register(t.Context(), "sip:"+o.server.sip, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, k.log)
	}
	var list []struct {
		Number string `json:"number"`
		Phones []struct {
			Path []string `json:"path"`
		} `json:"phones"`
	}
	if err := json.Unmarshal([]byte(o.server.cli("extension", "list", "--account", o.id, "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Number == "102" && (len(e.Phones) != 1 || len(e.Phones[0].Path) != 2 || !strings.Contains(e.Phones[0].Path[0], k.udp)) {
			t.Errorf("the registration's path: %+v", e)
		}
	}
	talk := func(a, b *phone.Call) {
		t.Helper()
		go a.Play(t.Context(), tone(700, 4*time.Second))
		go b.Play(t.Context(), tone(1100, 4*time.Second))
		hearsTone(t, a, 1100)
		hearsTone(t, b, 700)
	}
	passed := func(method, transport string, least int) {
		t.Helper()
		if !eventually(5*time.Second, func() bool { return k.passed(method, transport) >= least }) {
			t.Errorf("%d %s by %s passed the proxy, not %d", k.passed(method, transport), method, transport, least)
		}
	}

	// To the telephone: it holds and resumes, then the other side hangs up.
	near, in := connect(t, o.desk, far, "sip:102@"+o.server.sip)
	talk(near, in)
	holdAndResume(t, in)
	talk(near, in)
	hangUp(near)
	ends(t, in, 5*time.Second)
	if e, _ := in.Ending(); e.ByUs || e.Method != "BYE" {
		t.Errorf("the telephone was left by %+v", e)
	}
	passed("INVITE", "udp", 1) // ours
	passed("ACK", "udp", 1)
	passed("BYE", "udp", 1)
	passed("INVITE", "tcp", 2) // hold and resume
	passed("ACK", "tcp", 2)

	// From the telephone, which hangs up.
	invites := k.passed("INVITE", "tcp")
	out, desk := connect(t, far, o.desk, "sip:101@"+o.server.sip)
	talk(desk, out)
	hangUp(out)
	ends(t, desk, 5*time.Second)
	passed("INVITE", "tcp", invites+1)
	passed("BYE", "tcp", 1)

	// From the telephone; the server's side hangs up.
	out, desk = connect(t, far, o.desk, "sip:101@"+o.server.sip)
	talk(desk, out)
	hangUp(desk)
	ends(t, out, 5*time.Second)
	passed("BYE", "udp", 2)
}

// holdAndResume puts the other side on hold, and takes it off.
func holdAndResume(t *testing.T, c *phone.Call) {
	t.Helper()
	if err := c.Hold(t.Context()); err != nil {
		t.Fatalf("hold: %v", err)
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Fatalf("resume: %v", err)
	}
}

// connect calls with one telephone, answers with the other, and gives both ends.
func connect(t *testing.T, from, to *phone.Phone, uri string) (out, in *phone.Call) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	type dialled struct {
		c   *phone.Call
		err error
	}
	done := make(chan dialled, 1)
	go func() {
		c, err := from.Dial(ctx, uri, phone.CallOptions{})
		done <- dialled{c, err}
	}()
	in = rings(t, to, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := <-done
	if d.err != nil {
		t.Fatalf("call to %s: %v", uri, d.err)
	}
	t.Cleanup(func() { hangUp(d.c) })
	return d.c, in
}
