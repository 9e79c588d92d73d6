package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/sim"
	"tandem/internal/voice"
)

// The contracts of a live call, as the engine must keep them too.
var _ interface {
	voice.Noter
	voice.Answerer
	voice.Ringer
	voice.Player
	voice.Gatherer
	voice.Recorder
	voice.Dialer
	voice.Waiter
	voice.Timer
	voice.Hanguper
} = (*sim.Call)(nil)

func answered(t *testing.T, s sim.Script) *sim.Call {
	t.Helper()
	c := sim.New(s)
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func silence(d time.Duration) []voice.Prompt {
	return []voice.Prompt{{Kind: voice.PromptSilence, Duration: d}}
}

func TestPlay(t *testing.T) {
	tests := []struct {
		name   string
		script sim.Script
		spec   voice.PlaySpec
		want   voice.PlayResult
		at     time.Duration
	}{
		{"whole", sim.Script{}, voice.PlaySpec{Prompts: append(silence(time.Second), silence(2*time.Second)...)}, voice.PlayResult{End: voice.PlayFinished, Played: 3 * time.Second}, 3 * time.Second},
		{"cut", sim.Script{Caller: []sim.Action{{After: 1200 * time.Millisecond, Press: "5"}}}, voice.PlaySpec{Prompts: append(silence(time.Second), silence(2*time.Second)...), BargeIn: true}, voice.PlayResult{End: voice.PlayCut, Played: 1200 * time.Millisecond}, 1200 * time.Millisecond},
		{"not cut", sim.Script{Caller: []sim.Action{{After: time.Second, Press: "5"}}}, voice.PlaySpec{Prompts: silence(3 * time.Second)}, voice.PlayResult{End: voice.PlayFinished, Played: 3 * time.Second}, 3 * time.Second},
		{"failed", sim.Script{}, voice.PlaySpec{Prompts: []voice.Prompt{{Kind: "odd"}}}, voice.PlayResult{End: voice.PlayFailed}, 0},
		{"speech by its length", sim.Script{}, voice.PlaySpec{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: "åäö"}}}, voice.PlayResult{End: voice.PlayFinished, Played: 180 * time.Millisecond}, 180 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := answered(t, tt.script)
			got, err := c.Play(t.Context(), tt.spec)
			if err != nil || got != tt.want || c.Elapsed() != tt.at {
				t.Errorf("got %+v after %v, %v; want %+v after %v", got, c.Elapsed(), err, tt.want, tt.at)
			}
		})
	}
}

func TestKeysAreKeptForTheNextGather(t *testing.T) {
	c := answered(t, sim.Script{Caller: []sim.Action{{After: time.Second, Press: "123"}}})
	if err := c.Wait(t.Context(), 3*time.Second); err != nil {
		t.Fatal(err)
	}
	r, err := c.Gather(t.Context(), voice.GatherSpec{MaxDigits: 2})
	if err != nil || r.Digits != "12" || c.Elapsed() != 3*time.Second {
		t.Errorf("first gather %+v at %v, %v", r, c.Elapsed(), err)
	}
	cut, err := c.Play(t.Context(), voice.PlaySpec{Prompts: silence(time.Second), BargeIn: true})
	if err != nil || cut.End != voice.PlayCut || cut.Played != 0 {
		t.Errorf("play with a key kept: %+v, %v", cut, err)
	}
	r, err = c.Gather(t.Context(), voice.GatherSpec{MaxDigits: 2})
	want := voice.GatherResult{Digits: "3", End: voice.EndInterDigit, Method: voice.ByScript}
	if err != nil || r != want || c.Elapsed() != 5*time.Second {
		t.Errorf("second gather %+v at %v, %v", r, c.Elapsed(), err)
	}
}

