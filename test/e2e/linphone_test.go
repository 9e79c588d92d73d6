package e2e_test

import (
	wire "encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// linphone is Linphone's telephone for terminals, which plays and records files in
// place of a sound card.
type linphone struct {
	t    *testing.T
	dir  string
	log  *lockedBuffer
	keys io.Writer // of its terminal
}

// startLinphone starts one; more is of the section on SIP of its settings.
func startLinphone(t *testing.T, speaks []int16, more string) *linphone {
	t.Helper()
	path, err := exec.LookPath("linphonec")
	if err != nil {
		t.Fatal("linphonec is not installed; scripts/setup-test.sh installs it")
	}
	l := &linphone{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	for _, dir := range []string{".local/share/linphone", ".config/linphone"} {
		if err := os.MkdirAll(filepath.Join(l.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings := fmt.Sprintf("[sip]\nsip_port=%d\nsip_tcp_port=0\nuse_ipv6=0\n%s[rtp]\naudio_rtp_port=%d\n", freePorts(t, 1), more, freePorts(t, 2))
	for name, data := range map[string][]byte{"settings": []byte(settings), "speaks.wav": wav(t, speaks)} {
		if err := os.WriteFile(filepath.Join(l.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-c", filepath.Join(l.dir, "settings"), "-d", "0")
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "HOME="+l.dir, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	if l.keys, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	runBeside(t, cmd, l.log)
	l.says("linphonec>", 0, 20*time.Second)
	l.do("soundcard use files")
	l.do("play speaks.wav")
	l.do("record heard.wav")
	return l
}

// do types a command, and gives where what it says begins.
func (l *linphone) do(command string) int {
	l.t.Helper()
	at := len(l.log.String())
	if _, err := fmt.Fprintln(l.keys, command); err != nil {
		l.t.Fatal(err)
	}
	return at
}

func (l *linphone) says(what string, from int, within time.Duration) {
	l.t.Helper()
	if !eventually(within, func() bool { return strings.Contains(l.log.String()[from:], what) }) {
		l.t.Fatalf("linphone does not say %q", what)
	}
}

// heard gives what it has recorded so far of its call: 16-bit samples of 8 kHz, as of
// G.711, behind a header that is written at the end.
func (l *linphone) heard() (samples []int16) {
	raw, err := os.ReadFile(filepath.Join(l.dir, "heard.wav"))
	if err != nil {
		return nil
	}
	for at := 44; at+1 < len(raw); at += 2 {
		samples = append(samples, int16(wire.LittleEndian.Uint16(raw[at:])))
	}
	return samples
}

// hearsTone waits until it has heard a tone for half a second without a gap.
func (l *linphone) hearsTone(hz float64) {
	l.t.Helper()
	pure := 0.0
	if !eventually(20*time.Second, func() bool {
		h := l.heard()
		for at := 0; at+phone.Rate/2 <= len(h); at += phone.Rate / 10 {
			pure = max(pure, audiomatch.Tone(h[at:at+phone.Rate/2], hz))
		}
		return pure > 0.9
	}) {
		l.t.Fatalf("linphone has not heard %v Hz: purity %.2f in %.1f s", hz, pure, float64(len(l.heard()))/phone.Rate)
	}
}

// TestLinphone has Linphone register, press a key in a menu, talk with whom the menu
// reaches, and be called.
func TestLinphone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.makeMenu()
	ext := o.server.fields("extension", "add", "102", "--account", o.id)
	l := startLinphone(t, tone(900, time.Minute), "")
	l.do(fmt.Sprintf("register sip:%s@%s sip:%s %s", text(t, ext, "username"), text(t, ext, "domain"), o.server.sip, text(t, ext, "password")))
	if !eventually(20*time.Second, func() bool {
		l.do("status register")
		<-time.After(200 * time.Millisecond)
		return strings.Contains(l.log.String(), "registered, identity=")
	}) {
		t.Fatal("linphone is not registered")
	}

	at := l.do("call sip:" + o.number + "@" + o.server.sip)
	l.says("connected", at, 20*time.Second)
	if !eventually(20*time.Second, func() bool { _, share := heardShare(l.heard(), o.sounds["Welcome"], 0); return share >= enough }) {
		t.Fatalf("linphone has not heard the menu in %.1f s", float64(len(l.heard()))/phone.Rate)
	}
	l.do("1")
	far := rings(t, o.carrier, 20*time.Second)
	if err := far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go far.Play(t.Context(), tone(700, 20*time.Second))
	hearsTone(t, far, 900)
	l.hearsTone(700)
	l.do("terminate")
	ends(t, far, 10*time.Second)

	go func() {
		if eventually(20*time.Second, func() bool { return strings.Contains(l.log.String(), "incoming call from") }) {
			fmt.Fprintln(l.keys, "answer")
		}
	}()
	c, err := o.desk.Dial(t.Context(), "sip:102@"+o.server.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	go c.Play(t.Context(), tone(1300, 20*time.Second))
	hearsTone(t, c, 900)
	l.hearsTone(1300)
	hangUp(c)
}

// TestLinphonePressesByINFO has Linphone set to send its keys by SIP INFO alone: each is
// heard once, by that method, and the menu goes on.
func TestLinphonePressesByINFO(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := apiAccount(t, s)
	const number = "+46850000800"
	k.nativeApp("Account", number, "ask", `"ask": {"gather": {"prompts": [{"music": true, "duration": "1m"}], "barge_in": true, "max_digits": 5, "first_digit": "20s", "inter_digit": "20s"}, "digits": "bye", "no_input": "bye"},
		"bye": {"hang_up": {}}`)
	l := startLinphone(t, tone(900, time.Minute), "use_info=1\nuse_rfc2833=0\n")
	at := l.do("call sip:" + number + "@" + s.sip)
	l.says("connected", at, 20*time.Second)
	const keys = "1*077"
	for _, key := range keys {
		l.do(string(key))
	}
	v := s.ended(t, number, 30*time.Second)
	var got strings.Builder
	for _, e := range v.Events {
		if e.Kind == "digit" {
			got.WriteString(e.Data["digit"])
			if e.Data["method"] != "info" {
				t.Errorf("the key %s came by %q", e.Data["digit"], e.Data["method"])
			}
		}
	}
	if got.String() != keys || !strings.Contains(v.String(), fmt.Sprintf("gathered %q: limit", keys)) {
		t.Errorf("pressed %s, heard %s\n%s", keys, got.String(), v)
	}
}
