package replay_test

import (
	"testing"

	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/replay"
	"tandem/internal/sim"
)

// One Encoder writes tapes of several programs, each with its own.
func TestEncoderKeepsProgramsApart(t *testing.T) {
	tapes := calls(t)
	var enc replay.Encoder
	for range 2 {
		for name, tape := range tapes {
			data, err := enc.Encode(tape)
			if err != nil {
				t.Fatal(err)
			}
			again, err := replay.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if again.Call != tape.Call || len(again.Runs) != 1 || again.Runs[0].Program.App != "desk" {
				t.Errorf("%s: read again: %+v", name, again)
			}
			if o := replay.Replay(t.Context(), again, nil); !o.Same || o.Left != "" {
				t.Errorf("%s: %s; left %q", name, o, o.Left)
			}
		}
	}
	other := &replay.Tape{Call: "c9", Runs: []*replay.Run{{
		Program: &flow.Program{App: "other"}, Programs: map[string]*flow.Program{"1": {App: "third"}},
	}}}
	data, err := enc.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	again, err := replay.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Runs[0].Program.App != "other" || again.Runs[0].Programs["1"].App != "third" {
		t.Errorf("programs read again: %+v", again.Runs[0])
	}
}

func BenchmarkEncoder(b *testing.B) {
	tape := taped(b, []sim.Action{{Press: "2"}}, sim.FarEnd{}, &interptest.MemoryHost{})
	b.ReportAllocs()
	var enc replay.Encoder
	for b.Loop() {
		if _, err := enc.Encode(tape); err != nil {
			b.Fatal(err)
		}
	}
}
