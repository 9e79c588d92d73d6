package replay_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/interp/interptest"
	"tandem/internal/replay"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

const desk = `flow: 1
name: Desk
start: menu
steps:
  menu:
    gather: {prompts: [{say: menu}], barge_in: true}
    keys: {1: anna, 2: sales, 3: ask}
    invalid: menu
    no_input: bye
  anna: {dial: {to: {user: "55"}}, busy: sales, no_answer: sales, failed: sales}
  sales: {play: {prompts: [{say: sales}]}, then: bye}
  ask: {request: {url: "https://a.example/"}, then: sales, failed: bye}
  bye: {hang_up: {}}
`

func compiled(t testing.TB, text string) *flow.Program {
	t.Helper()
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(text), dialect.OpenResolver{})
	if bad, has := ds.FirstError(); has || err != nil {
		t.Fatal(bad, err)
	}
	p.App = "desk"
	return &p
}

// taped runs the desk on a call and gives its tape, written and read again.
func taped(t testing.TB, caller []sim.Action, far sim.FarEnd, host *interptest.MemoryHost) *replay.Tape {
	t.Helper()
	p := compiled(t, desk)
	call := sim.New(sim.Script{Caller: caller, Far: map[string]sim.FarEnd{"extension 55": far}})
	info := voice.CallInfo{ID: "c1", Tenant: "t1", From: "+46700000001", Start: call.Now()}
	rec := replay.New(t.Context(), p, call, host, info)
	res := interp.Run(t.Context(), p, rec.Call(), rec.Host(), rec.Options(interp.Options{Info: info, Random: func(int) int { return 0 }}))
	tape := &replay.Tape{Call: "c1", Tenant: "t1", Start: info.Start, Runs: []*replay.Run{rec.End(res)}}
	data, err := new(replay.Encoder).Encode(tape)
	if err != nil {
		t.Fatal(err)
	}
	if tape, err = replay.Decode(data); err != nil {
		t.Fatal(err)
	}
	return tape
}

func calls(t *testing.T) map[string]*replay.Tape {
	t.Helper()
	press := func(key voice.Digits) []sim.Action { return []sim.Action{{After: time.Second, Press: key}} }
	answers := &interptest.MemoryHost{}
	if err := answers.Read("web https://a.example/: 200 {}"); err != nil {
		t.Fatal(err)
	}
	return map[string]*replay.Tape{
		"talks":       taped(t, press("1"), sim.FarEnd{Does: sim.Answers, After: time.Second, Talk: time.Minute}, &interptest.MemoryHost{}),
		"busy":        taped(t, press("1"), sim.FarEnd{Does: sim.IsBusy}, &interptest.MemoryHost{}),
		"sales":       taped(t, press("2"), sim.FarEnd{}, &interptest.MemoryHost{}),
		"wrong key":   taped(t, append(press("7"), sim.Action{After: 2 * time.Second, Press: "2"}), sim.FarEnd{}, &interptest.MemoryHost{}),
		"nothing":     taped(t, nil, sim.FarEnd{}, &interptest.MemoryHost{}),
		"gone":        taped(t, []sim.Action{{After: time.Second, HangUp: true}}, sim.FarEnd{}, &interptest.MemoryHost{}),
		"asks":        taped(t, press("3"), sim.FarEnd{}, answers),
		"asks nobody": taped(t, press("3"), sim.FarEnd{}, &interptest.MemoryHost{}),
	}
}

// On the flow that a call ran, it goes its way again.
func TestSameWay(t *testing.T) {
	for name, tape := range calls(t) {
		if o := replay.Replay(t.Context(), tape, nil); !o.Same || o.Left != "" {
			t.Errorf("%s: %s; left %q", name, o, o.Left)
		}
		again := map[voice.AppID]*flow.Program{"desk": compiled(t, desk)}
		if o := replay.Replay(t.Context(), tape, again); !o.Same {
			t.Errorf("%s, on the same flow compiled anew: %s", name, o)
		}
	}
}

// On a draft it is told where a call first differs and where it ends.
func TestDrafts(t *testing.T) {
	tapes := calls(t)
	draft := func(old, now string) map[voice.AppID]*flow.Program {
		text := strings.Replace(desk, old, now, 1)
		if text == desk {
			t.Fatalf("the flow has no %q", old)
		}
		return map[voice.AppID]*flow.Program{"desk": compiled(t, text)}
	}
	for _, tt := range []struct {
		name  string
		swap  map[voice.AppID]*flow.Program
		other map[string]string // calls that go another way, and how
	}{
		{"words", draft("say: menu", "say: another menu"), nil},
		{"key 2 hangs up", draft("2: sales", "2: bye"), map[string]string{"sales": `step 2 was "sales by next", is "bye`, "wrong key": `step 3 was "sales by next"`}},
		{"no key 2", draft(" 2: sales,", ""), map[string]string{"sales": `step 1 was "menu by key 2", is "menu by invalid"`, "wrong key": `step 2 was "menu by key 2", is "menu by invalid"`}},
		{"busy hangs up", draft("busy: sales", "busy: bye"), map[string]string{"busy": `step 3 was "sales by next", is "bye`}},
		{"an answer is not wanted", draft("then: sales, failed: bye", "then: bye, failed: bye"), map[string]string{"asks": `step 3 was "sales by next", is "bye`}},
		{"sales ends by itself", draft("say: sales}]}, then: bye}", "say: sales}]}}"), map[string]string{"sales": "ends elsewhere", "busy": "ends elsewhere", "wrong key": "ends elsewhere", "asks": "ends elsewhere"}},
	} {
		sum := &replay.Sum{}
		for name, tape := range tapes {
			o := replay.Replay(t.Context(), tape, tt.swap)
			sum.Add(o)
			if want, other := tt.other[name]; o.Same == other || !strings.Contains(o.String(), want) {
				t.Errorf("%s: %s: %s (left %q)", tt.name, name, o, o.Left)
			}
		}
		if sum.Calls != len(tapes) || sum.Same != len(tapes)-len(tt.other) {
			t.Errorf("%s: %s", tt.name, sum)
		}
	}
}

// What is hostile or too much does no harm.
func TestDecodeRefuses(t *testing.T) {
	for _, data := range []string{"", "x", "\x1f\x8b\x08"} {
		if _, err := replay.Decode([]byte(data)); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if o := replay.Replay(context.Background(), &replay.Tape{Full: true}, nil); o.Skipped == "" || o.Same {
		t.Errorf("a tape that is not whole: %+v", o)
	}
}
