package e2e_test

import (
	"bytes"
	"context"
	wire "encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// shown is what tandem calls show --json prints of a call.
type shown struct {
	Call   callLine    `json:"call"`
	Events []eventLine `json:"events"`
}

// callLine is a call as tandem calls lists it.
type callLine struct {
	ID        string    `json:"id"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Direction string    `json:"direction"`
	Start     time.Time `json:"start"`
	Answered  time.Time `json:"answered"`
	End       time.Time `json:"end"`
	Cause     string    `json:"cause"`
	Words     string    `json:"words"`
}

type eventLine struct {
	Kind   string            `json:"kind"`
	At     time.Time         `json:"at"`
	Leg    string            `json:"leg"`
	Text   string            `json:"text"`
	Data   map[string]string `json:"data"`
	Origin struct {
		Pointer string `json:"pointer"`
	} `json:"origin"`
}

// calls lists the newest calls.
func (s *server) calls(t *testing.T) []callLine {
	t.Helper()
	out, err := s.try("calls", "--limit", "5000", "--json")
	if err != nil {
		t.Fatalf("calls: %v %s", err, out)
	}
	var list []callLine
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("calls: %v\n%s", err, out)
	}
	return list
}

// show gives the timeline of a call.
func (s *server) show(t *testing.T, id string) shown {
	t.Helper()
	out, err := s.try("calls", "show", id, "--json")
	if err != nil {
		t.Fatalf("calls show: %v %s", err, out)
	}
	var v shown
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("calls show: %v\n%s", err, out)
	}
	return v
}

// ended waits until the newest call to number has its end, and gives it.
func (s *server) ended(t *testing.T, number string, within time.Duration) shown {
	t.Helper()
	id := ""
	if !eventually(within, func() bool { id = s.judge(t, number); return id != "" }) {
		t.Fatalf("no call to %s has ended:\n%s", number, s.lastCall())
	}
	return s.show(t, id)
}

// judge gives the newest call to a number, "" = to any, when it is over, once: a call that has only
// begun is not stored yet, and the one before it is not taken for it.
func (s *server) judge(t *testing.T, number string) string {
	t.Helper()
	list := s.calls(t)
	i := slices.IndexFunc(list, func(c callLine) bool { return number == "" || c.To == number })
	if i < 0 || list[i].End.IsZero() {
		return ""
	}
	if _, before := s.judged.LoadOrStore(list[i].ID, true); before {
		return ""
	}
	return list[i].ID
}

// has says whether an event of a kind has a text that matches.
func (v shown) has(kind, pattern string) bool {
	re := regexp.MustCompile(pattern)
	return slices.ContainsFunc(v.Events, func(e eventLine) bool { return e.Kind == kind && re.MatchString(e.Text) })
}

// must fails the test unless the timeline holds an event of a kind whose text matches.
func (v shown) must(t *testing.T, kind, pattern string) {
	t.Helper()
	if !v.has(kind, pattern) {
		t.Errorf("no event %s like %q in the timeline:\n%s", kind, pattern, v)
	}
}

func (v shown) String() string {
	var b strings.Builder
	for _, e := range v.Events {
		fmt.Fprintf(&b, "%+9.3f %-18s %s %s %v %s\n", e.At.Sub(v.Call.Start).Seconds(), e.Kind, e.Leg, e.Text, e.Data, e.Origin.Pointer)
	}
	fmt.Fprintf(&b, "end: %s (%s)", v.Call.Cause, v.Call.Words)
	return b.String()
}

// sipp is a run of SIPp.
type sipp struct {
	scenario  string // file of testdata/sipp, without .xml
	transport string // u1 or t1
	number    string
	args      []string
	files     map[string][]byte // that the scenario plays
	within    time.Duration
}

// start runs SIPp; the function given waits for its end, which must be a good
// one, and gives the messages it saw.
func (r sipp) start(t *testing.T, s *server) func() string {
	t.Helper()
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is not installed; scripts/setup-test.sh installs it")
	}
	dir := t.TempDir()
	xml, err := os.ReadFile(filepath.Join("testdata", "sipp", r.scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, dir, "scenario.xml", xml)
	for name, data := range r.files {
		r.write(t, dir, name, data)
	}
	_, port, _ := net.SplitHostPort(freeAddr(t))
	args := []string{s.sip, "-sf", "scenario.xml", "-s", r.number, "-i", "127.0.0.1", "-p", port, "-mi", "127.0.0.1",
		"-mp", fmt.Sprint(freePorts(t, 6)), "-t", r.transport, "-nostdin",
		"-recv_timeout", "40000", "-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"}
	if !slices.Contains(r.args, "-m") {
		args = append(args, "-m", "1")
	}
	ctx, cancel := context.WithTimeout(t.Context(), r.within)
	cmd := exec.CommandContext(ctx, path, append(args, r.args...)...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { cancel(); cmd.Process.Kill() })
	return func() string {
		t.Helper()
		err := <-done
		messages, _ := os.ReadFile(filepath.Join(dir, "messages.log"))
		if err != nil {
			faults, _ := os.ReadFile(filepath.Join(dir, "errors.log"))
			said := out.String()
			t.Fatalf("sipp %s: %v\n%s\n%s\n%.6000s", r.scenario, err, faults, said[max(0, len(said)-3000):], messages)
		}
		return string(messages)
	}
}

func (r sipp) write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustInt(t *testing.T, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// mulaw is G.711 µ-law of samples, by the definition of the law.
func mulaw(samples []int16) []byte {
	out := make([]byte, len(samples))
	for i, s := range samples {
		v, sign := int(s), byte(0)
		if v < 0 {
			v, sign = -v, 0x80
		}
		v = min(v, 32635) + 132
		exp := 7
		for mask := 0x4000; exp > 0 && v&mask == 0; mask >>= 1 {
			exp--
		}
		out[i] = ^(sign | byte(exp<<4) | byte(v>>(exp+3)&15))
	}
	return out
}

// capture makes a pcap file of an RTP stream: a moment of silence, a key by
// RFC 4733 and then a sound.
func capture(key byte, samples []int16) []byte {
	b := wire.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = wire.LittleEndian.AppendUint32(b, 65535)
	b = wire.LittleEndian.AppendUint32(b, 1) // Ethernet
	var seq uint16
	var ts uint32
	at := time.Duration(0)
	packet := func(kind byte, stamp uint32, payload []byte) {
		rtp := wire.BigEndian.AppendUint16([]byte{0x80, kind}, seq)
		rtp = wire.BigEndian.AppendUint32(rtp, stamp)
		rtp = append(wire.BigEndian.AppendUint32(rtp, 0x51a951a9), payload...)
		b = appendPacket(b, at, rtp)
		seq++
	}
	frame := func(payload []byte) {
		packet(0, ts, payload)
		ts, at = ts+160, at+20*time.Millisecond
	}
	quiet := bytes.Repeat([]byte{0xff}, 160)
	for range 50 {
		frame(quiet)
	}
	begin := ts
	for i := range 8 {
		end := byte(0)
		if i >= 5 {
			end = 0x80 // the last packet is sent three times, RFC 4733 §2.5.1.4
		}
		event := wire.BigEndian.AppendUint16([]byte{byte(strings.IndexByte("0123456789*#", key)), end | 10}, uint16(min(i+1, 6)*160))
		marker := byte(0)
		if i == 0 {
			marker = 0x80
		}
		packet(marker|101, begin, event)
		ts, at = ts+160, at+20*time.Millisecond
	}
	sound := mulaw(samples)
	for i := 0; i+160 <= len(sound); i += 160 {
		frame(sound[i : i+160])
	}
	return b
}

// appendPacket adds one UDP packet to a pcap file.
func appendPacket(b []byte, at time.Duration, payload []byte) []byte {
	udp := wire.BigEndian.AppendUint16([]byte{0x40, 0, 0x40, 2}, uint16(8+len(payload)))
	udp = append(append(udp, 0, 0), payload...)
	ip := wire.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(20+len(udp)))
	ip = append(ip, 0, 0, 0x40, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
	eth := append(make([]byte, 12), 8, 0)
	whole := slices.Concat(eth, ip, udp)
	b = wire.LittleEndian.AppendUint32(b, uint32(at/time.Second))
	b = wire.LittleEndian.AppendUint32(b, uint32(at%time.Second/time.Microsecond))
	b = wire.LittleEndian.AppendUint32(b, uint32(len(whole)))
	b = wire.LittleEndian.AppendUint32(b, uint32(len(whole)))
	return append(b, whole...)
}

// sippMenu makes a menu with all that its keys lead to.
func sippMenu(o *office) string {
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Box", "greeting_prompt": "no", "deliver_to": "email", "deliver_to_details": "box@example.com"})
	return o.app(map[string]any{"app_type": "ivr", "name": "SIPp", "play_welcome": "no", "play_menu": "yes", "menu": map[string]any{
		"digit_0": map[string]any{"action": "call", "to": "user", "id": o.user},
		"digit_1": map[string]any{"action": "call", "to": "phnum", "id": o.outside},
		"digit_2": map[string]any{"action": "connect", "to": "app", "id": box},
		"digit_3": map[string]any{"action": "disconnect"},
	}})
}

func TestSIPp(t *testing.T) {
	post := openPost(t, "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(post.addr)
	o := newOffice(t, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
	menu := sippMenu(o)
	patient := o.app(map[string]any{"app_type": "ivr", "name": "Patient", "play_welcome": "no", "play_menu": "yes"})
	o.assign(patient, "timeout", map[string]any{"action": "connect", "to": "app", "id": patient})
	for n, app := range map[string]string{"+46850000001": menu, "+46850000002": menu, "+46850000003": patient, "+46850000004": patient} {
		o.account.number(n, app)
	}
	t.Run("keys", func(t *testing.T) {
		t.Parallel()
		for _, way := range []string{"events over UDP", "INFO over TCP"} {
			t.Run(way, func(t *testing.T) { sippKeys(t, o, way) })
		}
		t.Run("the mailbox holds the tone that was played to it", func(t *testing.T) {
			_, got := post.delivered(t, 20*time.Second)
			length := float64(len(got)) / phone.Rate
			if heard := toneShare(got, 700) * length; heard < 5 { // of the 6 s that were played; the silence that ended it follows
				t.Errorf("only %.1f s of %.1f s of the message are the tone", heard, length)
			}
		})
	})
	t.Run("CANCEL while it rings", func(t *testing.T) {
		t.Parallel()
		far := newPhone(t, phone.Options{Bind: "127.0.0.2:0"}) // a machine of its own
		o.server.cli("number", "add", "+46850000005", "--account", o.id, "--sip", "desk@"+far.Addr().String())
		wait := sipp{scenario: "cancel", transport: "u1", number: "+46850000005", within: 30 * time.Second}.start(t, o.server)
		in := rings(t, far, 10*time.Second)
		if err := in.Ring(false); err != nil {
			t.Fatal(err)
		}
		wait()
		ends(t, in, 5*time.Second)
		v := o.ended(t, "+46850000005", 5*time.Second)
		v.must(t, "sip", "received CANCEL")
		v.must(t, "sip", "sent 487")
		if e, _ := in.Ending(); e.Method != "CANCEL" {
			t.Errorf("the far end was left by %s: %s", e.Method, e.Text)
		}
		if v.Call.Words == "" || !v.Call.Answered.IsZero() {
			t.Errorf("the record of a call that was given up: %+v", v.Call)
		}
	})
	t.Run("hold and resume", func(t *testing.T) {
		t.Parallel()
		sipp{scenario: "hold", transport: "t1", number: "+46850000002", within: 30 * time.Second}.start(t, o.server)()
		v := o.ended(t, "+46850000002", 5*time.Second)
		v.must(t, "hold", "put us on hold")
		v.must(t, "hold", "took us off hold")
	})
	t.Run("no ACK", func(t *testing.T) {
		t.Parallel()
		messages := sipp{scenario: "no-ack", transport: "u1", number: "+46850000003", within: time.Minute}.start(t, o.server)()
		if n := strings.Count(messages, "SIP/2.0 200 OK"); n < 8 { // 500 ms, then doubled up to every 4 s, for 32 s; and our own for BYE
			t.Errorf("200 OK was sent %d times only", n)
		}
		v := o.ended(t, "+46850000003", 5*time.Second)
		if v.Call.Words == "" || !strings.Contains(strings.ToLower(v.Call.Words), "ack") {
			t.Errorf("the end in words: %q\n%s", v.Call.Words, v)
		}
	})
	t.Run("session timer", func(t *testing.T) {
		t.Parallel()
		sipp{scenario: "timer", transport: "u1", number: "+46850000004", within: 90 * time.Second,
			args: []string{"-recv_timeout", "60000"}}.start(t, o.server)()
	})
	t.Run("a burst of calls", func(t *testing.T) { sippBurst(t, o.server, o.account, menu) })
}

// sippBurst places 200 calls at 50 a second; every one must succeed and leave a
// record with its end.
func sippBurst(t *testing.T, s *server, a *account, menu string) {
	const number = "+46850000009"
	a.number(number, menu)
	sipp{scenario: "short", transport: "u1", number: number, within: time.Minute,
		args: []string{"-m", "200", "-r", "50"}}.start(t, s)()
	var good int
	if !eventually(10*time.Second, func() bool {
		good = 0
		for _, c := range s.calls(t) {
			if c.To == number && !c.End.IsZero() && !c.Answered.IsZero() && c.Cause == "normal" && c.Words != "" {
				good++
			}
		}
		return good >= 200
	}) || good != 200 {
		t.Errorf("%d of 200 calls have a good record", good)
	}
}

// playsCaptures skips a test whose SIPp plays a capture where it may not.
func playsCaptures(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SIPp plays a capture through a raw socket, for which one has to be root")
	}
}

// sippKeys presses every key of the menu and sees where each leads.
func sippKeys(t *testing.T, o *office, way string) {
	r := sipp{scenario: "keys-events", transport: "u1", number: "+46850000001", within: 40 * time.Second}
	method := "rfc4733"
	if way != "events over UDP" {
		r.scenario, r.transport, method = "keys-info", "t1", "info"
	} else {
		playsCaptures(t)
	}
	press := func(key string) func() string {
		r.args = []string{"-key", "key", key}
		r.files = map[string][]byte{"media.pcap": capture(key[0], tone(700, 6*time.Second)), "tone.ulaw": mulaw(tone(700, 6*time.Second))}
		return r.start(t, o.server)
	}
	check := func(key, leadsTo string) shown {
		t.Helper()
		v := o.ended(t, r.number, 10*time.Second)
		if !slices.ContainsFunc(v.Events, func(e eventLine) bool {
			return e.Kind == "digit" && e.Data["digit"] == key && e.Data["method"] == method
		}) {
			t.Errorf("no digit %s by %s in the timeline:\n%s", key, method, v)
		}
		if !slices.ContainsFunc(v.Events, func(e eventLine) bool { return e.Origin.Pointer == leadsTo }) {
			t.Errorf("key %s did not lead to %s:\n%s", key, leadsTo, v)
		}
		return v
	}
	for key, far := range map[string]*phone.Phone{"0": o.desk, "1": o.carrier} {
		wait := press(key)
		in := rings(t, far, 10*time.Second)
		if err := in.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		hearsTone(t, in, 700)
		hangUp(in)
		wait()
		check(key, "/menu/digit_"+key).must(t, "bridge.started", "")
	}
	wait := press("2")
	wait() // the mailbox hangs up after the silence that follows the tone
	check("2", "/menu/digit_2").must(t, "step", "deliver.*done")
	wait = press("3")
	wait()
	check("3", "/menu/digit_3")
}

// toneShare gives the share of the tenths of a second that are a tone.
func toneShare(s []int16, hz float64) float64 {
	const step = phone.Rate / 10
	n, good := 0, 0
	for i := 0; i+step <= len(s); i += step {
		n++
		if audiomatch.Tone(s[i:i+step], hz) > 0.9 {
			good++
		}
	}
	return float64(good) / float64(max(n, 1))
}
