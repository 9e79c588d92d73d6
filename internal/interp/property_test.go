package interp_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/interp/interptest"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// fataler is what a test and a property have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// once runs a program and checks what holds for every run: it ends, within the
// limits, exactly once, with a reason, and the timeline is in order.
func once(ctx context.Context, t fataler, p *flow.Program, script sim.Script, h interp.Host) ([]voice.Event, interp.Result) {
	t.Helper()
	call := sim.New(script)
	res := interp.Run(ctx, p, call, h, interp.Options{Random: func(int) int { return 0 }})
	events := call.Events()
	if n := len(call.Endings()); n != 1 {
		t.Fatalf("the call ended %d times\n%s", n, interptest.Timeline(events))
	}
	if res.Steps > flow.MaxSteps {
		t.Fatalf("%d steps", res.Steps)
	}
	if res.Cause == "" || res.Words == "" || !slices.Contains(voice.EndReasons(), res.Reason) {
		t.Fatalf("a result without reason: %+v\n%s", res, interptest.Timeline(events))
	}
	for i, e := range events {
		if e.Seq != i+1 || e.Text == "" || i > 0 && e.At.Before(events[i-1].At) {
			t.Fatalf("event %d is out of order or without words: %+v", i, e)
		}
	}
	return events, res
}

// everyStep is a flow through every step that takes time.
func everyStep() (*flow.Program, *interptest.MemoryHost) {
	welcome := []voice.Prompt{{Kind: voice.PromptStandard, Standard: "welcome", Voice: "en"}}
	p := &flow.Program{App: "A", Name: "all", Entry: "wait", Nodes: []flow.Node{
		{ID: "wait", Step: flow.Wait{For: 2 * time.Second}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "answer"}},
		{ID: "answer", Step: flow.Answer{}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "play"}},
		{ID: "play", Step: flow.Play{Prompts: welcome}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "gather"}},
		{ID: "gather", Step: flow.Gather{Prompts: welcome, Keys: []voice.Digits{"1"}}, Exits: map[flow.Exit]flow.NodeID{flow.NoInput: "dial"}},
		{ID: "dial", Step: flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "5"}}, Exits: map[flow.Exit]flow.NodeID{flow.Completed: "listen"}},
		{ID: "listen", Step: flow.Listen{Prompts: welcome, Phrases: []flow.Phrase{{Words: "yes", Exit: "yes"}}, Timeout: 2 * time.Second, MaxDigits: 1}, Exits: map[flow.Exit]flow.NodeID{flow.NoInput: "queue", flow.NotUnderstood: "queue", flow.Failed: "queue"}},
		{ID: "queue", Step: flow.Queue{ID: "q", Members: []voice.Destination{{Kind: voice.ToUser, ID: "9"}, {Kind: voice.ToUser, ID: "5"}}, RingTime: 2 * time.Second, MaxWait: 9 * time.Second, Position: true, ExitKey: "*"}, Exits: map[flow.Exit]flow.NodeID{flow.NoAnswer: "request", flow.Completed: "request"}},
		{ID: "request", Step: flow.Request{URL: "https://a.example", Music: welcome}, Exits: map[flow.Exit]flow.NodeID{flow.Failed: "sub"}},
		{ID: "sub", Step: flow.Subflow{App: "B"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "record"}},
		{ID: "record", Step: flow.Record{Purpose: voice.ForVoicemail, Beep: true, MaxLength: 5 * time.Second}, Exits: map[flow.Exit]flow.NodeID{flow.Recorded: "deliver", flow.NotRecorded: "hear"}},
		{ID: "deliver", Step: flow.Deliver{Mailbox: voice.Mailbox{Name: "m"}}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "save"}},
		{ID: "save", Step: flow.SaveSound{Sound: "s"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "hear"}},
		{ID: "hear", Step: flow.PlayRecording{}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "count"}},
		{ID: "count", Step: flow.Count{Name: "n", Limit: 2}, Exits: map[flow.Exit]flow.NodeID{flow.Again: "goto", flow.Over: "end"}},
		{ID: "goto", Step: flow.Goto{App: "B"}, Exits: map[flow.Exit]flow.NodeID{flow.Failed: "end"}},
		{ID: "end", Step: flow.Hangup{}},
	}}
	b := &flow.Program{App: "B", Name: "second", Entry: "play", Nodes: []flow.Node{{ID: "play", Step: flow.Play{Prompts: welcome}}}}
	return p, &interptest.MemoryHost{Programs: map[voice.AppID]*flow.Program{"B": b}}
}

