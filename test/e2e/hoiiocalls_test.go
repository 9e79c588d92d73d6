package e2e_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media/gsm"
	"tandem/internal/phone"
)

// of waits for the next notification of one session, whose name is the value of
// session or txn_ref; others' are kept for whoever asks for them.
func (b *blocks) of(id string, want ...string) url.Values {
	b.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		for i, v := range b.kept {
			if v.Get("session") != id && v.Get("txn_ref") != id {
				continue
			}
			b.kept = append(b.kept[:i], b.kept[i+1:]...)
			for i := 0; i+1 < len(want); i += 2 {
				if v.Get(want[i]) != want[i+1] {
					b.t.Fatalf("%s: told %s=%q, want %q: %v\n%s", id, want[i], v.Get(want[i]), want[i+1], v, b.log)
				}
			}
			return v
		}
		select {
		case v := <-b.told:
			b.kept = append(b.kept, v)
		case <-deadline:
			b.t.Fatalf("%s: not told of %v; of others: %v\n%s", id, want, b.kept, b.log)
		}
	}
}

// reached calls the number and has the session answered by an empty play.
func (b *blocks) reached(t *testing.T) (*phone.Call, string) {
	t.Helper()
	c, s := b.caller(t)
	t.Cleanup(func() { hangUp(c) })
	b.ok("ivr/middle/play", "session", s, "notify_url", b.at("play"))
	select {
	case <-c.Answered():
	case <-time.After(15 * time.Second):
		t.Fatalf("not answered\n%s", b.log)
	}
	b.of(s, "ivr_block", "play", "call_state", "ongoing")
	return c, s
}

// dialled begins a session with the outside, which answers.
func (b *blocks) dialled(t *testing.T, pairs ...string) (*phone.Call, string) {
	t.Helper()
	s := text(t, b.ok("ivr/start/dial", append(pairs, "dest", b.outside, "notify_url", b.at("dial"))...), "session")
	c := b.answer(t)
	b.of(s, "ivr_block", "dial", "call_state", "ongoing", "dial_status", "answered")
	return c, s
}

// sounds serves a tone at an address that ends in /tone.wav, and speech.gsm.
func sounds(t *testing.T, hz float64) string {
	t.Helper()
	var file bytes.Buffer
	if err := phone.WriteWAV(&file, tone(hz, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/speech.gsm" {
			w.Write(speech(t))
			return
		}
		w.Write(file.Bytes())
	}))
	t.Cleanup(web.Close)
	return web.URL + "/tone.wav"
}

// speech is a sound in GSM.
func speech(t *testing.T) []byte {
	data, err := os.ReadFile("../../internal/media/gsm/testdata/speech.gsm")
	if err != nil {
		t.Error(err)
	}
	return data
}

// hush waits until a call hears nothing for a second.
func hush(t *testing.T, c *phone.Call) {
	t.Helper()
	if !eventually(10*time.Second, func() bool {
		h := c.Heard()
		return len(h) > phone.Rate && quiet(h[len(h)-phone.Rate:])
	}) {
		t.Fatalf("there is still something to be heard\n%s", timeline(c))
	}
}

