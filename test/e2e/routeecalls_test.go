package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// greeting has a party that has answered speak for so long, in words of half a
// second, and be silent then.
func greeting(d time.Duration) (s []int16) {
	for word := 0; time.Duration(len(s))*time.Second/phone.Rate < d; word++ {
		for n := range 2 + word%2 { // syllables
			syllable := halfTone(220+30*float64((word+n)%4), 180*time.Millisecond)
			for i, v := range halfTone(660+50*float64((word+2*n)%5), 180*time.Millisecond) {
				syllable[i] = (syllable[i] + v) / 2
			}
			s = append(append(s, syllable...), make([]int16, phone.Rate/25)...)
		}
		s = append(s, make([]int16, phone.Rate/8)...)
	}
	return append(s, make([]int16, 6*phone.Rate)...)
}

// speaksAsPerson says hello; speaksAsMachine reads a long greeting.
func speaksAsPerson(t *testing.T, c *phone.Call) {
	go c.Play(t.Context(), greeting(600*time.Millisecond))
}
func speaksAsMachine(t *testing.T, c *phone.Call) { go c.Play(t.Context(), greeting(9*time.Second)) }

// TestRouteeCampaign follows a campaign from its order to its callback and tracking.
func TestRouteeCampaign(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	sound := r.sounds(t, "message", tone(900, 2*time.Second))
	a := r.post(t, "/voice/campaign", fmt.Sprintf(`{"from":"Company","to":["+306911111111","+306911111112"],"fileURL":"%s","collectDtmfDigits":2,"collectDtmfAwaitSeconds":30,
		"callback":{"url":"%s/each","strategy":"OnChange"},"campaignCallback":{"url":"%s/over","strategy":"OnCompletion"}}`, sound, r.web.URL, r.web.URL))
	id := text(t, a, "trackingId")
	if a["from"] != "Company" || a["state"] != "Running" || len(a["to"].([]any)) != 2 {
		t.Errorf("the campaign: %v", a)
	}
	for range 2 { // one answers and keys, one is busy
		c := rings(t, r.carrier, 20*time.Second)
		if !strings.Contains(c.Header("To"), "306911111111") {
			if err := c.Reject(486); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := c.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		hearsTone(t, c, 900)
		press(t, c, "12")
		defer hangUp(c)
		ends(t, c, 60*time.Second) // no longer than the message and the wait
	}
	for _, state := range []string{"Queued", "Initiated", "InProgress", "Completed", "Busy"} {
		r.hearsOf(t, "/each", `"name":"`+state+`"`)
	}
	if !strings.Contains(r.toldOf("/each"), `"originatingService":"Campaign"`) {
		t.Errorf("callbacks: %s", r.toldOf("/each"))
	}
	r.hearsOf(t, "/over", `"trackingId":"`+id+`"`)
	r.hearsOf(t, "/over", `"state":"Finished"`)
	var legs []map[string]any
	if !eventually(20*time.Second, func() bool {
		legs = r.legsNow(t, "/voice/tracking/campaign/"+id)
		return len(legs) == 2 && legState(legs[0]) != "InProgress" && legState(legs[1]) != "InProgress"
	}) {
		t.Fatalf("tracking: %v", legs)
	}
	for _, leg := range legs {
		state, tones := "Busy", ""
		if leg["to"] == "+306911111111" {
			state, tones = "Completed", "1,2"
		}
		if legState(leg) != state || leg["collectedTones"] != tones || leg["campaign"] != id || leg["from"] != "Company" {
			t.Errorf("tracking of %v: %v", leg["to"], leg)
		}
	}
	if page := r.post(t, "/voice/tracking", `{"fieldName":"campaign","searchOperator":"is","searchTerm":"`+id+`"}`); page["totalElements"] != 2.0 {
		t.Errorf("search: %v", page)
	}
	if a := r.request(http.MethodDelete, "/routee/voice/campaign/"+id, r.token, nil); a["code"] != "400013004" {
		t.Errorf("a campaign that is over is stopped: %v", a)
	}
}

// TestRouteeMachines has people and answering machines answer conversations and DIALs.
func TestRouteeMachines(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	verb := func(name string, hz float64) string {
		return fmt.Sprintf(`{"type":"PLAY","fileURL":"%s"}`, r.sounds(t, name, tone(hz, 20*time.Second)))
	}
	usual := verb("usual", 900)
	event := r.plan("/machine", verb("machine", 1400))
	hangup, goOn := `,"machineDetection":{"strategy":"Hangup"}`, `,"machineDetection":{"strategy":"Continue","eventUrl":"`+event+`"}`
	by := func(t *testing.T, id string, n, leg int, want string) {
		t.Helper()
		if legs := r.legs(t, id, n); legs[leg]["answeredBy"] != want || legState(legs[leg]) != "Completed" {
			t.Errorf("tracking: %v", legs[leg])
		}
	}
	t.Run("a person has the plan", func(t *testing.T) {
		id, c := r.called(t, usual, goOn)
		speaksAsPerson(t, c)
		hearsOnly(t, c, 900)
		hangUp(c)
		by(t, id, 1, 0, "HUMAN")
		if told := r.toldOf("/machine"); strings.Contains(told, id) {
			t.Errorf("told of a machine: %s", told)
		}
	})
	t.Run("a machine is hung up", func(t *testing.T) {
		id, c := r.called(t, usual, hangup+`,"callback":"`+r.web.URL+`/hungup"`)
		speaksAsMachine(t, c)
		ends(t, c, 20*time.Second)
		by(t, id, 1, 0, "MACHINE")
		r.hearsOf(t, "/hungup", `"name":"Completed"`)
	})
	t.Run("a machine has the plan of the event", func(t *testing.T) {
		id, c := r.called(t, usual, goOn)
		speaksAsMachine(t, c)
		hearsOnly(t, c, 1400)
		r.hearsOf(t, "/machine", `"conversationTrackingId":"`+id+`"`)
		r.hearsOf(t, "/machine", `"answeredBy":"MACHINE"`)
		hangUp(c)
		by(t, id, 1, 0, "MACHINE")
	})
	dialled := func(t *testing.T, detection string) (id string, c, far *phone.Call) {
		t.Helper()
		id, c = r.called(t, fmt.Sprintf(`{"type":"DIAL","from":"+30211111111","to":{"phone":"+306988222222"},"callback":{"url":"%s/dial","strategy":"OnChange"}%s},%s`,
			r.web.URL, detection, usual), "")
		far = rings(t, r.carrier, 20*time.Second)
		t.Cleanup(func() { hangUp(far) })
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		return id, c, far
	}
	t.Run("DIAL reaches a person", func(t *testing.T) {
		id, c, far := dialled(t, goOn)
		speaksAsPerson(t, far)
		r.hearsOf(t, "/dial", `"name":"InProgress"`)
		go c.Play(t.Context(), halfTone(500, 30*time.Second))
		hearsOnly(t, far, 500)
		hangUp(far)
		hearsOnly(t, c, 900)
		hangUp(c)
		by(t, id, 2, 1, "HUMAN")
	})
	t.Run("DIAL reaches a machine, and the plan of the event goes on", func(t *testing.T) {
		id, c, far := dialled(t, goOn)
		speaksAsMachine(t, far)
		ends(t, far, 20*time.Second)
		hearsOnly(t, c, 1400)
		hangUp(c)
		by(t, id, 2, 1, "MACHINE")
		second := text(t, r.legs(t, id, 2)[1], "messageId")
		r.hearsOf(t, "/machine", `"messageId":"`+second+`"`)
		r.hearsOf(t, "/dial", `"messageId":"`+second+`"`)
		r.hearsOf(t, "/dial", `"name":"Completed"`)
	})
	t.Run("DIAL reaches a machine, and no plan comes", func(t *testing.T) {
		broken := r.on("/broken", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
		id, c, far := dialled(t, strings.Replace(goOn, event, broken, 1))
		speaksAsMachine(t, far)
		ends(t, far, 20*time.Second)
		hearsOnly(t, c, 900)
		hangUp(c)
		by(t, id, 2, 1, "MACHINE")
	})
	t.Run("DIAL hangs a machine up", func(t *testing.T) {
		id, c, far := dialled(t, hangup)
		speaksAsMachine(t, far)
		ends(t, far, 20*time.Second)
		hearsOnly(t, c, 900)
		hangUp(c)
		by(t, id, 2, 1, "MACHINE")
	})
}

// TestRouteeDialRecording records a DIAL on two channels and tells of it.
func TestRouteeDialRecording(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	for _, format := range []string{"WAV", ""} {
		path := "/recorded" + format
		id, c := r.called(t, fmt.Sprintf(`{"type":"DIAL","from":"+30211111111","to":{"phone":"+306988222222"},"record":"true","recordingFormat":"%s","recordingCallbackUrl":"%s%s"}`, format, r.web.URL, path), "")
		far := rings(t, r.carrier, 20*time.Second)
		t.Cleanup(func() { hangUp(far) })
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		go c.Play(t.Context(), tone(500, 30*time.Second))
		go far.Play(t.Context(), tone(900, 30*time.Second))
		hearsOnly(t, c, 900)
		hearsOnly(t, far, 500)
		hearsMore(t, c, 3*time.Second)
		hangUp(far)
		ends(t, c, 20*time.Second)
		item := r.recording(t, id)
		second := text(t, r.legs(t, id, 2)[1], "messageId")
		r.hearsOf(t, path, `"messageId":"`+second+`"`)
		r.hearsOf(t, path, `"trackingId":"`+text(t, item, "trackingId")+`"`)
		if of := r.legs(t, id, 2)[1]["recordings"].([]any); len(of) != 1 {
			t.Errorf("tracking shows %v", of)
		}
		status, kind, data := r.download(t, text(t, item, "url"), r.token)
		if status != http.StatusOK {
			t.Fatalf("%d %.200s", status, data)
		}
		if kind == "audio/mpeg" {
			data = unpacked(t, data)
		} else if format == "" {
			t.Logf("this server makes no MP3: %s", kind)
		}
		left, right := channels(t, data)
		if sounding(left, 500) < 2*time.Second || sounding(right, 900) < 2*time.Second || sounding(left, 900) > 0 || sounding(right, 500) > 0 {
			t.Errorf("%q: left holds 500 Hz for %v, right 900 Hz for %v", format, sounding(left, 500), sounding(right, 900))
		}
	}
}
