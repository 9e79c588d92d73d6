package switchboard

import (
	"context"
	"strings"
	"time"

	"tandem/internal/interp"
	"tandem/internal/voice"
)

// maxSupervisors bounds those who are with one talk or on their way to it.
const maxSupervisors = 3

// Supervise rings by, who sees the caller of the supervised call, and joins it
// to the talk of that call until either ends. It returns when by is about to be
// rung; what comes of it is on both calls' timelines. Errors: NotExist when no
// such call is up or by is unknown, Conflict when nobody is talking, Invalid
// for an unknown mode, Limit when enough others supervise the call.
func (s *Switchboard) Supervise(ctx context.Context, o Originator, t voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error {
	const op = "switchboard.Supervise"
	if !mode.Valid() {
		return voice.Errorf(op, voice.Invalid, "there is no mode %q: monitor, whisper or barge", mode)
	}
	lc, err := s.owned(op, t, id)
	if err != nil {
		return err
	}
	talk := lc.call.Talk()
	if talk == nil {
		return voice.Errorf(op, voice.Conflict, "nobody is talking on call %s", id)
	}
	info := lc.call.Info()
	c := o.NewCall(voice.CallInfo{
		ID: voice.NewCallID(time.Now()), Tenant: t, Direction: voice.Outbound,
		From: by.ID, To: info.From, Start: time.Now(), Order: voice.NewID(""),
	})
	route, err := s.route(ctx, t, by, false, c)
	if err != nil {
		return err
	}
	v := &supervision{mode: mode, who: by.String(), of: lc, talk: talk, call: c, rounds: rounds("", route),
		shows: strings.TrimSpace(info.FromName + " (" + string(mode) + ")")}
	if err := s.watch(lc, 1); err != nil {
		return err
	}
	if !s.enter(c) {
		s.watch(lc, -1)
		return voice.Errorf(op, voice.Unavailable, "the server is stopping")
	}
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: by.String() + " is called to " + string(mode) + " call " + string(id)})
	go func() { // ends with the call; enter counted it for Close
		defer s.leave(c)
		defer s.watch(lc, -1)
		s.carry(c, func() interp.Result { return s.supervise(v, c) })
	}()
	return nil
}

// supervision is somebody on the way to a talk, or with it.
type supervision struct {
	mode   voice.SuperviseMode
	who    string // in words
	of     *liveCall
	talk   voice.Talk
	call   Listener
	rounds []voice.Attempt
	shows  string // the name beside the caller's number
}

// watch counts who supervises a call.
func (s *Switchboard) watch(lc *liveCall, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc.supervisors+n > maxSupervisors {
		return voice.Errorf("switchboard.Supervise", voice.Limit, "%d others supervise the call already", lc.supervisors)
	}
	lc.supervisors += n
	return nil
}

// untilOver gives a context that ends with the talk, and what ends it before.
func (v *supervision) untilOver(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { // ends with ctx
		select {
		case <-v.talk.Over():
			cancel(voice.Errorf("switchboard.Supervise", voice.Ordered, "the talk is over"))
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func (s *Switchboard) supervise(v *supervision, c OutCall) interp.Result {
	s.open(c)
	lc := s.liveCall(c.Info().ID)
	ctx, cancel := v.untilOver(s.context(lc))
	defer cancel(nil)
	reached := s.place(ctx, c, v.rounds, voice.DialSpec{CallerName: v.shows})
	if reached.End != voice.DialCompleted {
		words := v.who + " did not come to " + string(v.mode) + ": " + reached.Words
		v.note(voice.EventSuperviseEnded, words)
		return interp.Result{Reason: voice.EndWatcherMissed, Cause: reached.Cause, Words: words}
	}
	return s.joins(lc, v)
}

// joins lets who has come hear the talk, until either ends.
func (s *Switchboard) joins(lc *liveCall, v *supervision) interp.Result {
	v.note(voice.EventSuperviseStarted, v.who+" "+modeWords(v.mode))
	err := v.call.Supervise(s.context(lc), v.talk, v.mode)
	result := interp.Result{Reason: voice.EndWatchedTalkEnd, Cause: voice.CauseNormal, Words: "the talk is over"}
	switch {
	case voice.IsKind(err, voice.HungUp):
		result.Reason, result.Words = voice.EndCallerHungUp, v.who+" hung up"
	case err != nil:
		result = s.stopped(lc, err)
	}
	v.note(voice.EventSuperviseEnded, v.who+" listens no more: "+result.Words)
	return result
}

func modeWords(m voice.SuperviseMode) string {
	switch m {
	case voice.Whisper:
		return "listens and is heard by the called party"
	case voice.Barge:
		return "listens and is heard by both"
	}
	return "listens"
}

// note puts an event on the timeline of the supervised call, and of the other.
func (v *supervision) note(k voice.EventKind, text string) {
	e := voice.Event{Kind: k, Text: text, Data: map[string]string{
		"mode": string(v.mode), "by": v.who, "call": string(v.call.Info().ID)}}
	v.of.call.Note(e)
	v.call.Note(e)
}