func everyScript() sim.Script {
	return sim.Script{Far: map[string]sim.FarEnd{"extension 5": {Does: sim.Answers, After: 3 * time.Second, Talk: 4 * time.Second}}}
}

// The caller hangs up, or the server stops, at every quarter of a second of a
// call that goes through every step.
func TestEndsAtEveryMoment(t *testing.T) {
	for i := range 260 {
		at := time.Duration(i) * 250 * time.Millisecond
		t.Run(at.String(), func(t *testing.T) {
			p, h := everyStep()
			script := everyScript()
			script.Caller = []sim.Action{{Speak: at}, {HangUp: true}}
			_, res := once(t.Context(), t, p, script, h)
			if res.Cause != voice.CauseNormal {
				t.Errorf("ended %+v", res)
			}
		})
		t.Run("stop at "+at.String(), func(t *testing.T) {
			p, h := everyStep()
			script := everyScript()
			ctx, cancel := context.WithCancel(t.Context())
			script.Caller = []sim.Action{{Speak: at}, {Do: cancel}}
			events, res := once(ctx, t, p, script, h)
			length := events[len(events)-1].At.Sub(events[0].At)
			if res.Cause != voice.CauseShutdown && length >= at {
				t.Errorf("ended %+v", res)
			}
		})
	}
}

// A message that was spoken before the hang-up is delivered whatever the
// moment, and even if the server stops in the same instant.
func TestMessageSurvivesHangup(t *testing.T) {
	for i := range 20 {
		p, h := everyStep()
		p.Entry = "record"
		ctx, cancel := context.WithCancelCause(t.Context())
		script := everyScript()
		script.Caller = []sim.Action{
			{Hear: "beep", ToEnd: true, Speak: time.Second},
			{After: time.Duration(i) * 100 * time.Millisecond, HangUp: true},
		}
		h2 := &stopping{MemoryHost: h, stop: func() { cancel(nil) }}
		_, res := once(ctx, t, p, script, h2)
		if len(h.Delivered) != 1 || len(h.Saved) != 1 {
			t.Errorf("delivered %d, saved %d, result %+v", len(h.Delivered), len(h.Saved), res)
		}
	}
}

// stopping is a host during whose Deliver the server stops.
type stopping struct {
	*interptest.MemoryHost
	stop func()
}

func (s *stopping) Deliver(ctx context.Context, m voice.Mailbox, r voice.Recording) error {
	s.stop()
	return s.MemoryHost.Deliver(ctx, m, r)
}

