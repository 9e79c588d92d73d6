package e2e_test

import (
	wire "encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// channels parts a recording of two channels, whose header has 44 bytes.
func channels(t *testing.T, file []byte) (left, right []int16) {
	t.Helper()
	if len(file) < 44 || wire.LittleEndian.Uint16(file[22:]) != 2 {
		t.Fatalf("the recording of %d bytes has not two channels", len(file))
	}
	for at := 44; at+4 <= len(file); at += 4 {
		left = append(left, int16(wire.LittleEndian.Uint16(file[at:])))
		right = append(right, int16(wire.LittleEndian.Uint16(file[at+2:])))
	}
	return left, right
}

// holdsTone says for how long a sound holds a tone.
func holdsTone(s []int16, hz float64) (sum time.Duration) {
	const step = phone.Rate / 10
	for i := 0; i+step <= len(s); i += step {
		if audiomatch.Tone(s[i:i+step], hz) > 0.3 {
			sum += 100 * time.Millisecond
		}
	}
	return sum
}

// TestBesideACall has two telephones talk, sounds over the talk, mixed with it and
// covering it, presses keys for one, and records it all on two channels with a pause.
func TestBesideACall(t *testing.T) {
	t.Parallel()
	k := apiAccount(t, start(t))
	k.uploadSound(t, "Tone", tone(1400, 2*time.Second))
	far := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	k.nativeApp("Talk", "+46855501301", "talk", fmt.Sprintf(`"talk": {"dial": {"sip": "far@%s"}}`, far.Addr()))
	caller := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	a, err := caller.Invite("sip:+46855501301@"+k.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(a) })
	b := rings(t, far, 10*time.Second)
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-a.Answered()
	id := text(t, k.items("/calls/live")[0], "id")
	recording := text(t, k.do(201, "POST", "/calls/"+id+"/recording", nil), "recording")
	k.do(409, "POST", "/calls/"+id+"/recording", nil)
	go a.Play(t.Context(), tone(500, time.Minute))
	answer := tone(900, time.Minute)
	for i := range answer {
		answer[i] /= 2 // as loud as an uploaded sound becomes
	}
	go b.Play(t.Context(), answer)
	hearsOnly(t, a, 900)
	hearsOnly(t, b, 500)

	over := func(mix bool) {
		t.Helper()
		if status, answer := k.order(id, "", fmt.Sprintf(`{"mode": "over", "mix": %v, "loop": true, "steps": {"p": {"play": [{"sound": "Tone"}]}}}`, mix)); status != 202 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	over(true)
	hearsOnly(t, a, 900, 1400)
	over(false)
	hearsOnly(t, a, 1400)
	hearsOnly(t, b, 500)
	k.do(204, "DELETE", "/calls/"+id+"/over", nil)
	k.do(404, "DELETE", "/calls/"+id+"/over", nil)
	hearsOnly(t, a, 900)

	k.do(204, "POST", "/calls/"+id+"/keys", map[string]any{"keys": "5"})
	if !eventually(5*time.Second, func() bool { return strings.Contains(a.KeysHeard(), "5") }) {
		t.Errorf("the caller is sent the keys %q", a.KeysHeard())
	}
	k.do(204, "PUT", "/calls/"+id+"/recording", map[string]any{"state": "paused"})
	k.do(409, "PUT", "/calls/"+id+"/recording", map[string]any{"state": "paused"})
	waitFor(t, 2*time.Second)
	k.do(204, "PUT", "/calls/"+id+"/recording", map[string]any{"state": "recording"})
	waitFor(t, time.Second)
	hangUp(a)
	ends(t, b, 10*time.Second)
	if !eventually(10*time.Second, func() bool { return k.do(200, "GET", "/recordings/"+recording, nil)["state"] == "finished" }) {
		t.Fatalf("the recording: %v", k.do(200, "GET", "/recordings/"+recording, nil))
	}
	left, right := channels(t, k.send(200, "GET", "/recordings/"+recording+"/audio", "", nil))
	whole := time.Duration(len(left)) * time.Second / phone.Rate
	for _, v := range []struct {
		name        string
		s           []int16
		hz          float64
		least, most time.Duration
	}{
		{"left", left, 500, 3 * time.Second, whole - 1900*time.Millisecond},
		{"left", left, 900, 0, 0}, {"left", left, 1400, 0, 0},
		{"right", right, 900, 2 * time.Second, whole - 1900*time.Millisecond},
		{"right", right, 1400, time.Second, whole - 1900*time.Millisecond},
		{"right", right, 500, 0, 0},
	} {
		if got := holdsTone(v.s, v.hz); got < v.least || got > v.most {
			t.Errorf("the %s channel of %v holds %v Hz for %v, want %v to %v", v.name, whole, v.hz, got, v.least, v.most)
		}
	}
}

// TestHoldACall has two telephones talk, and each put on hold over the API: it
// hears the music alone and is not heard until it is taken off hold.
func TestHoldACall(t *testing.T) {
	t.Parallel()
	k := apiAccount(t, start(t))
	k.uploadSound(t, "Tone", tone(1400, 2*time.Second))
	far := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	k.nativeApp("Talk", "+46855501302", "talk", fmt.Sprintf(`"talk": {"dial": {"sip": "far@%s"}}`, far.Addr()))
	caller := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	a, err := caller.Invite("sip:+46855501302@"+k.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(a) })
	b := rings(t, far, 10*time.Second)
	id := text(t, k.items("/calls/live")[0], "id")
	k.do(409, "POST", "/calls/"+id+"/hold", nil) // it rings still
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-a.Answered()
	go a.Play(t.Context(), tone(500, time.Minute))
	go b.Play(t.Context(), tone(900, time.Minute))
	hearsOnly(t, a, 900)
	hearsOnly(t, b, 500)

	k.do(204, "POST", "/calls/"+id+"/hold", map[string]any{"leg": "far", "music": "Tone"})
	hearsOnly(t, b, 1400)
	hearsOnly(t, a)
	k.do(204, "POST", "/calls/"+id+"/unhold", map[string]any{"leg": "far"})
	hearsOnly(t, a, 900)
	hearsOnly(t, b, 500)
	k.do(204, "POST", "/calls/"+id+"/hold", map[string]any{"music": "Tone"})
	hearsOnly(t, a, 1400)
	hearsOnly(t, b)
	k.do(204, "POST", "/calls/"+id+"/unhold", nil)
	hearsOnly(t, a, 900)
	k.do(409, "POST", "/calls/"+id+"/unhold", nil)
	k.do(404, "POST", "/calls/"+id+"/hold", map[string]any{"leg": "b9"})
	k.do(422, "POST", "/calls/"+id+"/hold", map[string]any{"music": "None"})
	k.do(404, "POST", "/calls/none/hold", nil)
	hangUp(a)
	ends(t, b, 10*time.Second)
	var held, resumed int
	if !eventually(10*time.Second, func() bool {
		held, resumed = 0, 0
		events, _ := k.do(200, "GET", "/calls/"+id, nil)["events"].([]any)
		for _, v := range events {
			switch e, _ := v.(map[string]any); e["kind"] {
			case "talk.held":
				held++
			case "talk.resumed":
				resumed++
			}
		}
		return held == 2 && resumed == 2
	}) {
		t.Errorf("the timeline has %d holds and %d ends of them", held, resumed)
	}
}