func TestRecord(t *testing.T) {
	spec := voice.RecordSpec{Finish: "#", Silence: 5 * time.Second, MaxLength: 20 * time.Second, MinLength: time.Second}
	tests := []struct {
		name    string
		caller  []sim.Action
		end     voice.RecordEnd
		length  time.Duration
		dropped bool
	}{
		{"silence after speech", []sim.Action{{After: time.Second, Speak: 3 * time.Second}}, voice.RecordSilence, 9 * time.Second, false},
		{"a pause shorter than the silence", []sim.Action{{Speak: time.Second}, {After: 4 * time.Second, Speak: time.Second}}, voice.RecordSilence, 11 * time.Second, false},
		{"speech in the last instant of silence", []sim.Action{{Speak: time.Second}, {After: 5 * time.Second, Speak: time.Second}}, voice.RecordSilence, 12 * time.Second, false},
		{"full length", []sim.Action{{Speak: time.Minute}}, voice.RecordMaxLength, 20 * time.Second, false},
		{"finish key", []sim.Action{{Speak: 2 * time.Second}, {Press: "1#"}}, voice.RecordFinishKey, 2200 * time.Millisecond, false},
		{"hang-up", []sim.Action{{Speak: 2 * time.Second}, {HangUp: true}}, voice.RecordHungUp, 2 * time.Second, false},
		{"no sound", nil, voice.RecordSilence, 0, true},
		{"too short", []sim.Action{{Speak: 900 * time.Millisecond}, {HangUp: true}}, voice.RecordHungUp, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := answered(t, sim.Script{Caller: tt.caller})
			r, err := c.Record(t.Context(), spec)
			if err != nil || r.End != tt.end || r.Recording.Duration != tt.length || r.Dropped != tt.dropped {
				t.Errorf("got %+v, %v", r, err)
			}
			if (len(c.Recordings()) == 0) != tt.dropped {
				t.Errorf("kept %v", c.Recordings())
			}
		})
	}
}

