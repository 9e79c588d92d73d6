package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// sample runs one of the samples of the vendor's page and gives the session that it
// prints, if any.
func (b *blocks) sample(name string, session ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, pythonWithRequests(b.t), append([]string{"../samples/hoiio/blocks.py", name}, session...)...)
	cmd.Env = append(os.Environ(), "HOIIO_BASE=http://"+b.http+"/hoiio/open/", "HOIIO_APP="+b.app, "HOIIO_TOKEN="+b.token, "NOTIFY="+b.address+"/ivr")
	out, err := cmd.CombinedOutput()
	words := strings.Fields(string(out))
	if err != nil || len(words) != 4 || words[0] != "True" || words[1] != "success_ok" {
		b.t.Fatalf("sample %s: %v\n%s\n%s", name, err, out, b.log)
	}
	return words[2]
}

// answer answers the next call to the outside.
func (b *blocks) answer(t *testing.T) *phone.Call {
	t.Helper()
	c := rings(t, b.carrier, 15*time.Second)
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// heardMore waits until a call hears more sound than it has heard.
func heardMore(t *testing.T, c *phone.Call) {
	t.Helper()
	from := len(c.Heard())
	if !eventually(15*time.Second, func() bool { h := c.Heard(); return len(h) > from && !quiet(h[from:]) }) {
		t.Fatalf("nothing is heard\n%s", timeline(c))
	}
}

// TestHoiioSamples runs every sample of the vendor's page on IVR against real calls,
// which are answered, heard and keyed by a telephone.
func TestHoiioSamples(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	b.cli("number", "add", "+6500000000", "--account", b.id)

	b.sample("dial") // without a notify_url: nothing to say, and nobody to ask
	c := rings(t, b.carrier, 15*time.Second)
	go c.Answer(t.Context()) // whose call may be over before the answer has returned
	ends(t, c, 15*time.Second)

	session := b.sample("dial-message")
	c = b.answer(t)
	heardMore(t, c)
	b.next("ivr_block", "dial", "dial_status", "answered", "session", session, "tag", "myapp")

	b.sample("play", session)
	heardMore(t, c)
	b.next("ivr_block", "play", "call_state", "ongoing", "tag", "myapp")

	b.sample("gather", session)
	heardMore(t, c)
	press(t, c, "1")
	b.next("ivr_block", "gather", "digits", "1", "tag", "myapp")

	b.sample("monitor", session)
	heardMore(t, c)
	b.next("ivr_block", "monitor", "call_state", "ongoing", "tag", "myapp")

	b.sample("record", session)
	heardMore(t, c)
	silent(t, c, 5) // through the message and the beep
	if err := c.Play(t.Context(), tone(700, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	press(t, c, "#")
	if v := b.next("ivr_block", "record", "tag", "myapp"); v.Get("record_url") == "" {
		t.Errorf("told %v", v)
	}

	b.sample("transfer-continue", session)
	heardMore(t, c)
	if err := rings(t, b.carrier, 15*time.Second).Reject(486); err != nil {
		t.Fatal(err)
	}
	b.next("ivr_block", "transfer", "call_state", "ongoing", "transfer_status", "busy", "tag", "myapp")

	b.sample("transfer", session)
	far := b.answer(t)
	talks(t, c, far)
	hangUp(far)
	b.next("ivr_block", "transfer", "call_state", "ended", "transfer_status", "answered", "session", session)
	if v := b.next("ivr_block", "monitor", "call_state", "ended"); v.Get("monitor_url") == "" {
		t.Errorf("told %v", v)
	}
	ends(t, c, 10*time.Second)

	session = b.sample("dial-message")
	c = b.answer(t)
	b.next("ivr_block", "dial", "dial_status", "answered", "session", session)
	b.sample("hangup", session)
	heardMore(t, c)
	b.next("ivr_block", "hangup", "call_state", "ended", "session", session, "tag", "myapp")
	ends(t, c, 10*time.Second)
	said := ""
	for _, l := range b.calls(t) {
		said += b.show(t, l.ID).String()
	}
	for _, words := range []string{"automated message from Hoiio", "Press 1 for yes", "phone conversation is recorded", "recording your voice message", "transferring this call", "hanging up now. Bye"} {
		if !strings.Contains(said, words) {
			t.Errorf("nobody was told %q", words)
		}
	}
}
