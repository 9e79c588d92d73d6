package engine_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/media"
	"tandem/internal/media/dtmf"
	"tandem/internal/pcap/pcaptest"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// newCapturing is newRig for calls that are captured.
func newCapturing(t *testing.T, most int64, flow func(context.Context, *engine.Call) error) *rig {
	t.Helper()
	r := newRig(t, flow, func(c *engine.Config) {
		c.Captures, c.CaptureBytes = c.Recordings.(voice.CaptureStore), most // one store
	})
	t.Cleanup(r.engine.CloseCaptures)
	return r
}

// capture waits until the only capture is over, and gives it with its file.
func (r *rig) capture() (voice.Capture, []byte) {
	r.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 300 {
		list, err := r.store.Captures(r.t.Context(), voice.CaptureFilter{Tenant: tenant, Over: true})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(list) == 0 {
			<-tick.C
			continue
		}
		f, err := r.blobs.Open(r.t.Context(), list[0].Blob)
		if err != nil {
			r.t.Fatal(err)
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if err != nil {
			r.t.Fatal(err)
		}
		if int64(len(b)) != list[0].Size || list[0].SHA256 == "" {
			r.t.Errorf("the file has %d bytes: %+v", len(b), list[0])
		}
		return list[0], b
	}
	r.t.Fatalf("no capture is over\n%s", r.timeline())
	return voice.Capture{}, nil
}

// TestCaptureOfBothLegs has a call with two legs captured from its first message to
// the answer to its last.
func TestCaptureOfBothLegs(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{Codecs: []phone.Codec{phone.PCMA}})
	r := newCapturing(t, 0, func(ctx context.Context, c *engine.Call) error {
		if _, err := c.StartCapture(ctx); err != nil {
			return err
		}
		if _, err := c.StartCapture(ctx); !voice.IsKind(err, voice.Conflict) {
			t.Errorf("a second capture: %v", err)
		}
		_, err := c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToSIP, ID: "far@" + far.Addr().String()}}})
		return err
	})
	near := r.call(phone.Options{Codecs: []phone.Codec{phone.PCMU}})
	b := incoming(t, far)
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-near.Answered()
	if err := near.Play(t.Context(), sine(700, time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := near.Press(t.Context(), "5", phone.PressOptions{Method: phone.KeyEvent}); err != nil {
		t.Fatal(err)
	}
	near.Hangup(t.Context())
	r.over()
	row, file := r.capture()
	if row.State != voice.CaptureFinished || row.Lost != 0 || row.Words != "the call is over" || row.Tenant != tenant {
		t.Errorf("%+v", row)
	}
	r.noted(voice.EventCaptureStarted, "captured")
	r.noted(voice.EventCaptureEnded, fmt.Sprintf("the capture ended with %d packets: the call is over", row.Packets))

	var sip []string
	for _, p := range pcaptest.Dissect(t, file, "sip", "frame.packet_flags_direction", "sip.Method", "sip.Status-Code", "sip.CSeq.method", "sip.Call-ID", "udp.srcport", "udp.dstport") {
		leg, ours, theirs := "a", p[6], p[5]
		if p[0] == "0x00000002" {
			ours, theirs = p[5], p[6]
		}
		if theirs == fmt.Sprint(far.Addr().Port()) {
			leg = "b"
		}
		if ours != fmt.Sprint(r.agent.Addr().Port()) {
			t.Errorf("a SIP message has our port %s: %v", ours, p)
		}
		sip = append(sip, leg+p[1]+p[2]+" "+p[3]+map[string]string{"0x00000001": " in", "0x00000002": " out"}[p[0]])
	}
	all := strings.Join(sip, "\n") + "\n"
	for _, want := range []string{"aINVITE INVITE in\na100 INVITE out\n", "bINVITE INVITE out\n", "b200 INVITE in\n", "bACK ACK out\n", "a200 INVITE out\n", "aACK ACK in\n", "aBYE BYE in\n", "a200 BYE out\n", "bBYE BYE out\n", "b200 BYE in\n"} {
		if !strings.Contains(all, want) {
			t.Errorf("the capture lacks %q:\n%s", want, all)
		}
	}
	streams := map[string]int{}
	for _, p := range pcaptest.Dissect(t, file, "rtp", "rtp.p_type", "frame.packet_flags_direction", "udp.srcport", "udp.dstport") {
		streams[p[0]+map[string]string{"0x00000001": " in", "0x00000002": " out"}[p[1]]]++
	}
	if streams["0 in"] < 45 || streams["0 out"] < 20 || streams["8 in"]+streams["8 out"] < 45 || streams["8 out"] < 45 || streams["101 in"] < 3 || streams["101 out"] < 3 {
		t.Errorf("packets of RTP by payload type: %v", streams)
	}
	if n := len(pcaptest.Dissect(t, file, "", "frame.number")); int64(n) != row.Packets {
		t.Errorf("the file has %d packets, the row says %d", n, row.Packets)
	}
}

// TestCaptureLeavesSecretsOut has keys of a secret gather leave no trace, whichever way
// they come, and what is keyed before and after be seen.
func TestCaptureLeavesSecretsOut(t *testing.T) {
	t.Parallel()
	for _, m := range []phone.KeyMethod{phone.KeyEvent, phone.KeyInfo, phone.KeyInBand} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			ask := func(ctx context.Context, c *engine.Call, secret bool, n int) error {
				c.Conceal(secret)
				_, err := c.Gather(ctx, voice.GatherSpec{MaxDigits: n, FirstDigit: time.Minute, InterDigit: time.Minute})
				return err
			}
			asked := make(chan struct{}, 3)
			r := newCapturing(t, 0, func(ctx context.Context, c *engine.Call) error {
				if _, err := c.StartCapture(ctx); err != nil {
					return err
				}
				if err := c.Answer(ctx); err != nil {
					return err
				}
				for i, secret := range []bool{false, true, false} {
					asked <- struct{}{}
					if err := ask(ctx, c, secret, []int{1, 4, 1}[i]); err != nil {
						return err
					}
				}
				return nil
			})
			o := phone.Options{}
			if m == phone.KeyInBand {
				o.NoTelephoneEvent = true
			}
			c := r.answered(o)
			press := func(keys string) {
				t.Helper()
				<-asked
				if err := c.Press(t.Context(), keys, phone.PressOptions{Method: m}); err != nil {
					t.Fatal(err)
				}
			}
			press("1")
			press("7539")
			rest := time.NewTimer(1500 * time.Millisecond)
			<-rest.C
			<-asked
			c.Press(t.Context(), "2", phone.PressOptions{Method: m}) // the call may be over before the key is
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			_, file := r.capture()
			seen := map[string]bool{}
			cut := 0
			for _, p := range pcaptest.Dissect(t, file, "", "frame.cap_len", "frame.len", "rtpevent.event_id", "sip.Method", "sip.msg_body", "rtp.p_type") {
				if p[2] != "" {
					seen[p[2]] = true
				}
				if p[0] != p[1] {
					cut++
				}
			}
			if m == phone.KeyInfo {
				if !bytes.Contains(file, []byte("Signal=1")) || bytes.Contains(file, []byte("Signal=7")) || bytes.Contains(file, []byte("Signal=9")) || bytes.Contains(file, []byte("Signal=2")) {
					t.Error("bodies of INFO: that before the secret question is hidden, or one since is not")
				}
				if n := len(pcaptest.Dissect(t, file, `frame.comment contains "body is hidden"`, "frame.number")); n < 4 {
					t.Errorf("%d bodies are said to be hidden", n)
				}
			}
			if m == phone.KeyEvent && (!seen["1"] || !seen["2"] || len(seen) != 2) {
				t.Errorf("keys in the capture: %v", seen)
			}
			if m == phone.KeyInBand {
				if keys := heardKeys(t, file); keys != "12" {
					t.Errorf("keys in the sound of the capture: %q", keys)
				}
			}
			if cut < 20 {
				t.Errorf("%d packets are cut", cut)
			}
		})
	}
}

