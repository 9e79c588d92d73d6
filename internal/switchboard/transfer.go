package switchboard

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// maxTransfers bounds how often a call goes on elsewhere by its parties' wish, so
// that telephones which transfer to each other come to an end.
const maxTransfers = 20

// transfer is one that a party of the call wished, or what has its form.
type transfer struct {
	by     voice.LegID          // who is put aside until the result is known; "" = whom the first party talked with
	who    voice.Target         // the same
	to     string               // whom it is to, in words
	answer voice.ReferralAnswer // nil = somebody else ordered it
}

// tell says what came of it to who wished it; any cause but normal is a failure.
func (x *transfer) tell(cause voice.Cause) {
	if x.answer != nil {
		x.answer.Accept() // if that has not been said
		x.answer.Result(cause)
	}
}

func (s *Switchboard) moving(lc *liveCall) *transfer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return lc.moving
}

func (s *Switchboard) setMoving(lc *liveCall, x *transfer) (before *transfer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, lc.moving = lc.moving, x
	return before
}

// begin puts who wished a transfer aside and gives what the call does next.
func (s *Switchboard) begin(lc *liveCall, o *order) (*activity, interp.Result) {
	s.setMoving(lc, o.transfer)
	if err := lc.call.(Mover).PutAside(o.transfer.by); err != nil {
		words := "the party that was to be transferred has hung up"
		s.failed(lc, voice.CauseCancelled, words)
		if o.to.joins != nil {
			o.to.joins.leave(words)
		}
		return nil, interp.Result{Reason: voice.EndPartnerGone, Cause: voice.CauseNormal, Words: words}
	}
	s.setApp(lc.call.Info().ID, o.to.program.App)
	if !o.to.rings() {
		s.reached(lc)
	}
	return o.to, interp.Result{}
}

// rings reports whether somebody has to answer before the call is where it was to go.
func (a *activity) rings() bool {
	_, dials := a.program.Nodes[0].Step.(flow.Dial)
	_, transfers := a.program.Nodes[0].Step.(flow.Transfer)
	return (dials || transfers) && (len(a.program.Nodes) == 1 || a.dial != nil)
}

// reached says that a transfer that is under way has succeeded, and lets who
// wished it go.
func (s *Switchboard) reached(lc *liveCall) {
	if lc == nil {
		return
	}
	x := s.setMoving(lc, nil)
	if x == nil {
		return
	}
	text := "transferred to " + x.to
	if x.answer != nil {
		text += " by " + x.who.String()
	}
	lc.call.Note(voice.Event{Kind: voice.EventTransferEnded, Leg: x.by, Text: text,
		Data: map[string]string{"end": string(voice.TransferDone), "to": x.to}})
	lc.call.(Mover).Dismiss(func() { x.tell(voice.CauseNormal) }, "transferred the call to "+x.to)
}

// failed says that a transfer that is under way has not come about. Who wished it
// stays aside.
func (s *Switchboard) failed(lc *liveCall, cause voice.Cause, words string) {
	x := s.setMoving(lc, nil)
	if x == nil {
		return
	}
	if cause == voice.CauseNormal || cause == "" {
		cause = voice.CauseCancelled
	}
	lc.call.Note(voice.Event{Kind: voice.EventTransferEnded, Leg: x.by, Text: "not transferred to " + x.to + ": " + words,
		Data: map[string]string{"end": string(endOf(cause)), "cause": string(cause), "to": x.to}})
	x.tell(cause)
}

func endOf(cause voice.Cause) voice.TransferEnd {
	switch cause {
	case voice.CauseBusy:
		return voice.TransferBusy
	case voice.CauseNoAnswer:
		return voice.TransferNoAnswer
	case voice.CauseRejected, voice.CausePolicy:
		return voice.TransferRefused
	}
	return voice.TransferFailed
}

// fallBack is what a call does whose transfer failed: the two talk again. Without
// who wished it, the other hears that nobody is there, and the call ends.
func (s *Switchboard) fallBack(lc *liveCall, result interp.Result) *activity {
	x := s.moving(lc)
	s.failed(lc, result.Cause, result.Words)
	words := "the transfer to " + x.to + " failed, and " + x.who.String() + " has hung up"
	do := talk(x.who, words)
	do.missed = voice.EndTransferFailed
	do.dial = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
		r, err := lc.call.(Mover).Recall(ctx)
		if voice.IsKind(err, voice.NotExist) {
			return voice.DialResult{End: voice.DialFailed, Cause: result.Cause, Words: words}, nil
		}
		return r, err
	}
	return do
}

// talk is the activity of a call that has its other party without ringing anybody.
// A party that nobody comes to hears that, and is hung up with words.
func talk(with voice.Target, words string) *activity {
	tone := voice.Prompt{Kind: voice.PromptTone, Standard: "busy", Duration: failTone}
	return &activity{with: with, program: &flow.Program{
		Name: "a talk with " + with.ID, Entry: "talk",
		Nodes: []flow.Node{
			{ID: "talk", Step: flow.Dial{To: voice.Destination(with)}, Exits: map[flow.Exit]flow.NodeID{
				flow.Busy: "tone", flow.NoAnswer: "tone", flow.Failed: "tone",
			}},
			{ID: "tone", Step: flow.Play{Prompts: []voice.Prompt{tone}}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "end"}},
			{ID: "end", Step: flow.Hangup{Words: words}},
		},
	}}
}