func TestContextCauses(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		want  interp.Result
	}{
		{"server stops", nil, interp.Result{Reason: voice.EndStopping, Cause: voice.CauseShutdown, Words: "the server is stopping"}},
		{"server stops with a reason", fmt.Errorf("update"), interp.Result{Reason: voice.EndStopping, Cause: voice.CauseShutdown, Words: "the server is stopping: update"}},
		{"time limit", voice.Errorf("switchboard", voice.Limit, "4 h reached"), interp.Result{Reason: voice.EndCallTime, Cause: voice.CauseMaxDuration, Words: "4 h reached"}},
		{"order", voice.Errorf("switchboard", voice.Ordered, "hung up by order"), interp.Result{Reason: voice.EndOrdered, Cause: voice.CauseNormal, Words: "hung up by order"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(tt.cause)
			p, h := everyStep()
			_, res := once(ctx, t, p, sim.Script{}, h)
			if d := cmp.Diff(tt.want, res); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNoProgram(t *testing.T) {
	once(t.Context(), t, nil, sim.Script{}, &interptest.MemoryHost{})
	_, res := once(t.Context(), t, &flow.Program{Entry: "x"}, sim.Script{}, &interptest.MemoryHost{})
	if res.Cause != voice.CauseFailed {
		t.Errorf("ended %+v", res)
	}
}

// Random programs and scripts give the same timeline twice and always end.
func TestSameTimelineTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		programs := map[voice.AppID]*flow.Program{}
		apps := []voice.AppID{"A", "B", "C"}
		for _, a := range apps[:rapid.IntRange(1, 3).Draw(t, "apps")] {
			programs[a] = drawProgram(t, a)
		}
		script := drawScript(t)
		host := func() *interptest.MemoryHost {
			h := &interptest.MemoryHost{Programs: programs, Keys: []voice.Digits{"101", "12"}}
			if err := h.Read("web https://a.example/1: 200 {\"a\": [1]}\nweb https://b.example: app B\nqueue q: 1 ahead"); err != nil {
				t.Fatal(err)
			}
			return h
		}
		e1, r1 := once(t.Context(), t, programs["A"], script, host())
		e2, r2 := once(t.Context(), t, programs["A"], script, host())
		if d := cmp.Diff(e1, e2); d != "" {
			t.Fatal(d)
		}
		if r1 != r2 {
			t.Fatalf("%+v, then %+v", r1, r2)
		}
	})
}

func drawProgram(t *rapid.T, app voice.AppID) *flow.Program {
	n := rapid.IntRange(1, 8).Draw(t, "nodes")
	id := func(i int) flow.NodeID { return flow.NodeID(fmt.Sprintf("n%d", i)) }
	p := &flow.Program{App: app, Name: string(app), Entry: id(0)}
	if rapid.Bool().Draw(t, "timed") {
		p.Lifetime = time.Duration(rapid.IntRange(1, 60).Draw(t, "life")) * time.Second
		p.Expired = id(rapid.IntRange(0, n-1).Draw(t, "expired"))
	}
	for i := range n {
		node := flow.Node{ID: id(i), Origin: fmt.Sprintf("/%d", i), Step: drawStep(t), Exits: map[flow.Exit]flow.NodeID{}}
		for _, e := range node.Step.Exits() {
			// One exit in nine dangles or is not wired.
			if to := rapid.IntRange(-1, n).Draw(t, "to"); to >= 0 {
				node.Exits[e] = id(to)
			}
		}
		p.Nodes = append(p.Nodes, node)
	}
	return p
}

