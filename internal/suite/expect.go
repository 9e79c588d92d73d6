package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Classes of what can be expected: what is told as the actual is of the same.
const (
	classHear    = "hear"
	classDial    = "dial"
	classTalk    = "talk"
	classApp     = "app"
	classQueue   = "queue"
	classRoom    = "room"
	classRecord  = "record"
	classMessage = "message"
	classOutside = "outside"
	classError   = "error"
	classEnd     = "end"
	classAny     = ""
)

// matcher says whether an event is what is expected.
type matcher func(*voice.Event) bool

// expectation is an event that has to come.
type expectation struct {
	who    ref
	what   string // as it is told
	class  string
	text   string
	match  matcher
	out    bool // the prompt has to end, too
	next   bool // no other prompt may come before it
	timed  bool
	later  time.Duration // since what was expected before
	silent bool
	quiet  time.Duration // since the last sound or key
}

// Fault is why a test fails.
type Fault struct {
	Line     int    `json:"line"`
	Col      int    `json:"column"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	at       int    // entries of the log before it
}

func (f *Fault) Error() string { return "expected: " + f.Expected + "; actual: " + f.Actual }

// faultf is a sentence that can't be done.
func (d *director) faultf(format string, args ...any) error {
	return &Fault{Line: d.now.line, Col: d.now.col, Expected: d.now.text, Actual: fmt.Sprintf(format, args...), at: len(d.log)}
}

// fault is an expectation that is not met.
func (d *director) fault(c *call, expected, actual string) error {
	f := &Fault{Line: d.now.line, Col: d.now.col, Expected: expected, Actual: actual}
	seen := 0
	for i := range d.log {
		if d.log[i].call == c {
			if seen++; seen <= c.cursor {
				f.at = i + 1
			}
		}
	}
	return f
}

// expect waits for what is expected.
func (d *director) expect(e *expectation) error {
	first, err := d.whose(e.who)
	if err != nil {
		return err
	}
	looked := 0 // at events of the first call: a call that goes in circles has many
	for {
		for _, c := range d.among(first, e) {
			events := c.sim.Events()
			from := c.cursor
			if c == first {
				from, looked = max(from, looked), len(events)
			}
			for i := from; i < len(events); i++ {
				if e.match(&events[i]) {
					return d.came(c, i, e)
				}
			}
		}
		if (first.over && len(d.among(first, e)) == 1) || !d.rest() {
			return d.missed(first, e)
		}
	}
}

// among gives the calls that an event may be on.
func (d *director) among(first *call, e *expectation) []*call {
	if (e.who != ref{}) || e.class != classMessage && e.class != classOutside {
		return []*call{first}
	}
	list := []*call{first}
	for _, c := range d.calls {
		if c != first {
			list = append(list, c)
		}
	}
	return list
}

// came takes the i-th event of c for what was expected.
func (d *director) came(c *call, i int, e *expectation) error {
	event := c.sim.Events()[i]
	if e.next {
		for _, other := range c.sim.Events()[c.cursor:i] {
			if other.Kind == voice.EventPromptStarted {
				return d.fault(c, "then "+e.what, plain(&other))
			}
		}
	}
	since, quiet := c.found, quietBefore(c.sim.Events(), i)
	c.cursor, c.found = i+1, event.At
	d.last = c
	if got := event.At.Sub(since); e.timed && got != e.later {
		return d.fault(c, e.what+" "+e.later.String()+" later", e.what+" "+got.String()+" later")
	}
	if e.silent && quiet != e.quiet {
		return d.fault(c, e.what+" after "+e.quiet.String()+" of silence", e.what+" after "+quiet.String()+" of silence")
	}
	if !e.out {
		return nil
	}
	for {
		events := c.sim.Events()
		for j := c.cursor; j < len(events); j++ {
			if k := events[j].Kind; k == voice.EventPromptFinished || k == voice.EventPromptCut {
				c.cursor, c.found = j+1, events[j].At
				if k == voice.EventPromptCut {
					return d.fault(c, e.what, events[j].Text)
				}
				return nil
			}
		}
		if !d.rest() {
			return d.missed(c, e)
		}
	}
}

// quietBefore is how long nothing sounded and no key came before an event.
func quietBefore(events []voice.Event, i int) time.Duration {
	for j := i - 1; j >= 0; j-- {
		switch events[j].Kind {
		case voice.EventPromptFinished, voice.EventPromptCut, voice.EventDigit, voice.EventCallArrived, voice.EventBridgeEnded, voice.EventRecordingFinished, voice.EventDialFailed:
			return events[i].At.Sub(events[j].At)
		}
	}
	return 0
}

// missed says what came instead of what was expected.
func (d *director) missed(c *call, e *expectation) error {
	events := c.sim.Events()
	actual := "nothing more happens"
	for _, class := range []string{e.class, classEnd} {
		for i := c.cursor; i < len(events); i++ {
			if classOf(&events[i]) == class {
				return d.fault(c, e.what, plain(&events[i]))
			}
		}
	}
	return d.fault(c, e.what, actual)
}

func (d *director) never(who ref, class, text string) {
	d.nevers = append(d.nevers, never{who, class, text, d.now})
}

// checkNevers looks for what must not have happened.
func (d *director) checkNevers() *Fault {
	for _, n := range d.nevers {
		only := d.find(n.who.name)
		for i, e := range d.log {
			if (n.who != ref{}) && e.call != only || n.class != classAny && classOf(&e.event) != n.class {
				continue
			}
			if holds(e.event.Text, n.text) {
				return &Fault{Line: n.at.line, Col: n.at.col, Expected: n.at.text, Actual: plain(&e.event), at: i}
			}
		}
	}
	return nil
}

// silence expects that nothing sounds for a while.
func (d *director) silence(who ref, t time.Duration) error {
	c, err := d.up(who)
	if err != nil {
		return err
	}
	sounds := ""
	for _, e := range c.sim.Events() {
		switch e.Kind {
		case voice.EventPromptStarted:
			sounds = plain(&e)
		case voice.EventPromptFinished, voice.EventPromptCut:
			sounds = ""
		}
	}
	if sounds != "" {
		return d.faultf("%s", sounds)
	}
	from := len(c.sim.Events())
	d.sleep(t)
	for _, e := range c.sim.Events()[from:] {
		if e.Kind == voice.EventPromptStarted {
			return d.faultf("%s", plain(&e))
		}
	}
	return nil
}

func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func says(parts ...string) matcher {
	return func(e *voice.Event) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !holds(e.Text, p) })
	}
}

func kindIs(k voice.EventKind) matcher { return func(e *voice.Event) bool { return e.Kind == k } }

func kindSays(k voice.EventKind, text string) matcher {
	return func(e *voice.Event) bool { return e.Kind == k && holds(e.Text, text) }
}

func prompt(text string) matcher { return kindSays(voice.EventPromptStarted, text) }

func entered(app string) matcher {
	return func(e *voice.Event) bool {
		return e.Kind == voice.EventAppEntered && (e.Data["app"] == app || holds(e.Data["name"], app))
	}
}

func room(k voice.EventKind, name string) matcher {
	return func(e *voice.Event) bool { return e.Kind == k && e.Data["room"] == name }
}

// dialled matches a dial that somebody is rung by.
func dialled(d *director, to ref) matcher {
	target, whole := d.target(to), d.destination(to).String()
	return func(e *voice.Event) bool {
		switch {
		case e.Kind == voice.EventDialStarted:
			return slices.Contains(strings.Split(e.Data["to"], ", "), target) || strings.HasPrefix(e.Text, "dialling "+whole+" ")
		case e.Kind == voice.EventTransferStarted && e.Data["how"] == string(flow.TransferByRefer):
			return e.Data["to"] == target
		}
		return false
	}
}

func connected(d *director, to ref) matcher {
	target := d.target(to)
	return func(e *voice.Event) bool { return e.Kind == voice.EventLegAnswered && e.Data["with"] == target }
}

func ended(cause voice.Cause, words string) matcher {
	return func(e *voice.Event) bool {
		return e.Kind == voice.EventCallEnded && (cause == "" || e.Data["cause"] == string(cause)) && holds(e.Data["words"], words)
	}
}

func asked(method, url, with string) matcher {
	return func(e *voice.Event) bool {
		return e.Kind == eventAsked && (method == "" || e.Data["method"] == method) && strings.HasPrefix(e.Data["url"], url) && holds(e.Text, with)
	}
}

// messageFor matches a message that is stored for somebody: a user, an address, or a
// name of a mailbox.
func (d *director) messageFor(who ref) matcher {
	to := d.destination(who)
	return func(e *voice.Event) bool {
		return e.Kind == voice.EventMessageStored &&
			slices.Contains([]string{e.Data["user"], e.Data["email"], e.Data["mailbox"]}, to.ID)
	}
}
