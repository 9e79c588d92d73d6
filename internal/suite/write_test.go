package suite_test

import (
	"strings"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/suite"
)

// What is written reaches every exit, passes, and says so when it is run again.
func TestWriteMissing(t *testing.T) {
	f, faults := suite.Parse("office.test", []byte("clock 2026-11-26 10:30 Europe/Stockholm\ntest begins\n  hears Welcome\n"))
	if len(faults) > 0 {
		t.Fatal(faults[0])
	}
	setup := suite.Setup{Main: program(t, office)}
	var c suite.Coverage
	for _, r := range setup.RunAll(t.Context(), f) {
		c.Add(r)
	}
	before := c.Of(setup.Main)
	if before.Steps.Seen != 2 || before.Exits.Seen != 1 || len(before.Missing) < 20 {
		t.Errorf("one greeting reaches steps %v, exits %v", before.Steps, before.Exits)
	}
	w := setup.WriteMissing(t.Context(), f, &c)
	for _, g := range w.Left {
		t.Errorf("left: %s %s", g.Node, g.Text)
	}
	all := c.Of(setup.Main)
	if all.Exits.Seen != all.Exits.All || all.TimeOuts.Seen != all.TimeOuts.All || all.TimeOuts.All == 0 {
		t.Errorf("steps %v, exits %v, time-outs %v", all.Steps, all.Exits, all.TimeOuts)
	}
	text := "clock 2026-11-26 10:30 Europe/Stockholm\n" + strings.Join(w.Tests, "\n")
	again, faults := suite.Parse("office.test", []byte(text))
	if len(faults) > 0 {
		t.Fatal(faults[0], text)
	}
	var second suite.Coverage
	for _, r := range setup.RunAll(t.Context(), again) {
		second.Add(r)
		if !r.Passed {
			t.Errorf("%s: %v", r.Name, r.Fault)
		}
	}
	if len(setup.WriteMissing(t.Context(), again, &second).Tests) > 0 {
		t.Error("there was more to write")
	}
	if strings.Contains(text, "speech \\\"") || !strings.Contains(text, `hears "Leave a message." `) && !strings.Contains(text, `hears "Leave a message."`) {
		t.Errorf("not as a person would write it:\n%s", text)
	}
	// What is changed is noticed.
	for _, change := range [][2]string{
		{"first_digit: 5s", "first_digit: 8s"}, {"1: anna, 2", "2"}, {"ring_time: 20s", "ring_time: 25s"}, {"{user: anna", "{user: bert"},
		{"play: [{say: Leave a message.}]", "play: []"}, {"silence: 3s", "silence: 4s"}, {`from: "08:00"`, `from: "11:00"`},
		{"max_wait: 2m", "max_wait: 3m"}, {"room: board", "room: attic"}, {"timeout: 5s", "timeout: 5s, method: POST"}, {"email: anna", "email: bert"},
	} {
		text := strings.Replace(office, change[0], change[1], 1)
		if text == office {
			t.Fatalf("%q is not in the flow", change[0])
		}
		noticed := false
		for _, r := range (suite.Setup{Main: program(t, text)}).RunAll(t.Context(), again) {
			noticed = noticed || !r.Passed
		}
		if !noticed {
			t.Errorf("nobody notices %q for %q", change[1], change[0])
		}
	}
}

// What no way leads to is neither counted nor missed.
func TestCoverLeavesOutWhatNothingLeadsTo(t *testing.T) {
	p := program(t, office)
	p.Nodes = append(p.Nodes, flow.Node{ID: "island", Step: flow.Hangup{}})
	var c suite.Coverage
	for _, g := range c.Of(p).Missing {
		if g.Node == "island" {
			t.Error(g)
		}
	}
}