func drawStep(t *rapid.T) flow.Step {
	d := time.Duration(rapid.IntRange(0, 4000).Draw(t, "d")) * time.Millisecond
	prompts := []voice.Prompt{{Kind: voice.PromptSpeech, Text: "hello there"}, {Kind: "bad"}, {Kind: voice.PromptTone, Standard: "busy"}}
	prompts = prompts[rapid.IntRange(0, 3).Draw(t, "prompts"):]
	b := rapid.Bool().Draw(t, "b")
	finish := rapid.SampledFrom([]voice.Digits{"", "#"}).Draw(t, "finish")
	return rapid.SampledFrom([]flow.Step{
		flow.Answer{},
		flow.Play{Prompts: prompts, BargeIn: b},
		flow.Gather{Prompts: prompts, BargeIn: b, Keys: []voice.Digits{"1", "2"}, Extensions: b, Finish: finish, FirstDigit: d, Overall: d},
		flow.Gather{Prompts: prompts, BargeIn: b, Finish: finish, MaxDigits: 3},
		flow.Dial{To: voice.Destination{Kind: voice.ToExtension, ID: "101"}, RingTime: d},
		flow.Dial{To: voice.Destination{Kind: voice.ToApp, ID: "B"}},
		flow.Dial{To: voice.Destination{Kind: voice.ToNumber}, ToVar: flow.VarDigits},
		flow.Transfer{To: voice.Destination{Kind: voice.ToExtension, ID: "101"}, RingTime: d, Record: b},
		flow.Goto{App: "C"},
		flow.Count{Name: "n", Limit: 3},
		flow.Reset{Name: "n"},
		flow.Record{Purpose: voice.ForVoicemail, Beep: b, Finish: finish, Silence: d, MinLength: time.Second, MaxLength: time.Minute},
		flow.Deliver{}, flow.SaveSound{Sound: "s"}, flow.PlayRecording{},
		flow.Wait{For: d}, flow.Hangup{},
		flow.Set{Name: "v", Value: "${v}${digits}"},
		flow.If{Left: "${digits}", Op: flow.Less, Right: "50"},
		flow.Hours{Schedule: voice.Schedule{Open: []voice.OpenTime{{Days: []string{"thu"}, From: "00:00", To: "12:00"}}}},
		flow.SetCaller{Number: "${digits}"},
		flow.Save{Topic: "t", Fields: map[string]flow.Template{"v": "${v}"}},
		flow.Request{URL: "https://a.example/${digits}", Music: prompts, Extract: []flow.Extraction{{Pointer: "/a", Variable: "v"}}},
		flow.Fetch{Dialect: "d", URL: "https://b.example", Ways: []flow.Exit{"x"}},
		flow.Subflow{App: "B"},
		flow.Return{}, flow.Return{Exit: "x"},
		flow.SMS{To: "+4670", Text: "${v}"},
		flow.Listen{Prompts: prompts, Phrases: []flow.Phrase{{Words: "yes", Exit: "x"}}, Timeout: d, MaxDigits: 2},
		flow.Queue{ID: "q", Members: []voice.Destination{{Kind: voice.ToExtension, ID: "101"}, {Kind: voice.ToExtension, ID: "102"}}, Music: prompts, RingTime: d, MaxWait: time.Minute, Position: b, ExitKey: voice.Digits(finish)},
	}).Draw(t, "step")
}

func drawScript(t *rapid.T) sim.Script {
	s := sim.Script{Far: map[string]sim.FarEnd{"extension 101": {
		Does:  rapid.SampledFrom([]sim.FarAction{sim.Rings, sim.Answers, sim.IsBusy, sim.Fails}).Draw(t, "far"),
		After: time.Duration(rapid.IntRange(0, 5).Draw(t, "after")) * time.Second,
		Talk:  time.Duration(rapid.IntRange(0, 5).Draw(t, "talk")) * time.Second,
	}}}
	s.Refer = sim.Referred{
		End:   rapid.SampledFrom([]voice.TransferEnd{"", voice.TransferDone, voice.TransferRefused, voice.TransferBusy, voice.TransferFailed}).Draw(t, "refer"),
		After: time.Duration(rapid.IntRange(0, 5).Draw(t, "told")) * time.Second,
	}
	for range rapid.IntRange(0, 12).Draw(t, "actions") {
		a := sim.Action{After: time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond}
		switch rapid.IntRange(0, 9).Draw(t, "does") {
		case 0:
			a.HangUp = true
		case 1, 2:
			a.Speak = time.Duration(rapid.IntRange(1, 3000).Draw(t, "speak")) * time.Millisecond
		case 3:
			a.Hear, a.ToEnd = "o", rapid.Bool().Draw(t, "end")
		default:
			a.Press = rapid.SampledFrom([]voice.Digits{"1", "2", "9", "#", "101", "12", "*"}).Draw(t, "keys")
		}
		s.Caller = append(s.Caller, a)
	}
	return s
}