// A session on hold hears music, or its message again and again, and is talked with
// after it.
func TestHoiioHold(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	c, s := b.reached(t)
	b.refused("error_session_not_on_hold", "ivr/middle/unhold", "session", s)
	hush(t, c)
	b.ok("ivr/middle/hold", "session", s)
	heardMore(t, c)
	b.refused("error_session_not_ready", "ivr/middle/play", "session", s)
	heardMore(t, c) // it goes on
	b.ok("ivr/middle/unhold", "session", s, "tag", "back", "notify_url", b.at("unhold"))
	b.of(s, "ivr_block", "unhold", "call_state", "ongoing", "tag", "back", "app_state", "unhold")
	hush(t, c)

	web := sounds(t, 1400)
	said, err := gsm.Decode(speech(t))
	if err != nil {
		t.Fatal(err)
	}
	from := time.Duration(len(c.Heard())) * time.Second / phone.Rate
	b.ok("ivr/middle/play", "session", s, "msg", "<url>"+strings.Replace(web, "tone.wav", "speech.gsm", 1)+"</url>", "notify_url", b.at("play"))
	share := 0.0
	if !eventually(20*time.Second, func() bool {
		_, share = heardShare(c.Heard(), said, from)
		return share > 0.6 // its soft ends are made even for the telephone
	}) {
		t.Errorf("%.0f %% of the speech is heard", 100*share)
	}
	b.of(s, "ivr_block", "play", "call_state", "ongoing")
	b.ok("ivr/middle/hold", "session", s, "msg", "<url>"+web+"</url>")
	hearsTone(t, c, 1400)
	waitFor(t, 3*time.Second) // longer than the sound
	hearsTone(t, c, 1400)
	b.ok("ivr/middle/unhold", "session", s, "notify_url", b.at("unhold"))
	b.of(s, "ivr_block", "unhold", "call_state", "ongoing")
	hush(t, c)

	b.ok("ivr/end/transfer", "session", s, "dest", b.outside, "notify_url", b.at("transfer"))
	far := b.answer(t)
	talks(t, c, far)
	hangUp(far)
	ends(t, c, 10*time.Second)
	b.of(s, "ivr_block", "transfer", "call_state", "ended", "transfer_status", "answered")

	// Without an address to tell, the end of hold is the end.
	c, s = b.reached(t)
	b.ok("ivr/middle/hold", "session", s)
	heardMore(t, c)
	b.ok("ivr/middle/unhold", "session", s)
	ends(t, c, 10*time.Second)
}

// Sessions that are transferred to a room hear each other, and who is called into it.
func TestHoiioRooms(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	one, first := b.reached(t)
	two, second := b.reached(t)
	room := text(t, b.ok("ivr/end/transfer", "session", first, "dest", "room:", "tag", "a", "notify_url", b.at("transfer")), "room")
	if v := b.ok("ivr/end/transfer", "session", second, "dest", "room:"+room, "notify_url", b.at("transfer")); v["room"] != room {
		t.Errorf("joined %v, want room %s", v, room)
	}
	talks(t, one, two)
	b.refused("error_session_ended", "ivr/middle/play", "session", first)
	hangUp(one)
	b.of(first, "ivr_block", "transfer", "call_state", "ended", "transfer_status", "answered", "room", room, "tag", "a")

	v := b.ok("conference/call", "dest", b.outside, "room", room, "tag", "member", "notify_url", b.at("member"))
	refs, _ := v["txn_refs"].([]any)
	if len(refs) != 1 || v["room"] != room {
		t.Fatalf("conference/call: %v", v)
	}
	ref := refs[0].(string)
	three := b.answer(t)
	talks(t, two, three)
	if v := b.ok("voice/query_status", "txn_ref", ref); v["call_status_dest1"] != "answered" || v["tag"] != "member" || v["duration"] != nil || v["debit"] != nil {
		t.Errorf("a member's call: %v", v)
	}
	b.ok("voice/hangup", "txn_ref", ref)
	ends(t, three, 10*time.Second)
	b.of(ref, "call_status_dest1", "answered", "dest1", b.outside, "tag", "member", "duration", "1", "debit", "0.000", "app_state", "member")
	hangUp(two)
	b.of(second, "ivr_block", "transfer", "call_state", "ended", "transfer_status", "answered")
	b.audited(b.id, `  hoiio +127\.0\.0\.1 +transferred call`, `  hoiio +127\.0\.0\.1 +hung up call`)
}

// A conference of the application's: each party is rung and hears the other.
func TestHoiioConference(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	v := b.ok("voice/conference", "dest", b.outside+",101", "notify_url", b.at("member"))
	list := strings.Split(text(t, v, "txn_refs"), ",")
	if len(list) != 2 || text(t, v, "room") == "" {
		t.Fatalf("voice/conference: %v", v)
	}
	far := b.answer(t)
	desk := rings(t, b.desk, 15*time.Second)
	if err := desk.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, far, desk)
	hangUp(far)
	hangUp(desk)
	for _, ref := range list {
		b.of(ref, "call_status_dest1", "answered")
	}
}