// heardKeys gives the keys in the sound that the caller sent.
func heardKeys(t *testing.T, file []byte) (keys string) {
	t.Helper()
	d := dtmf.NewDetector()
	for _, p := range pcaptest.Dissect(t, file, "rtp.p_type == 0 && frame.packet_flags_direction == 1 && frame.cap_len == frame.len", "rtp.payload") {
		octets, err := hex.DecodeString(strings.ReplaceAll(p[0], ":", ""))
		if err != nil {
			t.Fatal(err)
		}
		pcm := make([]int16, len(octets))
		media.PCMU.Decode(pcm, octets)
		if key := d.Samples(pcm); key != 0 {
			keys += string(key)
		}
	}
	return keys
}

// TestCaptureEndsAtItsBound has a capture stop when its file is as large as it may be.
func TestCaptureEndsAtItsBound(t *testing.T) {
	t.Parallel()
	r := newCapturing(t, 30_000, func(ctx context.Context, c *engine.Call) error {
		if _, err := c.StartCapture(ctx); err != nil {
			return err
		}
		_, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("ab", 3*time.Second)}})
		return err
	})
	r.answered(phone.Options{})
	row, file := r.capture()
	if row.State != voice.CaptureFinished || row.Size > 31_000 || !strings.Contains(row.Words, "the most of 0 MB for one call is reached") {
		t.Errorf("%+v", row)
	}
	r.noted(voice.EventCaptureEnded, row.Words)
	if len(pcaptest.Dissect(t, file, "sip.Method == INVITE", "frame.number")) == 0 {
		t.Error("the beginning of the call is not in the file")
	}
	r.over()
}

