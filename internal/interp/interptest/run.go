package interptest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Outcome is what came of a scenario.
type Outcome struct {
	Result interp.Result
	Call   *sim.Call
	Trace  interp.Trace
}

// Run runs p against a simulated call with the scenario that script takes down,
// and reports to t what is not as expected, with the timeline.
func Run(t testing.TB, p *flow.Program, h interp.Host, script func(*Caller)) *Outcome {
	t.Helper()
	c := &Caller{}
	script(c)
	return c.run(t, p, h)
}

func (c *Caller) run(t testing.TB, p *flow.Program, h interp.Host) *Outcome {
	t.Helper()
	c.flush()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.stop = cancel
	o := &Outcome{Call: sim.New(c.script)}
	c.call = o.Call
	memory, _ := h.(*MemoryHost)
	if memory != nil {
		memory.hears = o.Call.Said
		c.memory = memory
	}
	o.Result = interp.Run(ctx, p, o.Call, h, interp.Options{Trace: &o.Trace, Info: c.caller(), Mailbox: &c.mailbox, Random: func(int) int { return 0 }})
	faults := c.check(o)
	if memory != nil {
		faults = append(faults, c.checkOutside(memory)...)
	}
	if len(faults) > 0 {
		t.Errorf("%s\ntimeline:\n%s", strings.Join(faults, "\n"), Timeline(o.Call.Events()))
	}
	return o
}

// check compares the timeline with what is expected.
func (c *Caller) check(o *Outcome) []string {
	var faults []string
	events := o.Call.Events()
	from, found := 0, 0
	for _, e := range c.expects {
		if e.when {
			if at := events[found].At.Sub(events[0].At); at != e.at {
				faults = append(faults, fmt.Sprintf("%s: %q was at %v", e.says, events[found].Text, at))
			}
			continue
		}
		i := find(events, from, e)
		if i < 0 {
			faults = append(faults, fmt.Sprintf("%s: not found after %q", e.says, events[found].Text))
			break
		}
		found, from = i, i+1
	}
	for _, e := range c.never {
		if i := find(events, 0, e); i >= 0 {
			faults = append(faults, fmt.Sprintf("%s: found %q", e.says, events[i].Text))
		}
	}
	if n := len(o.Call.Endings()); n != 1 {
		faults = append(faults, fmt.Sprintf("the call ended %d times, not once", n))
	}
	if c.ends != nil && (o.Result.Cause != c.ends.cause || !holds(o.Result.Words, c.ends.words)) {
		faults = append(faults, fmt.Sprintf("ended %s %q, not %s %q", o.Result.Cause, o.Result.Words, c.ends.cause, c.ends.words))
	}
	if left := o.Call.Pending(); len(left) > 0 {
		faults = append(faults, fmt.Sprintf("the caller never came to %d of the actions, first %+v", len(left), left[0]))
	}
	return faults
}

// checkOutside compares what was asked of the outside with what is expected.
func (c *Caller) checkOutside(h *MemoryHost) []string {
	var faults []string
	from := 0
	for _, text := range c.outside {
		i := from
		for i < len(h.Done) && !holds(h.Done[i], text) {
			i++
		}
		if i == len(h.Done) {
			faults = append(faults, fmt.Sprintf("outside %s: not found in\n\t%s", text, strings.Join(h.Done, "\n\t")))
			continue
		}
		from = i + 1
	}
	for id, l := range h.lines {
		if l.in {
			faults = append(faults, "the caller is still in queue "+id)
		}
	}
	return faults
}

func find(events []voice.Event, from int, e expect) int {
	for i := from; i < len(events); i++ {
		v := &events[i]
		if e.kind != "" && v.Kind != e.kind || e.data[0] != "" && v.Data[e.data[0]] != e.data[1] {
			continue
		}
		if holds(v.Text, e.text) {
			return i
		}
	}
	return -1
}

func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// Timeline prints events, one a line: seconds since the first, kind, place, text.
func Timeline(events []voice.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%9.3f  %-18s %s", e.At.Sub(events[0].At).Seconds(), e.Kind, e.Text)
		if e.Origin.Pointer != "" {
			fmt.Fprintf(&b, "  [%s]", e.Origin.Pointer)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// longer wraps a table of prompt lengths with one more entry.
func longer(old func(voice.Prompt) (time.Duration, error), text string, d time.Duration) func(voice.Prompt) (time.Duration, error) {
	if old == nil {
		old = sim.PromptLength
	}
	return func(p voice.Prompt) (time.Duration, error) {
		switch {
		case !holds(p.String(), text):
			return old(p)
		case d < 0:
			return 0, voice.Errorf("interptest.Sounds", voice.NotExist, "it does not exist")
		}
		return d, nil
	}
}
