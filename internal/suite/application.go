package suite

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Application is a real application under test, behind the vendor's API that it uses.
// Virtual time stands still while one of its methods works. All are called by the
// goroutine that runs the test, which alone may use the Control.
type Application interface {
	// Begin is called before a test, and with nil after it.
	Begin(c *Control)
	// Request asks the application. The URL may be a path of it.
	Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error)
	// Tell tells it of an event of a call, whose record comes with its end.
	Tell(e voice.Event, record *voice.CDR)
	// Still is sim.World's.
	Still() bool
	// Converse orders the call that the document under test is.
	Converse(ctx context.Context) error
}

// Control is a test as an application's API uses it.
type Control struct{ d *director }

// order is a call that an application has ordered.
type order struct {
	dialect.CallBack
	running bool // its party has answered
}

// Live gives the calls that are up.
func (c *Control) Live() []voice.LiveCall {
	var list []voice.LiveCall
	for _, x := range c.d.calls {
		if !x.over {
			l := voice.LiveCall{Info: x.info, State: voice.LiveRinging, Awaits: x.mailbox.Awaits(), Command: x.mailbox.Last(), Tag: x.info.Tag}
			if l.Answered = x.sim.Answered(); !l.Answered.IsZero() {
				l.State = voice.LiveAnswered
			}
			if x.placed == nil && c.d.main != nil {
				l.App = c.d.main.App
			}
			list = append(list, l)
		}
	}
	return list
}

// Waits reports whether a call waits for commands.
func (c *Control) Waits() bool {
	return slices.ContainsFunc(c.d.calls, func(x *call) bool { return !x.over && x.mailbox.Awaits() != "" })
}

func (c *Control) call(id voice.CallID) (*call, error) {
	for _, x := range c.d.calls {
		if x.info.ID == id && !x.over {
			return x, nil
		}
	}
	return nil, voice.Errorf("suite.Control", voice.NotExist, "call %s is not up", id)
}

// Command is as dialect.Commander's.
func (c *Control) Command(id voice.CallID, cmd flow.Command) error {
	const op = "suite.Command"
	x, err := c.call(id)
	if err != nil {
		return err
	}
	cmd.Mode = cmp.Or(cmd.Mode, voice.CommandNext)
	if cmd.Program == nil {
		return voice.InvalidField(op, "program", "there is nothing to do")
	}
	if bad, is := flow.Validate(cmd.Program).FirstError(); is {
		return voice.InvalidField(op, "program", "%s", bad)
	}
	if x.placed != nil && !x.placed.running {
		return voice.Errorf(op, voice.Conflict, "call %s has no party yet", id)
	}
	cmd.Program = c.d.seen.same(cmd.Program)
	put, err := x.mailbox.Accept(cmd)
	if err != nil || put == nil {
		return err
	}
	x.ordered("command ("+string(cmd.Mode)+"): "+cmp.Or(cmd.Text, cmd.Program.Name), string(cmd.Mode), cmd.Data)
	put()
	c.d.world.Wake()
	return nil
}

func (x *call) ordered(text, order string, data map[string]string) {
	all := map[string]string{"order": order}
	maps.Copy(all, data)
	x.sim.Note(voice.Event{Kind: voice.EventCallOrdered, Text: text, Data: all})
}

// Hangup ends a call.
func (c *Control) Hangup(id voice.CallID, words string) error {
	x, err := c.call(id)
	if err == nil {
		x.stop(voice.Errorf("suite.Hangup", voice.Ordered, "%s", words))
		c.d.world.Wake()
	}
	return err
}

// Taped gives the recording of a whole call, for orders about it.
func (c *Control) Taped(id voice.CallID) (voice.Taper, error) {
	x, err := c.call(id)
	if err != nil {
		return nil, err
	}
	return x.sim, nil
}

// Note puts a word on the timeline of a call, also of one that is over.
func (c *Control) Note(id voice.CallID, e voice.Event) {
	for _, x := range c.d.calls {
		if x.info.ID == id {
			x.sim.Note(e)
		}
	}
}