// Two numbers are connected, read, ended by the application and by their longest
// time, and listed.
func TestHoiioVoiceCall(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	connect := func(pairs ...string) (a, far *phone.Call, ref string) {
		ref = text(t, b.ok("voice/call", append(pairs, "dest1", "101", "dest2", b.outside, "tag", "pair", "notify_url", b.at("voice"))...), "txn_ref")
		a = rings(t, b.desk, 15*time.Second)
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a, b.answer(t), ref
	}
	over := func(ref string) {
		t.Helper()
		v := b.of(ref, "call_status_dest1", "answered", "call_status_dest2", "answered", "dest1", "101", "dest2", b.outside, "tag", "pair",
			"rate", "0.000", "debit", "0.000", "app_state", "voice")
		if _, err := time.Parse("2006-01-02 15:04:05", v.Get("date")); err != nil || v.Get("duration") != "1" || v.Get("currency") == "" {
			t.Errorf("told %v", v)
		}
		// The record is stored beside what is told of it.
		if !eventually(10*time.Second, func() bool { return b.ask("voice/query_status", "txn_ref", ref)["duration"] != nil }) {
			t.Error("the call has no duration")
		}
		s := b.ok("voice/query_status", "txn_ref", ref)
		if s["duration"] != "1" || s["debit"] != "0.000" || s["call_status_dest1"] != "answered" || s["call_status_dest2"] != "answered" || s["tag"] != "pair" {
			t.Errorf("afterwards: %v", s)
		}
	}

	a, far, ref := connect()
	talks(t, a, far)
	v := b.ok("voice/query_status", "txn_ref", ref)
	if v["call_status_dest1"] != "answered" || v["call_status_dest2"] != "ongoing" || v["duration"] != nil || v["debit"] != nil {
		t.Errorf("while they talk: %v", v)
	}
	b.ok("voice/hangup", "txn_ref", ref)
	ends(t, a, 10*time.Second)
	ends(t, far, 10*time.Second)
	over(ref)
	b.ok("voice/hangup", "txn_ref", ref) // it is over already

	began := time.Now()
	a, far, limited := connect("max_duration", "6")
	talks(t, a, far)
	ends(t, a, 30*time.Second)
	ends(t, far, 10*time.Second)
	if took := time.Since(began); took < 5*time.Second {
		t.Errorf("it ended after %s", took)
	}
	over(limited)

	busy := text(t, b.ok("voice/call", "dest1", "101", "dest2", b.outside, "notify_url", b.at("voice")), "txn_ref")
	if err := rings(t, b.desk, 15*time.Second).Reject(486); err != nil {
		t.Fatal(err)
	}
	b.of(busy, "call_status_dest1", "busy", "duration", "0")

	history := b.ok("voice/get_history")
	list, _ := history["entries"].([]any)
	if history["total_entries_count"] != "3" || history["entries_count"] != "3" || len(list) != 3 {
		t.Fatalf("history: %v", history)
	}
	for i, want := range []string{busy, limited, ref} { // the newest first
		if e := list[i].(map[string]any); e["txn_ref"] != want {
			t.Errorf("entry %d is %v, want %s", i, e, want)
		}
	}
	b.refused("error_invalid_txn_ref", "voice/hangup", "txn_ref", "AA-C-none")
}

// How sessions end: at their longest time, by force, and where no block comes.
func TestHoiioEnds(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	noBlock := time.Now()
	ringing, unanswered := b.caller(t)
	idle, quietly := b.dialled(t)

	c, s := b.dialled(t, "max_duration", "5")
	b.ok("ivr/middle/hold", "session", s)
	heardMore(t, c)
	ends(t, c, 30*time.Second)
	b.of(s, "call_state", "ended", "duration", "1")

	// A message is heard before the end, and not when it is forced.
	url := sounds(t, 1400)
	c, s = b.dialled(t)
	b.ok("ivr/end/hangup", "session", s, "msg", "<url>"+url+"</url>", "notify_url", b.at("bye"))
	hearsTone(t, c, 1400)
	ends(t, c, 15*time.Second)
	b.of(s, "ivr_block", "hangup", "call_state", "ended")
	c, s = b.dialled(t)
	b.ok("ivr/end/hangup", "session", s, "msg", "<url>"+url+"</url>", "force", "enabled", "notify_url", b.at("bye"))
	ends(t, c, 15*time.Second)
	b.of(s, "ivr_block", "hangup", "call_state", "ended")
	if h := c.Heard(); len(h) > phone.Rate/5 && audiomatch.Tone(h[len(h)-phone.Rate/5:], 1400) > 0.3 {
		t.Error("the message of a forced end is heard")
	}

	// Nobody gave these a block.
	ends(t, ringing, 90*time.Second)
	took := time.Since(noBlock)
	if took < 55*time.Second || !strings.Contains(ringing.EndReason(), "480") {
		t.Errorf("a call that nobody took: %q after %s", ringing.EndReason(), took)
	}
	b.of(unanswered, "ivr_block", "answer", "call_state", "ended", "duration", "0")
	ends(t, idle, 90*time.Second)
	if took := time.Since(noBlock); took < 55*time.Second {
		t.Errorf("an idle session ended after %s", took)
	}
	b.of(quietly, "ivr_block", "dial", "call_state", "ended")
}

