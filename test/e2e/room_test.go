package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// TestRoomOfAHundred has a hundred members of SIPp in one room, which say four tones,
// and two telephones, which say two more and hear all the others but themselves. The
// room is seen, recorded and ended over the API.
func TestRoomOfAHundred(t *testing.T) {
	playsCaptures(t)
	s := start(t)
	k := apiAccount(t, s)
	const number = "+46850000400"
	k.nativeApp("Meeting", number, "meet", `"meet": {"conference": {"room": "team"}, "kicked": "bye"}, "bye": {"hang_up": {"words": "the meeting is over"}}`)
	said := []float64{600, 1000, 1500, 2100}
	var waits []func() string
	for _, hz := range said {
		sound := tone(hz, 60*time.Second)
		for i := range sound {
			sound[i] /= 16 // 25 of them are one voice of many phases
		}
		r := sipp{scenario: "keys-events", transport: "u1", number: number, within: 90 * time.Second,
			args: []string{"-m", "25", "-l", "25", "-r", "10"}, files: map[string][]byte{"media.pcap": capture('1', sound)}}
		waits = append(waits, r.start(t, s))
	}
	members := func() []any {
		for _, r := range k.items("/rooms") {
			return r["members"].([]any)
		}
		return nil
	}
	if !eventually(30*time.Second, func() bool { return len(members()) == 100 }) {
		t.Fatalf("%d members are in the room, not 100", len(members()))
	}
	own := []float64{800, 1250}
	var phones []*phone.Call
	for _, hz := range own {
		c, err := dialFrom(t, s, fmt.Sprintf("+4670%d", int(hz)), number)
		if err != nil {
			t.Fatal(err)
		}
		go c.Play(t.Context(), tone(hz, 60*time.Second))
		phones = append(phones, c)
	}
	// faults says what is wrong with the last half second that a telephone has heard.
	faults := func(i int) (all []string) {
		h := phones[i].Heard()
		h = h[max(0, len(h)-phone.Rate/2):]
		for _, hz := range append(said, own...) {
			share := audiomatch.Tone(h, hz)
			switch {
			case hz == own[i] && share > 0.005:
				all = append(all, fmt.Sprintf("telephone %d hears itself: %.4f", i, share))
			case hz != own[i] && share < 0.005:
				all = append(all, fmt.Sprintf("telephone %d does not hear %v Hz: %.4f", i, hz, share))
			}
		}
		return all
	}
	for i := range phones {
		if !eventually(20*time.Second, func() bool { return len(faults(i)) == 0 }) {
			t.Error(faults(i))
		}
	}
	recording := text(t, k.do(201, "POST", "/rooms/team/recording", nil), "recording")
	waitFor(t, 2*time.Second)
	k.do(204, "DELETE", "/rooms/team", nil)
	for _, wait := range waits {
		wait()
	}
	for _, c := range phones {
		ends(t, c, 10*time.Second)
	}
	if !eventually(10*time.Second, func() bool { return len(k.items("/rooms")) == 0 }) {
		t.Error("the room is still there")
	}
	if r := k.do(200, "GET", "/recordings/"+recording, nil); r["state"] != "finished" || r["purpose"] != "call" {
		t.Errorf("the recording: %v", r)
	}
	if !eventually(20*time.Second, func() bool { return s.open(t) == 0 }) {
		t.Errorf("%d calls are open", s.open(t))
	}
}
