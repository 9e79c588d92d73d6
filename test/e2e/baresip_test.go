package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/netlab"
	"tandem/internal/phone"
)

// baresip is a telephone of another make, without a sound card: it speaks a
// WAV file and writes down what it hears.
type baresip struct {
	t    *testing.T
	dir  string
	log  *lockedBuffer
	ctrl net.Conn
	proc *os.Process
	done chan struct{} // closed when the process has ended
}

// startBaresip runs baresip with an account line, speaking a sound in every call; more
// are further lines of its settings.
func startBaresip(t *testing.T, account string, speaks []int16, more ...string) *baresip {
	t.Helper()
	return startBaresipOn(t, nil, "127.0.0.1", account, speaks, more...)
}

// startBaresipOn runs it on a host of a laboratory; nil is here.
func startBaresipOn(t *testing.T, host *netlab.Host, ip, account string, speaks []int16, more ...string) *baresip {
	t.Helper()
	path, err := exec.LookPath("baresip")
	if err != nil {
		t.Fatal("baresip is not installed; scripts/setup-test.sh installs it")
	}
	modules := "/usr/lib/baresip/modules"
	for _, m := range []string{"sndfile.so", "aufile.so", "aubridge.so", "ctrl_tcp.so", "g711.so", "g722.so"} {
		if _, err := os.Stat(filepath.Join(modules, m)); err != nil {
			t.Skipf("baresip has no module %s in %s", m, modules)
		}
	}
	b := &baresip{t: t, dir: t.TempDir(), log: &lockedBuffer{}, done: make(chan struct{})}
	template, err := os.ReadFile(filepath.Join("testdata", "baresip", "config"))
	if err != nil {
		t.Fatal(err)
	}
	_, sip, _ := net.SplitHostPort(freeAddr(t))
	rtp := freePorts(t, 22)
	_, ctrl, _ := net.SplitHostPort(freeAddr(t))
	config := strings.NewReplacer("@IP@", ip, "@DIR@", b.dir, "@SIP@", sip, "@CTRL@", ctrl, "@MODULES@", modules,
		"@RTP@", fmt.Sprintf("%d-%d", rtp, rtp+20)).Replace(string(template))
	b.write("config", []byte(config+strings.Join(more, "\n")+"\n"))
	b.write("accounts", []byte(account+"\n"))
	b.write("contacts", nil)
	b.write("speaks.wav", wav(t, speaks))
	if err := os.Mkdir(filepath.Join(b.dir, "heard"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd, connect := exec.Command(path, "-f", b.dir), (&net.Dialer{}).DialContext
	if host != nil {
		cmd, connect = host.Command(path, "-f", b.dir), host.Dial
	}
	cmd.Env = append(os.Environ(), "HOME="+b.dir)
	cmd.Stdout, cmd.Stderr = b.log, b.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.proc = cmd.Process
	go func() { cmd.Wait(); close(b.done) }()
	t.Cleanup(func() {
		if b.ctrl != nil {
			b.ctrl.Close()
		}
		cmd.Process.Kill()
		<-b.done
	})
	if !eventually(10*time.Second, func() bool {
		b.ctrl, err = connect(t.Context(), "tcp", "127.0.0.1:"+ctrl)
		return err == nil
	}) {
		t.Fatalf("baresip takes no commands: %v\n%s", err, b.log)
	}
	go io.Copy(b.log, bufio.NewReader(b.ctrl))
	return b
}

// reachesTheDesk has a call of the menu hear it within a time, press 0 and be heard by
// the desk, which answers.
func (b *baresip) reachesTheDesk(t *testing.T, o *office, menu []int16, within time.Duration) *phone.Call {
	t.Helper()
	b.hears(t, "Main Menu", menu, within)
	b.command("sndcode", "0")
	in := rings(t, o.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	hearsTone(t, in, 700)
	return in
}

// talksWithTheDesk is reachesTheDesk, after which baresip hears the desk within back and
// hangs up.
func (b *baresip) talksWithTheDesk(t *testing.T, o *office, menu []int16, within, back time.Duration) {
	t.Helper()
	in := b.reachesTheDesk(t, o, menu, within)
	from := time.Duration(len(b.heard())) * time.Second / phone.Rate
	if err := in.Play(t.Context(), tone(1000, 4*time.Second)); err != nil {
		t.Fatal(err)
	}
	b.hearsTone(t, 1000, from, back)
	b.command("hangup", "")
	ends(t, in, 5*time.Second)
}

func (b *baresip) write(name string, data []byte) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// command sends a command of baresip's menu as a netstring.
func (b *baresip) command(name, params string) {
	b.t.Helper()
	raw, err := json.Marshal(map[string]string{"command": name, "params": params, "token": "test"})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.ctrl, "%d:%s,", len(raw), raw); err != nil {
		b.t.Fatalf("baresip %s: %v\n%s", name, err, b.log)
	}
}

// says waits until baresip has printed a text.
func (b *baresip) says(t *testing.T, text string, within time.Duration) {
	t.Helper()
	if !eventually(within, func() bool { return strings.Contains(b.log.String(), text) }) {
		t.Fatalf("baresip does not say %q:\n%s", text, b.log)
	}
}

// heard is what baresip has written down in its newest call, at 8 kHz; of a wideband
// call it writes 16 kHz.
func (b *baresip) heard() []int16 {
	files, err := filepath.Glob(filepath.Join(b.dir, "heard", "*-dec.wav"))
	if err != nil || len(files) == 0 {
		return nil
	}
	newest, at := "", time.Time{}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && !info.ModTime().Before(at) {
			newest, at = f, info.ModTime()
		}
	}
	raw, err := os.ReadFile(newest)
	if err != nil || len(raw) <= 44 {
		return nil
	}
	p, err := media.ReadWAV(bytes.NewReader(grown(raw)), media.WAVLimits{AllowUnfinished: true})
	if err != nil {
		return nil
	}
	return media.Resample(p, phone.Rate).Samples
}

// grown puts the lengths of a WAV file right that is still being written.
func grown(raw []byte) []byte {
	raw = bytes.Clone(raw)
	put := func(at, n int) {
		raw[at], raw[at+1], raw[at+2], raw[at+3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
	}
	put(4, len(raw)-8)
	if i := bytes.Index(raw, []byte("data")); i > 0 && i+8 <= len(raw) {
		put(i+4, len(raw)-i-8)
	}
	return raw
}

// hears waits until baresip has heard a sound.
func (b *baresip) hears(t *testing.T, name string, sound []int16, within time.Duration) {
	t.Helper()
	best := 0.0
	if !eventually(within, func() bool {
		_, share := heardShare(b.heard(), sound, 0)
		best = max(best, share)
		return share >= enough
	}) {
		t.Fatalf("baresip has not heard %s: at best %.0f %% of it in %.1f s\n%s", name, 100*best, float64(len(b.heard()))/phone.Rate, b.log)
	}
}

// hearsTone waits until baresip has heard a tone, after a time, for half a second
// without a gap.
func (b *baresip) hearsTone(t *testing.T, hz float64, from, within time.Duration) {
	t.Helper()
	pure := 0.0
	if !eventually(within, func() bool {
		h := b.heard()
		for at := int(from * phone.Rate / time.Second); at+phone.Rate/2 <= len(h); at += phone.Rate / 10 {
			pure = max(pure, audiomatch.Tone(h[at:at+phone.Rate/2], hz))
		}
		return pure > 0.9
	}) {
		t.Fatalf("baresip hears no tone of %v Hz: purity %.2f\n%s", hz, pure, b.log)
	}
}

func TestBaresipCallsTheMenu(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0", tone(700, 20*time.Second))
	main := o.sound(menu, "Main Menu")

	b.command("dial", "sip:"+o.number+"@"+o.sip)
	b.hears(t, "Main Menu", main, 15*time.Second)
	b.command("sndcode", "0")
	in := rings(t, o.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.hears(t, "Please Wait", o.sound(menu, "Please Wait"), 10*time.Second)
	hearsTone(t, in, 700)
	back := melody(900, 1100, 950, 1050)
	if err := in.Play(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	b.hears(t, "what the desk plays", back, 10*time.Second)
	b.command("hangup", "")
	ends(t, in, 5*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	if !strings.Contains(v.String(), "key 0 by rfc4733") {
		t.Errorf("the key of baresip did not come as an event:\n%s", v)
	}
}

// TestBaresipSpeaksWideband calls in G.722 and is heard by, and hears, a desk that
// speaks G.711; so the sound is decoded and encoded both ways by two implementations.
func TestBaresipSpeaksWideband(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0;audio_codecs=G722/16000/1", tone(700, 40*time.Second))
	main := o.sound(menu, "Main Menu")

	b.command("dial", "sip:"+o.number+"@"+o.sip)
	b.talksWithTheDesk(t, o, main, 15*time.Second, 10*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	if got := v.String(); !strings.Contains(got, "G722") {
		t.Errorf("the caller did not speak G.722:\n%s", got)
	}
}

// TestBaresipSpeaksOpus has a telephone that speaks nothing but Opus be spoken to in it by
// a build with libopus, and be refused in words by one that could not send it.
func TestBaresipSpeaksOpus(t *testing.T) {
	t.Parallel()
	program, err := libopus()
	if err != nil {
		t.Fatal(err)
	}
	calls := func(o *office) *baresip {
		b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0;audio_codecs=opus/48000/2", tone(700, 40*time.Second), "module\t\t\topus.so", "opus_inbandfec\t\tyes")
		b.command("dial", "sip:"+o.number+"@"+o.sip)
		return b
	}
	o := newOffice(t, programIs+program)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := calls(o)
	b.talksWithTheDesk(t, o, o.sound(menu, "Main Menu"), 15*time.Second, 10*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	if got := v.String(); !strings.Contains(got, "OPUS, keys by telephone-event") || strings.Count(got, "key 0 by rfc4733") != 1 {
		t.Errorf("the caller did not speak Opus or press one key:\n%s", got)
	}

	o = newOffice(t)
	o.account.number(o.number, sippMenu(o))
	calls(o).says(t, "488", 10*time.Second)
}

func TestBaresipIsTheDesk(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := newAccount(t, s)
	o := &office{account: a, number: "+46850000001"}
	ext := s.fields("extension", "add", "101", "--account", a.id)
	o.user = text(t, ext, "user_id")
	box := a.app(map[string]any{"app_type": "mailbox", "name": "Box"})
	speaks := o.sound(box, "Greeting")
	menu := a.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes",
		"menu": map[string]any{"digit_0": map[string]any{"action": "call", "to": "user", "id": o.user}}})
	a.number(o.number, menu)
	// The sound begins when the call does, and baresip hangs up at its end.
	b := startBaresip(t, fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		text(t, ext, "username"), s.sip, text(t, ext, "username"), text(t, ext, "password")),
		slices.Concat(make([]int16, phone.Rate), speaks, make([]int16, 40*phone.Rate)))
	b.says(t, "200 OK", 10*time.Second)

	c := o.call(t)
	press(t, c, "0")
	hears(t, c, "what baresip speaks", speaks, 0, 10*time.Second)
	said := melody(600, 900, 700, 1000, 650)
	if err := c.Play(t.Context(), said); err != nil {
		t.Fatal(err)
	}
	b.hears(t, "what the caller plays", said, 10*time.Second)
	b.command("hangup", "")
	ends(t, c, 5*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	v.must(t, "leg.answered", "")
	v.must(t, "bridge.started", "")
}