func TestDial(t *testing.T) {
	a, b := voice.Target{Kind: voice.ToExtension, ID: "1"}, voice.Target{Kind: voice.ToExtension, ID: "2"}
	tests := []struct {
		name string
		far1 sim.FarEnd
		far2 sim.FarEnd
		end  voice.DialEnd
		who  voice.Target
		at   time.Duration
	}{
		{"first to answer", sim.FarEnd{Does: sim.Answers, After: 5 * time.Second, Talk: time.Second}, sim.FarEnd{Does: sim.Answers, After: 2 * time.Second, Talk: time.Second}, voice.DialCompleted, b, 3 * time.Second},
		{"an answer counts more than an earlier refusal", sim.FarEnd{Does: sim.IsBusy}, sim.FarEnd{Does: sim.Answers, After: 2 * time.Second, Talk: time.Second}, voice.DialCompleted, b, 3 * time.Second},
		{"nobody", sim.FarEnd{Does: sim.IsBusy}, sim.FarEnd{}, voice.DialNoAnswer, voice.Target{}, 10 * time.Second},
		{"answers too late", sim.FarEnd{Does: sim.Answers, After: 10 * time.Second}, sim.FarEnd{Does: sim.Fails}, voice.DialNoAnswer, voice.Target{}, 10 * time.Second},
		{"busy", sim.FarEnd{Does: sim.IsBusy, After: time.Second}, sim.FarEnd{Does: sim.Fails}, voice.DialBusy, voice.Target{}, time.Second},
		{"time limit", sim.FarEnd{Does: sim.Answers}, sim.FarEnd{}, voice.DialMaxDuration, a, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := sim.New(sim.Script{Far: map[string]sim.FarEnd{"extension 1": tt.far1, "extension 2": tt.far2}})
			r, err := c.Dial(t.Context(), voice.DialSpec{Targets: []voice.Target{a, b}, RingTime: 10 * time.Second, MaxDuration: time.Minute})
			if err != nil || r.End != tt.end || r.Answered != tt.who || c.Elapsed() != tt.at {
				t.Errorf("got %+v after %v, %v", r, c.Elapsed(), err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hung := answered(t, sim.Script{})
	if err := hung.Hangup(t.Context(), voice.CauseNormal, "x"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		ctx  context.Context
		call *sim.Call
		want voice.Kind
	}{
		{"not answered", t.Context(), sim.New(sim.Script{}), voice.Conflict},
		{"hung up", t.Context(), hung, voice.HungUp},
		{"cancelled", ctx, answered(t, sim.Script{}), voice.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, play := tt.call.Play(tt.ctx, voice.PlaySpec{})
			_, gather := tt.call.Gather(tt.ctx, voice.GatherSpec{})
			_, record := tt.call.Record(tt.ctx, voice.RecordSpec{})
			for i, err := range []error{play, gather, record} {
				if voice.KindOf(err) != tt.want {
					t.Errorf("%d: %v; want kind %s", i, err, tt.want)
				}
			}
		})
	}
}

func TestCallerWaitsForPrompts(t *testing.T) {
	said := func(text string) voice.Prompt { return voice.Prompt{Kind: voice.PromptSpeech, Text: text} }
	c := answered(t, sim.Script{Caller: []sim.Action{
		{Hear: "first"},
		{Hear: "FIRST", ToEnd: true, After: 100 * time.Millisecond, Press: "1"},
		{Hear: "second", After: 200 * time.Millisecond, Press: "2"},
		{Hear: "never"},
	}})
	_, err := c.Play(t.Context(), voice.PlaySpec{Prompts: []voice.Prompt{said("first"), said("first"), said("second"), said("second")}})
	if err != nil {
		t.Fatal(err)
	}
	var at []time.Duration
	for _, e := range c.Events() {
		if e.Kind == voice.EventDigit {
			at = append(at, e.At.Sub(c.Events()[0].At))
		}
	}
	want := []time.Duration{700 * time.Millisecond, 800 * time.Millisecond}
	if d := cmp.Diff(want, at); d != "" {
		t.Error(d)
	}
	if p := c.Pending(); len(p) != 1 || p[0].Hear != "never" {
		t.Errorf("pending %+v", p)
	}
}

func TestMusicLasts(t *testing.T) {
	music := []voice.Prompt{{Kind: voice.PromptMusic}, {Kind: "odd"}, {Kind: voice.PromptTone, Standard: "busy"}}
	until := make(chan struct{})
	c := answered(t, sim.Script{Caller: []sim.Action{
		{Hear: "music, then tone busy, again and again", After: time.Hour, Press: "1"},
		{After: time.Hour, Do: func() { close(until) }},
		{After: time.Second, Press: "2"},
		{After: time.Second, Press: "3"},
	}})
	for i, want := range []voice.PlayResult{
		{End: voice.PlayStopped, Played: 2 * time.Hour},
		{End: voice.PlayStopped},
	} {
		got, err := c.Play(t.Context(), voice.PlaySpec{Prompts: music, Loop: true, Until: until})
		if err != nil || got != want {
			t.Errorf("play %d: %+v, %v; want %+v", i, got, err, want)
		}
	}
	got, err := c.Play(t.Context(), voice.PlaySpec{Prompts: music, Loop: true, BargeIn: true})
	if err != nil || got.End != voice.PlayCut || got.Played != time.Second {
		t.Errorf("cut: %+v, %v", got, err)
	}
	if _, err = c.Gather(t.Context(), voice.GatherSpec{MaxDigits: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Play(t.Context(), voice.PlaySpec{Prompts: music, Loop: true}); !voice.IsKind(err, voice.Internal) {
		t.Errorf("without an end: %v", err)
	}
	if got, err := c.Play(t.Context(), voice.PlaySpec{Prompts: music[1:2], Loop: true}); err != nil || got.End != voice.PlayFailed {
		t.Errorf("nothing to play: %+v, %v", got, err)
	}
}

func TestTimeOfTheFlow(t *testing.T) {
	speaks := sim.Script{Caller: []sim.Action{{Speak: time.Minute}}}
	for name, do := range map[string]func(c *sim.Call) error{
		"play": func(c *sim.Call) error {
			_, err := c.Play(t.Context(), voice.PlaySpec{Prompts: silence(time.Minute)})
			return err
		},
		"gather": func(c *sim.Call) error {
			_, err := c.Gather(t.Context(), voice.GatherSpec{FirstDigit: time.Minute})
			return err
		},
		"wait": func(c *sim.Call) error { return c.Wait(t.Context(), 5*time.Second) },
		"record": func(c *sim.Call) error {
			r, err := c.Record(t.Context(), voice.RecordSpec{})
			if r.Recording.Duration != 5*time.Second {
				t.Errorf("recorded %+v", r)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := answered(t, speaks)
			c.Expire(c.Now().Add(5 * time.Second))
			if err := do(c); !voice.IsKind(err, voice.Expired) || c.Elapsed() != 5*time.Second {
				t.Errorf("%v after %v", err, c.Elapsed())
			}
			// It is reported once.
			if err := c.Wait(t.Context(), time.Minute); err != nil {
				t.Error(err)
			}
			c.Expire(c.Now().Add(-time.Second))
			before := c.Elapsed()
			if err := c.Wait(t.Context(), time.Minute); !voice.IsKind(err, voice.Expired) || c.Elapsed() != before {
				t.Errorf("a time that is past: %v after %v", err, c.Elapsed())
			}
		})
	}
	// Neither ringing nor a talk ends by it.
	to := voice.Target{Kind: voice.ToExtension, ID: "1"}
	c := sim.New(sim.Script{Far: map[string]sim.FarEnd{"extension 1": {Does: sim.Answers, After: 10 * time.Second, Talk: time.Minute}}})
	c.Expire(c.Now().Add(5 * time.Second))
	if r, err := c.Dial(t.Context(), voice.DialSpec{Targets: []voice.Target{to}}); err != nil || r.Talked != time.Minute {
		t.Errorf("dial: %+v, %v", r, err)
	}
}

func TestDialWithMusicAndWelcome(t *testing.T) {
	to := voice.Target{Kind: voice.ToExtension, ID: "1"}
	c := sim.New(sim.Script{Far: map[string]sim.FarEnd{"extension 1": {Does: sim.Answers, After: 3 * time.Second, Talk: 10 * time.Second}},
		Caller: []sim.Action{{Hear: "music, again"}}})
	told := time.Duration(-1)
	r, err := c.Dial(t.Context(), voice.DialSpec{Targets: []voice.Target{to}, Music: []voice.Prompt{{Kind: voice.PromptMusic}},
		SendDigits: "1Ww", Announce: silence(time.Second), OnAnswer: func() { told = c.Elapsed() }})
	// 3 s of ringing, 0.2 + 1 + 0.5 s of keys, 1 s of announcement.
	if err != nil || r.Talked != 10*time.Second || told != 5700*time.Millisecond || c.Elapsed() != 15700*time.Millisecond {
		t.Errorf("%+v, %v; told after %v, over after %v", r, err, told, c.Elapsed())
	}
	if p := c.Pending(); len(p) > 0 {
		t.Errorf("the caller did not hear the music")
	}
}

func TestFirstSilence(t *testing.T) {
	spec := voice.RecordSpec{Silence: time.Second, FirstSilence: 5 * time.Second}
	for _, tt := range []struct {
		caller []sim.Action
		at     time.Duration
		said   string
	}{
		{nil, 5 * time.Second, ""},
		{[]sim.Action{{After: 3 * time.Second, Speak: 2 * time.Second, Say: "sales please"}}, 6 * time.Second, "sales please"},
	} {
		c := answered(t, sim.Script{Caller: tt.caller})
		r, err := c.Record(t.Context(), spec)
		if err != nil || c.Elapsed() != tt.at || c.Said(r.Recording) != tt.said {
			t.Errorf("%+v, %v after %v: said %q", r, err, c.Elapsed(), c.Said(r.Recording))
		}
	}
}