// A monitor goes on across a transfer; its MP3 has both parties.
func TestHoiioMonitor(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("lame"); err != nil {
		t.Fatal("lame is not installed (apt-get install lame)")
	}
	b := newBlocks(t)
	c, s := b.reached(t)
	b.ok("ivr/middle/monitor", "session", s, "msg", "<url>"+sounds(t, 1400)+"</url>", "tag", "tape", "notify_url", b.at("monitor"), "monitor_notify_url", b.at("tape"))
	hearsTone(t, c, 1400)
	b.of(s, "ivr_block", "monitor", "call_state", "ongoing", "tag", "tape", "app_state", "monitor")
	b.refused("error_monitor_in_progress", "ivr/middle/monitor", "session", s, "notify_url", b.at("monitor"))
	b.ok("ivr/end/transfer", "session", s, "dest", b.outside, "notify_url", b.at("transfer"))
	far := b.answer(t)
	talks(t, c, far) // 700 Hz one way, 1100 Hz the other, and as long as is judged
	go c.Play(t.Context(), tone(700, 2*time.Second))
	if err := far.Play(t.Context(), tone(1100, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	hangUp(c)
	ends(t, far, 10*time.Second)
	b.of(s, "ivr_block", "transfer", "call_state", "ended", "transfer_status", "answered")
	link := b.of(s, "ivr_block", "monitor", "call_state", "ended", "tag", "tape", "app_state", "tape").Get("monitor_url")

	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.mp3"), filepath.Join(dir, "out.wav")
	if err := os.WriteFile(in, download(t, link, "audio/mpeg"), 0o600); err != nil {
		t.Fatal(err)
	}
	if words, err := exec.Command("lame", "--quiet", "--decode", in, out).CombinedOutput(); err != nil {
		t.Fatalf("lame: %v %s", err, words)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	left, right := channels(t, file)
	for _, v := range []struct {
		name    string
		sound   []int16
		has, no []float64
	}{
		{"caller's", left, []float64{700}, []float64{1100, 1400}},
		{"far", right, []float64{1100, 1400}, []float64{700}},
	} {
		for _, hz := range v.has {
			if got := holdsTone(v.sound, hz); got < 500*time.Millisecond {
				t.Errorf("the %s channel holds %v Hz for %v", v.name, hz, got)
			}
		}
		for _, hz := range v.no {
			if got := holdsTone(v.sound, hz); got > 200*time.Millisecond {
				t.Errorf("the %s channel holds the other's %v Hz for %v", v.name, hz, got)
			}
		}
	}
}

// download gets what is at a link, which may be there a little later.
func download(t *testing.T, link, kind string) (body []byte) {
	t.Helper()
	var words string
	if !eventually(20*time.Second, func() bool {
		res, err := http.Get(link)
		if err != nil {
			words = err.Error()
			return false
		}
		defer res.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		words, body = res.Status+" "+res.Header.Get("Content-Type")+" of "+strconv.Itoa(b.Len())+" bytes", b.Bytes()
		return err == nil && res.StatusCode == http.StatusOK && res.Header.Get("Content-Type") == kind
	}) {
		t.Fatalf("GET %s: %s", link, words)
	}
	return body
}
