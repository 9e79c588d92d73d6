package sipua_test

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"tandem/internal/offer"
	"tandem/internal/sipua"
)

// we and SIPp offer at once. Each refuses the other's offer with 491, ours is made
// again after a while (RFC 3261 §14.1), and then SIPp's is taken.
func TestSIPpGlare(t *testing.T) {
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is not installed; scripts/setup-test.sh installs it")
	}
	scenario, err := filepath.Abs("testdata/glare.xml")
	if err != nil {
		t.Fatal(err)
	}
	ours := make(chan error, 4)
	var theirs atomic.Int32
	a := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) {
		<-inc.Up()
		l := local(4002)
		inc.OnReoffer(func(s *offer.Session) ([]byte, error) {
			theirs.Add(1)
			body, _, err := l.Answer(s)
			return body, err
		})
		go func() {
			_, err := inc.Reinvite(t.Context(), local(4002).Offer(""))
			ours <- err
		}()
	})})
	cmd := exec.CommandContext(t.Context(), path, a.Addr().String(), "-sf", scenario, "-t", "t1", "-m", "1", "-i", "127.0.0.1", "-timeout", "20s", "-nostdin",
		"-trace_err", "-error_file", "errors.log")
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out[max(0, len(out)-2500):])
	}
	if err := receive(t, ours, "what came of our offer"); err != nil {
		t.Errorf("our offer: %v", err)
	}
	if n := theirs.Load(); n != 1 {
		t.Errorf("%d offers of SIPp were taken, not 1", n)
	}
}

// B-36, B-37: an Identity whose certificate is on this machine or at a cloud's metadata is
// not fetched, for nothing that a stranger names is.
func TestHostileIdentity(t *testing.T) {
	cfg := hostileConfig()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var fetched atomic.Int32
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			fetched.Add(1)
			c.Close()
		}
	}()
	// {"alg":"ES256","typ":"passport","ppt":"shaken","x5u":…} is all that anybody would read.
	passport := "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwicHB0Ijoic2hha2VuIn0.e30.AAAA"
	var rows []row
	for _, at := range []string{ln.Addr().String(), strings.Replace(ln.Addr().String(), "127.0.0.1", "[::ffff:127.0.0.1]", 1), "169.254.169.254", "0.0.0.0:" + fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)} {
		for _, header := range []string{"Identity", "y", "Identity-Info", "Alert-Info", "Call-Info", "Error-Info"} {
			value := fmt.Sprintf("%s;info=<http://%s/cert.pem>;alg=ES256;ppt=shaken", passport, at)
			if strings.HasSuffix(header, "-Info") {
				value = "<http://" + at + "/cert.pem>;purpose=icon"
			}
			rows = append(rows, row{"B-36", header + " at " + at, asks("INVITE").add(header+": "+value).with("application/sdp", string(sdp(5000))), "200 404"})
		}
	}
	run(t, besieged(t, cfg), rows)
	if n := fetched.Load(); n != 0 {
		t.Errorf("%d connections were made for it", n)
	}
}
