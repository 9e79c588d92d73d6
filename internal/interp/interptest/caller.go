// Package interptest is a language for testing call flows in virtual time: what
// the caller does (hear, press, wait, hang up), what the far ends do, and what
// must then stand on the timeline, in order. It comes as methods of Caller and
// as text, one sentence a line, for testdata.
//
// It is for tests only and knows no vendor. A scenario is written down whole
// before it runs, so nothing waits for anything: package sim carries it out in
// virtual time and the timeline is compared afterwards. No goroutine is started
// but for an outside that is told to wait, and the run waits for that; a Caller
// belongs to one test.
package interptest

import (
	"time"
	"unicode/utf8"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Caller takes down a scenario. What a caller does happens in the order of the
// methods called, each after the one before; what is expected must be found on
// the timeline in the order of the methods called, too.
type Caller struct {
	script  sim.Script
	stop    func()   // makes the server stop
	host    []string // what the host is like in this scenario alone
	expects []expect
	never   []expect
	ends    *ending
	outside []string // what must be asked of the outside
	info    voice.CallInfo
	memory  *MemoryHost // of the run
	call    *sim.Call   // of the run
	mailbox interp.Mailbox
	// next is the action that the next doing completes: set by After, Hears, During.
	next sim.Action
}

// expect is an event that must be found.
type expect struct {
	says string // the line as its author wrote it
	at   time.Duration
	when bool // the event found before must have been at at
	kind voice.EventKind
	data [2]string // a member of Data and its value, or none
	text string
}

type ending struct {
	cause voice.Cause
	words string
}

// Hears waits until a prompt begins whose words hold text, and expects it.
func (c *Caller) Hears(text string) { c.hear(text, false, "hears "+text) }

// HearsOut waits until such a prompt has ended.
func (c *Caller) HearsOut(text string) { c.hear(text, true, "hears out "+text) }

func (c *Caller) hear(text string, out bool, says string) {
	c.flush()
	c.script.Caller = append(c.script.Caller, sim.Action{Hear: text, ToEnd: out})
	c.expects = append(c.expects, expect{says: says, kind: voice.EventPromptStarted, text: text})
}

// Waits lets d pass before what the caller does next.
func (c *Caller) Waits(d time.Duration) {
	c.flush()
	c.next.After = d
}

// Presses presses keys, sim.KeyGap apart.
func (c *Caller) Presses(keys voice.Digits) { c.do(sim.Action{Press: keys}) }

// Speaks speaks for d.
func (c *Caller) Speaks(d time.Duration) { c.do(sim.Action{Speak: d}) }

// Says says words, as long as sim.SpeechPerCharacter makes them.
func (c *Caller) Says(words string) {
	c.do(sim.Action{Speak: time.Duration(utf8.RuneCountInString(words)) * sim.SpeechPerCharacter, Say: words})
}

// Starts sets when the call arrives.
func (c *Caller) Starts(at time.Time) { c.script.Start = at }

// Is says who calls: number, name and, for one of the account, the extension.
func (c *Caller) Is(number, name, extension string) {
	c.info.From, c.info.FromName, c.info.Extension = number, name, extension
}

// caller is what is known of the call.
func (c *Caller) caller() voice.CallInfo {
	i := c.info
	i.ID, i.Tenant, i.To = "sim", "1", "+46850000000"
	return i
}

// OutsideAnswers lets whoever waits for the outside have the answer then.
func (c *Caller) OutsideAnswers() {
	c.do(sim.Action{Do: func() {
		if c.memory != nil {
			c.memory.Answers()
		}
	}})
}

// QueueMoves lets whoever is first in a queue leave it then.
func (c *Caller) QueueMoves(id string) {
	c.do(sim.Action{Do: func() {
		if c.memory != nil {
			c.memory.Moves(id)
		}
	}})
}

// Commands lets a command come that has the program of an app of the host. What
// becomes of it is among what was asked of the outside: "command taken", "command
// taken before" or "command refused: …".
func (c *Caller) Commands(cmd flow.Command, app voice.AppID) {
	c.do(sim.Action{Do: func() {
		if c.memory != nil {
			cmd.Program = c.memory.Programs[app]
			c.give(cmd)
		}
	}})
}

// Orders lets a command of the host's Orders come, and has it noted with its data.
func (c *Caller) Orders(name string) {
	c.do(sim.Action{Do: func() {
		if c.memory != nil {
			c.give(c.memory.Orders[name])
		}
	}})
}

func (c *Caller) give(cmd flow.Command) {
	put, err := c.mailbox.Accept(cmd)
	switch {
	case err != nil:
		c.memory.done("command refused: %s", voice.Reason(err))
	case put == nil:
		c.memory.done("command taken before")
	default:
		c.memory.done("command taken")
		if cmd.Data != nil {
			c.call.Note(voice.Event{Kind: voice.EventCallOrdered, Text: cmd.Text, Data: cmd.Data})
		}
		put()
	}
}

// Outside expects that something is asked of the outside whose words hold text
// (see MemoryHost.Done), after what was expected of it before.
func (c *Caller) Outside(text string) { c.outside = append(c.outside, text) }

// HangsUp hangs up.
func (c *Caller) HangsUp() { c.do(sim.Action{HangUp: true}) }

// ServerStops cancels the run's context then.
func (c *Caller) ServerStops() { c.do(sim.Action{Do: func() { c.stop() }}) }

func (c *Caller) do(a sim.Action) {
	a.After = c.next.After
	c.next = sim.Action{}
	c.script.Caller = append(c.script.Caller, a)
}

// flush writes down a wait that nothing followed.
func (c *Caller) flush() {
	if c.next.After > 0 {
		c.do(sim.Action{})
	}
}

// Far says what a far end does: "extension 101".
func (c *Caller) Far(target string, far sim.FarEnd) {
	if c.script.Far == nil {
		c.script.Far = map[string]sim.FarEnd{}
	}
	c.script.Far[target] = far
}

// Room says what a conference room does.
func (c *Caller) Room(name string, r sim.Room) {
	if c.script.Rooms == nil {
		c.script.Rooms = map[string]sim.Room{}
	}
	c.script.Rooms[name] = r
}

// Sounds gives the prompts whose words hold text a length of d; a negative d
// makes them impossible to play.
func (c *Caller) Sounds(text string, d time.Duration) {
	c.script.Length = longer(c.script.Length, text, d)
}

// AnsweredBy says who the caller, or the first party, is.
func (c *Caller) AnsweredBy(by voice.AnsweredBy) { c.script.AnsweredBy = by }

// Refer says what comes of a transfer by the caller's own side.
func (c *Caller) Refer(r sim.Referred) { c.script.Refer = r }

// StorageFails makes every recording fail.
func (c *Caller) StorageFails() { c.script.StorageFails = true }

// IsDialled expects that a dial is begun whose words hold text: "user 55".
func (c *Caller) IsDialled(text string) {
	c.expect(expect{says: "dials " + text, kind: voice.EventDialStarted, text: text})
}

// Enters expects that an app is entered whose name holds text.
func (c *Caller) Enters(text string) {
	c.expect(expect{says: "enters " + text, kind: voice.EventAppEntered, text: text})
}

// Steps expects a word of the interpreter that holds text: "menu: key 1".
func (c *Caller) Steps(text string) {
	c.expect(expect{says: "step " + text, kind: voice.EventStep, text: text})
}

// Notes expects an event of kind whose text holds text.
func (c *Caller) Notes(kind voice.EventKind, text string) {
	c.expect(expect{says: "notes " + string(kind) + " " + text, kind: kind, text: text})
}

// Errs expects a flow error whose words hold text.
func (c *Caller) Errs(text string) {
	c.expect(expect{says: "error " + text, kind: voice.EventFlowError, text: text})
}

// Delivers expects that a message is delivered to a mailbox whose words hold text.
func (c *Caller) Delivers(text string) {
	c.expect(expect{says: "delivers " + text, kind: voice.EventStep, data: [2]string{"exit", "next"}, text: text + ": done"})
}

// At expects the event found last to be d after the arrival of the call.
func (c *Caller) At(d time.Duration) {
	c.expect(expect{says: "at " + d.String(), at: d, when: true})
}

// Never expects that no event of the whole call says text.
func (c *Caller) Never(text string) {
	c.never = append(c.never, expect{says: "never " + text, text: text})
}

// EndsBecause expects the run's result: its cause, and words that hold words.
func (c *Caller) EndsBecause(cause voice.Cause, words string) {
	c.ends = &ending{cause: cause, words: words}
}

func (c *Caller) expect(e expect) {
	c.flush()
	c.expects = append(c.expects, e)
}