// Originate orders a call.
func (c *Control) Originate(cb dialect.CallBack) (voice.CallID, error) {
	d := c.d
	if len(d.calls) >= MaxCalls {
		return "", voice.Errorf("suite.Originate", voice.Limit, "a test has %d calls at most", MaxCalls)
	}
	route, err := d.house.route(cb.First)
	if err != nil {
		return "", err
	}
	if cb.Program == nil {
		cb.Program = &flow.Program{Name: "call-back", Entry: "second", Nodes: []flow.Node{{ID: "second", Step: flow.Dial{To: cb.Second, CallerID: cb.ShowSecond}}}}
	}
	cb.Program = d.seen.same(cb.Program)
	info := voice.CallInfo{Direction: voice.Outbound, From: cb.First.ID, To: cmp.Or(cb.Second.ID, string(cb.Program.App)), Tag: cb.Tag, Order: cb.Order}
	x := d.begin(d.target(ref{kind: cb.First.Kind, id: cb.First.ID}), info)
	x.placed = &order{CallBack: cb}
	if len(cb.Data) > 0 {
		x.ordered("ordered by "+cb.App, "call", cb.Data)
	}
	d.world.Go(func() { d.place(x, route) })
	return x.info.ID, nil
}

// place rings the first party of an ordered call, and runs its program.
func (d *director) place(c *call, route voice.Route) {
	cb := &c.placed.CallBack
	res := voice.DialResult{Cause: voice.CauseUnavailable, Words: "there is no phone to ring"}
	for _, a := range route.Attempts {
		if len(a.Targets) == 0 {
			continue
		}
		r, err := c.sim.Place(c.ctx, voice.DialSpec{Targets: a.Targets, RingTime: cmp.Or(cb.RingFirst, a.RingTime), CallerID: cb.ShowFirst, Text: cmp.Or(a.Text, cb.First.String())})
		if err != nil {
			d.unreached(c, voice.CauseCancelled, voice.Reason(err))
			return
		}
		if res = r; r.End == voice.DialCompleted {
			break
		}
	}
	if res.End != voice.DialCompleted {
		d.unreached(c, res.Cause, "the first party was not reached: "+res.Words)
		return
	}
	c.placed.running = true
	if longest := cb.MaxDuration; longest > 0 {
		d.world.After(longest, func() {
			if !c.over {
				c.stop(voice.Errorf("suite.place", voice.Limit, "the longest time of %s for the call is over", longest))
			}
		})
	}
	d.run(c, cb.Program)
}

func (d *director) unreached(c *call, cause voice.Cause, words string) {
	_ = c.sim.Hangup(c.ctx, cause, words) // nobody is on it
	d.end(c, interp.Result{Cause: cause, Words: words})
}

// tell tells the application of an event.
func (d *director) tell(c *call, e voice.Event) {
	e.Tenant = tenant
	var record *voice.CDR
	if e.Kind == voice.EventCallEnded {
		record = d.record(c)
	}
	d.apps.Tell(e, record)
}

// record is what is kept of a call.
func (d *director) record(c *call) *voice.CDR {
	r := c.sim.CDR(c.info, c.placed != nil, c.result.Cause, c.result.Words)
	if c.placed == nil && d.main != nil {
		r.App = d.main.App
	}
	return r
}

// applicationSentence reads what is asked of a real application by the test itself:
// "application is asked [POST] /start [BODY]".
func applicationSentence(w *words) (action, bool) {
	switch {
	case w.take("conversation begins"):
		return func(d *director) error {
			if d.apps == nil {
				return d.faultf("there is no conversation; the test has to be of a Routee flow")
			}
			if err := d.apps.Converse(d.ctx); err != nil {
				return d.faultf("%s", voice.Reason(err))
			}
			return nil
		}, true
	case !w.take("application is asked"):
		return nil, false
	}
	r := voice.HTTPRequest{Method: "GET", Timeout: 10 * time.Second, Tenant: tenant}
	if slices.Contains(methods, w.peek()) {
		r.Method = strings.ToUpper(w.text(""))
	}
	r.URL = w.text("the path")
	if !w.over() {
		r.Body = []byte(w.rest("the body"))
		r.Type = "application/x-www-form-urlencoded"
		if strings.HasPrefix(string(r.Body), "{") {
			r.Type = "application/json"
		}
	}
	return func(d *director) error {
		if d.apps == nil {
			return d.faultf("there is no application; --app or --run names one")
		}
		a, err := d.apps.Request(d.ctx, r)
		switch {
		case err != nil:
			return d.faultf("%s", voice.Reason(err))
		case a.Status > 299:
			return d.faultf("the application answers with status %d", a.Status)
		}
		return nil
	}, true
}
