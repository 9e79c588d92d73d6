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
