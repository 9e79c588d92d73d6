package switchboard

import (
	"context"
	"math/rand/v2"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/replay"
)

// prepared gives a run of a flow, and what takes down what it is told; nil where no
// tapes are kept.
func (s *Switchboard) prepared(ctx context.Context, lc *liveCall, do *activity) (func(context.Context) interp.Result, *replay.Recorder) {
	c := lc.call
	call, h := &line{Call: c, s: s, live: lc, do: do}, &host{s: s, call: c, do: do}
	o := interp.Options{Info: c.Info(), Mailbox: &lc.mailbox}
	if s.cfg.Tapes == nil {
		return interp.Prepare(do.program, call, h, o), nil
	}
	rec := replay.New(ctx, do.program, call, h, o.Info)
	s.mu.Lock()
	lc.recorder = rec
	s.mu.Unlock()
	o.Random = rand.IntN
	return interp.Prepare(do.program, rec.Call(), rec.Host(), rec.Options(o)), rec
}

// takenDown puts a run that is over on the tape of its call.
func (s *Switchboard) takenDown(lc *liveCall, rec *replay.Recorder, res interp.Result) {
	run, info := rec.End(res), lc.call.Info()
	s.mu.Lock()
	defer s.mu.Unlock()
	lc.recorder = nil
	if lc.tape == nil {
		lc.tape = &replay.Tape{Call: info.ID, Tenant: info.Tenant, Start: info.Start}
	}
	if run == nil || lc.tape.Full {
		lc.tape.Runs, lc.tape.Full = nil, true
		return
	}
	lc.tape.Runs = append(lc.tape.Runs, run)
}

// takeDown puts an order on the tape of the run that gets it.
func (s *Switchboard) takeDown(lc *liveCall, c flow.Command) {
	s.mu.Lock()
	rec := lc.recorder
	s.mu.Unlock()
	if rec != nil {
		rec.Command(c)
	}
}

// handTape hands the tape of a call on that is over.
func (s *Switchboard) handTape(lc *liveCall) {
	s.mu.Lock()
	t := lc.tape
	lc.tape = nil
	s.mu.Unlock()
	if t != nil && s.cfg.Tapes != nil {
		s.cfg.Tapes(t)
	}
}
