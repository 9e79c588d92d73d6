package suite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
	"unicode/utf8"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// director does the sentences of one test. It is the first party of the world, so
// what it does at a time comes before what else happens then.
type director struct {
	ctx    context.Context
	stop   context.CancelCauseFunc
	world  *sim.World
	party  *sim.Party
	house  *house
	file   *File
	main   *flow.Program // what answers
	apps   Application   // a real application; nil = none
	seen   *Seen
	calls  []*call
	last   *call // that a sentence named last
	log    []entry
	nevers []never
	fars   map[string]sim.FarEnd // what was said of who is rung
	people map[string]voice.AnsweredBy
	now    sentence
	script *scripting // nil = it is only a test
}

// call is a call of a test.
type call struct {
	name    string // of its caller, or the target that is its first party
	info    voice.CallInfo
	sim     *sim.Call
	mailbox interp.Mailbox
	ctx     context.Context
	stop    context.CancelCauseFunc
	trace   interp.Trace
	result  interp.Result
	over    bool
	cursor  int          // events before it have been expected
	found   time.Time    // of the event expected last
	beside  []*sim.Party // questions that are not answered yet
	hurried bool         // nobody waits for them in virtual time
	data    map[string]string
	placed  *order // that began it; nil = it came in
}

// entry is a line of what happened in a test.
type entry struct {
	call  *call
	event voice.Event
}

// arrival is a call that comes in.
type arrival struct{ name, from, shown, extension, to string }

// never is what must not happen in the whole test.
type never struct {
	who   ref
	class string
	text  string
	at    sentence
}

// The numbers of who says nothing else.
const (
	DefaultFrom = "+46700000000"
	DefaultTo   = "+46850000000"
)

// arrive begins a call.
func (d *director) arrive(a arrival) error {
	if c := d.find(a.name); c != nil && !c.over {
		return d.faultf("%s is in a call already", a.name)
	}
	if len(d.calls) >= MaxCalls {
		return d.faultf("a test has %d calls at most", MaxCalls)
	}
	if d.main == nil {
		return d.faultf("there is no flow that answers calls")
	}
	from := a.from
	if from == "" && a.extension == "" {
		from = DefaultFrom
	}
	c := d.begin(a.name, voice.CallInfo{Direction: voice.Inbound, From: from, FromName: a.shown, Extension: a.extension, To: a.to})
	d.world.Go(func() { d.run(c, d.main) })
	return nil
}

// begin makes a call that nothing goes on in yet.
func (d *director) begin(name string, info voice.CallInfo) *call {
	c := &call{name: name, data: map[string]string{}}
	hash := sha256.Sum256(fmt.Appendf(nil, "%s/%d", d.house.callID, len(d.calls)+1)) // the same every time
	info.ID = voice.CallID(voice.IDOf("", [16]byte(hash[:16])))
	info.Tenant, info.Start = tenant, d.world.Now()
	c.info = info
	c.ctx, c.stop = context.WithCancelCause(d.ctx)
	d.calls = append(d.calls, c)
	d.last = c
	arrival := map[string]string{"from": info.From, "to": info.To, "direction": string(info.Direction), "extension": info.Extension, "tag": info.Tag, "order": info.Order}
	script := sim.Script{Arrival: arrival, Length: d.house.length, StorageFails: d.house.refuses["storage"], AnsweredBy: d.people[name], Refer: d.house.refer,
		Noted: func(e voice.Event) { d.noted(c, e) }, Broken: func() { c.hurry(d.world) }}
	c.sim = d.world.Call(info.ID, script)
	c.found = d.world.Now()
	return c
}

// run runs a program for a call until it is over.
func (d *director) run(c *call, p *flow.Program) {
	h := &host{house: d.house, call: c, d: d}
	res := interp.Run(c.ctx, p, c.sim, h, interp.Options{Trace: &c.trace, Info: c.info, Mailbox: &c.mailbox, Random: func(int) int { return 0 }})
	d.end(c, res)
}

func (d *director) end(c *call, res interp.Result) {
	c.result, c.over = res, true
	c.mailbox.Close("the call is over")
	c.sim.Note(voice.Event{Kind: voice.EventCallEnded, Text: "call ended as " + string(res.Cause) + ": " + res.Words, Data: map[string]string{"cause": string(res.Cause), "words": res.Words}})
}

