package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// player is a call and a host that give what a tape has. As long as the run asks
// what it asked then, it gets what it got then; from there on what is most like it.
type player struct {
	run    *Run
	swap   map[voice.AppID]*flow.Program
	now    time.Time
	start  time.Time
	next   int // act of the call
	marks  int // that were given
	used   []bool
	begun  map[int]func() // of Begin, that are not over
	begins int
	events []voice.Event
	left   string // where the run first asked something else; "" = nowhere
	ended  bool
	box    *interp.Mailbox
	cancel context.CancelCauseFunc
	watch  func(byte) bool
	asks   int // acts beyond the tape
}

// mostBeyond bounds what a run may do beyond its tape.
const mostBeyond = 500

// leave notes that the run does what it did not do then.
func (p *player) leave(format string, args ...any) {
	if p.left == "" {
		p.left = fmt.Sprintf(format, args...)
	}
}

// find gives the act that answers a method, and whether it answers exactly that; nil
// when the tape has none any more.
func (p *player) find(do, key string) (a *Act, exact bool) {
	acts := p.run.Acts
	if p.next < len(acts) && acts[p.next].Do == do && acts[p.next].Key == key {
		return &acts[p.next], true
	}
	p.leave("it asks for %s", do)
	for _, same := range []bool{true, false} {
		for i := p.next; i < len(acts); i++ {
			if acts[i].Do == do && (!same || acts[i].Key == key) {
				p.next = i
				return &acts[i], same
			}
		}
	}
	return nil, false
}

// play does a method of the call by the tape. other gives what is done where the
// tape has no such act, or one that was asked something else (a).
func play[R any](p *player, ctx context.Context, do, key string, other func(a *Act) (R, error)) (R, error) {
	var got R
	a, exact := p.find(do, key)
	if !exact {
		if a != nil {
			p.next++
		}
		got, err := other(a)
		p.told()
		return got, err
	}
	p.next++
	p.now = p.start.Add(a.At + a.For)
	p.told()
	if len(a.Got) > 0 {
		if err := json.Unmarshal(a.Got, &got); err != nil {
			return got, voice.E("replay."+do, voice.Internal, err)
		}
	}
	return got, a.Err.err()
}

// told gives the marks that came until the next act began.
func (p *player) told() {
	for p.marks < len(p.run.Marks) && p.run.Marks[p.marks].Acts <= p.next {
		m := p.run.Marks[p.marks]
		p.marks++
		switch m.What {
		case "done":
			if f := p.begun[m.Begin]; f != nil {
				delete(p.begun, m.Begin)
				f()
			}
		case "key":
			if p.watch != nil && m.Key != "" {
				p.watch(m.Key[0])
			}
		case "command":
			p.command(m)
		case "cancel":
			if p.left == "" {
				p.cancel(m.Why.err())
			}
		}
	}
	if p.left != "" { // what goes on beside the call is over at once
		for n, f := range p.begun {
			delete(p.begun, n)
			f()
		}
	}
}

func (p *player) command(m Mark) {
	var c flow.Command
	if err := json.Unmarshal(m.Command, &c); err != nil {
		return
	}
	c.Key = ""
	if p.left != "" {
		c.At = ""
	}
	if put, err := p.box.Accept(c); err == nil && put != nil {
		put()
	}
}

// gone is what a caller who has no more to do on the tape does.
func (p *player) gone() error {
	p.asks++
	p.ended = true
	return voice.Errorf("replay", voice.HungUp, "the caller's part of the tape is over")
}

// pass lets time go by that the tape does not have.
func (p *player) pass(d time.Duration) { p.now = p.now.Add(d) }
