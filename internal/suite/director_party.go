package suite

import (
	"time"

	"tandem/internal/sim"
	"tandem/internal/voice"
)

// What those do who are rung.
var (
	rings  = sim.FarEnd{}
	isBusy = sim.FarEnd{Does: sim.IsBusy}
	fails  = sim.FarEnd{Does: sim.Fails}
)

// answering is how somebody answers.
type answering struct {
	after, talks time.Duration
	machine      bool
}

// stop is one try of a route.
type stop struct {
	targets []ref
	time    time.Duration
	over    bool
}

// destination gives what a sentence names.
func (d *director) destination(who ref) voice.Destination {
	if r, ok := d.file.names[who.name]; ok && who.name != "" {
		who = r
	}
	if who.kind == "" {
		return voice.Destination{Kind: voice.ToUser, ID: who.name}
	}
	return voice.Destination{Kind: who.kind, ID: who.id}
}

// target gives who rings at a destination, in words, where one does.
func (d *director) target(who ref) string {
	to := d.destination(who)
	if to.Kind == voice.ToPhones {
		to.Kind = voice.ToExtension
	}
	return to.String()
}

func (d *director) does(who ref, far sim.FarEnd) error {
	target := d.target(who)
	far.By = d.fars[target].By
	d.fars[target] = far
	d.world.Does(target, far)
	return nil
}

func (d *director) answers(who ref, a answering) error {
	far := sim.FarEnd{Does: sim.Answers, After: a.after, Talk: a.talks}
	if err := d.does(who, far); err != nil || !a.machine {
		return err
	}
	return d.isBy(who, voice.AnsweredByMachine)
}

// isBy says who somebody is who answers, or who is called.
func (d *director) isBy(who ref, by voice.AnsweredBy) error {
	d.people[who.name] = by
	if c := d.find(who.name); c != nil && who.kind == "" {
		c.sim.Script().AnsweredBy = by
		return nil
	}
	target := d.target(who)
	d.people[target] = by
	if c := d.find(target); c != nil {
		c.sim.Script().AnsweredBy = by
	}
	far := d.fars[target]
	far.By = by
	d.fars[target] = far
	if far.Does != sim.Rings {
		d.world.Does(target, far)
	}
	return nil
}

// goes makes a destination one that is not there.
func (d *director) goes(who ref) error {
	to := d.destination(who)
	d.house.missing[to.String()] = true
	if to.Kind == voice.ToApp {
		delete(d.house.programs, voice.AppID(to.ID))
	}
	return nil
}

// routes says what a destination comes to.
func (d *director) routes(who ref, list []stop) error {
	var r voice.Route
	for _, s := range list {
		a := voice.Attempt{RingTime: s.time, Disconnect: s.over}
		for _, to := range s.targets {
			if to := d.destination(to); to.Kind == voice.ToApp {
				a.App = voice.AppID(to.ID)
			} else {
				a.Targets = append(a.Targets, voice.Target(to))
			}
		}
		r.Attempts = append(r.Attempts, a)
	}
	d.house.routes[d.destination(who).String()] = r
	return nil
}

// ringsFor expects that somebody who is rung, or was last, is for so long.
func (d *director) ringsFor(who ref, t time.Duration) error {
	c, err := d.whose(ref{})
	if err != nil {
		return err
	}
	match := dialled(d, who)
	events := c.sim.Events()
	begun := -1
	for i := range events {
		if i < c.cursor && match(&events[i]) {
			begun = i
		}
	}
	if begun < 0 {
		return d.faultf("nobody rings %s", who)
	}
	e := expectation{what: d.now.text, class: classDial}
	e.match = func(v *voice.Event) bool {
		return v.Kind == voice.EventDialFailed || v.Kind == voice.EventLegAnswered || v.Kind == voice.EventLegEnded
	}
	at := events[begun].At
	if err := d.expect(&e); err != nil {
		return err
	}
	if got := c.found.Sub(at); got != t {
		return d.fault(c, e.what, who.String()+" rings for "+got.String())
	}
	return nil
}

// moves lets a queue move on.
func (d *director) moves(queue string) error {
	if !d.house.line(queue).moves() {
		return d.faultf("nobody is first in queue %s who was not put there by %q", queue, "has … ahead")
	}
	d.world.Wake()
	return nil
}