// noted takes down an event of a call, and tells whoever waits for one.
func (d *director) noted(c *call, e voice.Event) {
	if d.script != nil {
		d.script.noted(e)
	}
	if len(d.log) < maxLog {
		d.log = append(d.log, entry{c, e})
	}
	if len(c.beside) > 0 && len(c.sim.Endings()) > 0 {
		c.hurry(d.world)
	}
	if d.apps != nil {
		d.tell(c, e)
	}
	if d.party != nil {
		d.party.Wake()
	}
}

// find gives the newest call of that name; nil when there is none.
func (d *director) find(name string) *call {
	for i := len(d.calls) - 1; i >= 0; i-- {
		if d.calls[i].name == name {
			return d.calls[i]
		}
	}
	return nil
}

// whose gives the call that a sentence is about, and takes note of it.
func (d *director) whose(who ref) (*call, error) {
	c := d.last
	switch {
	case who == ref{} && c == nil && d.main != nil:
		if err := d.arrive(arrival{name: "caller", to: DefaultTo}); err != nil {
			return nil, err
		}
		return d.last, nil
	case who == ref{} && c == nil:
		return nil, d.faultf("there is no call yet")
	case who != ref{}:
		if c = d.find(who.name); c == nil {
			if c = d.find(d.target(who)); c == nil {
				return nil, d.faultf("%s is in no call", who)
			}
		}
	}
	d.last = c
	return c, nil
}

// up gives the call of somebody who is in one.
func (d *director) up(who ref) (*call, error) {
	c, err := d.whose(who)
	if err == nil && c.over {
		err = d.faultf("the call is over: %s", c.result.Words)
	}
	return c, err
}

func (d *director) sleep(t time.Duration) { d.sleepUntil(d.world.Now().Add(t)) }

func (d *director) sleepUntil(t time.Time) {
	for d.world.Now().Before(t) && d.ctx.Err() == nil {
		d.world.Sleep(context.Background(), t)
	}
}

func (d *director) press(who ref, keys voice.Digits) error {
	d.script.think(d)
	for i := range keys {
		if i > 0 {
			d.sleep(sim.KeyGap)
		}
		c, err := d.up(who)
		if err != nil {
			return err
		}
		c.sim.Act(sim.Action{Press: keys[i : i+1]})
	}
	return nil
}

// spoken is how long it takes to say words.
func spoken(words string) time.Duration {
	return time.Duration(utf8.RuneCountInString(words)) * sim.SpeechPerCharacter
}

// speak waits until what is said is recorded, and speaks.
func (d *director) speak(who ref, t time.Duration, words string) error {
	c, err := d.up(who)
	if err != nil {
		return err
	}
	for !c.sim.Listens() {
		if c.over || !d.rest() {
			return d.faultf("nobody listens to what is said; the call is over: %s", c.result.Words)
		}
	}
	c.sim.Act(sim.Action{Speak: t, Say: words})
	d.sleep(t)
	return nil
}

// rest sleeps until something happens; false when nothing will any more.
func (d *director) rest() bool {
	d.world.Sleep(context.Background(), time.Time{})
	return !d.world.Idle()
}

func (d *director) wait(who ref, t time.Duration) error {
	if (who != ref{}) {
		if _, err := d.whose(who); err != nil {
			return err
		}
	} else if d.last == nil && d.main != nil {
		if _, err := d.whose(who); err != nil {
			return err
		}
	}
	d.sleep(t)
	return nil
}

func (d *director) hangUp(who ref) error {
	d.script.leaves(d)
	if (who != ref{}) && d.find(who.name) == nil {
		if target := d.target(who); d.find(target) == nil {
			if !d.world.HangsUp(target) {
				return d.faultf("%s is in no talk", who)
			}
			return nil
		}
	}
	c, err := d.up(who)
	if err == nil {
		c.sim.Act(sim.Action{HangUp: true})
	}
	return err
}

// finish ends what a test has left going.
func (d *director) finish() {
	for _, c := range d.calls {
		if !c.over {
			c.sim.Act(sim.Action{HangUp: true})
		}
	}
	for _, c := range d.calls {
		for !c.over && d.rest() {
		}
	}
	for _, c := range d.calls {
		c.stop(nil)
	}
}

// stopServer ends all calls as a server does that stops at once.
func (d *director) stopServer() {
	for _, c := range d.calls {
		c.stop(context.Canceled)
	}
	d.world.Wake()
}

func (d *director) setClock(t time.Time) error {
	switch {
	case len(d.calls) == 0:
		d.world.Set(t)
	case t.Before(d.world.Now()):
		return d.faultf("it is %s already", d.world.Now().Format("2006-01-02 15:04:05"))
	default:
		d.sleepUntil(t)
	}
	return nil
}