// TestCaptureByOrder begins and stops captures of a call that is up.
func TestCaptureByOrder(t *testing.T) {
	t.Parallel()
	live, end := make(chan *engine.Call, 1), make(chan struct{})
	r := newCapturing(t, 0, func(ctx context.Context, c *engine.Call) error {
		err := c.Answer(ctx)
		live <- c
		<-end
		return err
	})
	phone := r.answered(phone.Options{})
	c := <-live
	if err := c.StopCapture(t.Context()); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("stopping nothing: %v", err)
	}
	id, err := c.StartCapture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := phone.Play(t.Context(), sine(700, 500*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := c.StopCapture(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, file := r.capture()
	if row.ID != id || row.Words != "it was stopped by order" || len(pcaptest.Dissect(t, file, "udp", "frame.number")) < 20 {
		t.Errorf("%+v", row)
	}
	if _, err := c.StartCapture(t.Context()); err != nil {
		t.Errorf("a second capture: %v", err)
	}
	close(end)
	r.over()
	if _, err := c.StartCapture(t.Context()); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("a capture of a call that is over: %v", err)
	}
	r.engine.CloseCaptures()
	list, err := r.store.Captures(t.Context(), voice.CaptureFilter{Tenant: tenant, Over: true})
	if err != nil || len(list) != 2 || list[1].Words != "the server is stopping" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCapturesHideProofs(t *testing.T) {
	message := "INVITE sip:1@h SIP/2.0\r\n" +
		"Authorization: Digest username=\"u\", realm=\"r\", response=\"0123456789abcdef\", cnonce=\"c\"\r\n" +
		"proxy-authorization : Digest username=\"u\",\r\n response=abc, qop=auth\r\n" +
		"Authorization: Basic dTpw\r\n" +
		"Content-Length: 9\r\n\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\na=crypto:2 F_8 inline:abc"
	want := "INVITE sip:1@h SIP/2.0\r\n" +
		"Authorization: Digest username=\"u\", realm=\"r\", response=\"xxxxxxxxxxxxxxxx\", cnonce=\"c\"\r\n" +
		"proxy-authorization : Digest username=\"u\",\r\n response=xxx, qop=auth\r\n" +
		"Authorization:xxxxxxxxxxx\r\n" +
		"Content-Length: 9\r\n\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|2^20\r\na=crypto:2 F_8 inline:xxx"
	before := message
	if got := string(engine.Discreet([]byte(message), false)); got != want {
		t.Errorf("%s", got)
	}
	if message != before {
		t.Error("the message itself was changed")
	}
	if got := string(engine.Discreet([]byte("INFO sip:1@h SIP/2.0\r\nCall-ID: 1\r\n\r\nSignal=5\r\n"), true)); got != "INFO sip:1@h SIP/2.0\r\nCall-ID: 1\r\n\r\nxxxxxxxxxx" {
		t.Errorf("%q", got)
	}
	for _, odd := range []string{"", "\r\n\r\n", "x", "Authorization:", "Authorization: Digest response=", "\r\n\r\ninline:"} {
		if got := engine.Discreet([]byte(odd), true); len(got) != len(odd) {
			t.Errorf("%q became %q", odd, got)
		}
		engine.Discreet([]byte(odd), false)
	}
}
