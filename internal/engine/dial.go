package engine

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// Dial implements voice.Dialer: it rings the targets at once, bridges the
// first that answers with the caller and waits until the bridge is over.
func (c *Call) Dial(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	if c.ended || c.a.gone() {
		return voice.DialResult{}, c.hungUp()
	}
	keys, err := sendable("engine.Dial", s.SendDigits)
	if err != nil {
		return voice.DialResult{}, err
	}
	if err := c.agreeable(); err != nil {
		return voice.DialResult{}, err
	}
	c.alone()
	c.Note(voice.Event{Kind: voice.EventDialStarted, Text: "dialling " + dialText(s), Data: dialData(s)})
	if err := c.Ring(ctx); err != nil {
		return voice.DialResult{}, err
	}
	hears := &ringing{call: c}
	defer hears.end()
	won, result, err := c.ringAll(ctx, s, hears)
	if err != nil || won == nil {
		return result, err
	}
	c.far = won
	c.beside.up(won)
	by, left, err := c.whoAnswered(ctx, s, won, hears)
	if err == nil && !left && !(by == voice.AnsweredByMachine && s.Machine == voice.MachineHangup) {
		left, err = c.welcome(ctx, s, keys, won, hears)
	}
	result.By = by
	hears.end()
	switch {
	case err != nil:
		c.endLeg(won, voice.CauseCancelled, "the caller's side ended: "+voice.Reason(err))
		return voice.DialResult{}, err
	case left:
		words := won.to + " hung up before the caller was let in"
		c.endLeg(won, voice.CauseNormal, words)
		c.notLetIn(result.Answered, voice.CauseRejected, words, by)
		return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseRejected, Words: words, By: by}, nil
	case by == voice.AnsweredByMachine && s.Machine == voice.MachineHangup:
		words := "an answering machine answered for " + won.to
		c.endLeg(won, voice.CauseNormal, words)
		c.notLetIn(result.Answered, voice.CauseNoAnswer, words, by)
		return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNoAnswer, Words: words, By: by}, nil
	}
	if err := c.Answer(ctx); err != nil {
		c.endLeg(won, voice.CauseCancelled, "the caller's leg could not be answered")
		return voice.DialResult{}, err
	}
	if s.OnAnswer != nil {
		s.OnAnswer()
	}
	return c.bridge(ctx, s, won, result)
}

// Place implements the switchboard's way of beginning a call: whoever of the
// targets answers first becomes the call's first party.
func (c *Call) Place(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	c.Note(voice.Event{Kind: voice.EventDialStarted, Text: "dialling the first party: " + dialText(s), Data: dialData(s)})
	c.placed()
	won, result, err := c.ringAll(ctx, s, &ringing{call: c})
	if err != nil || won == nil {
		return result, err
	}
	c.e.gate.arrived(c.reserved)
	c.a, c.first = won, won.id
	c.beside.caller(won)
	c.answered = true
	c.wire.answered()
	c.mu.Lock()
	c.summary.Answered = won.answered
	c.mu.Unlock()
	c.Note(voice.Event{Kind: voice.EventCallAnswered, Leg: won.id, Text: "the first party answered: " + won.to})
	return result, nil
}

func dialText(s voice.DialSpec) string {
	text := targetNames(s.Targets)
	if s.Text != "" {
		text = s.Text + " (" + text + ")"
	}
	return text
}

func targetNames(all []voice.Target) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

func dialData(s voice.DialSpec) map[string]string {
	return map[string]string{"to": targetNames(s.Targets)}
}

// targetData says for programs who answered.
func targetData(t voice.Target) map[string]string {
	return map[string]string{"with": t.String(), "kind": string(t.Kind), "id": t.ID}
}

// ringAll rings every target and gives the leg that answered first; the others
// are cancelled. With none the result says why; of several failures the most
// telling counts: busy, then no answer, then the rest. What the caller hears
// goes on for the caller of ringAll to end.
func (c *Call) ringAll(ctx context.Context, s voice.DialSpec, hears *ringing) (*leg, voice.DialResult, error) {
	ringTime := s.RingTime
	if ringTime <= 0 {
		ringTime = voice.DefaultRingTime
	}
	all, worst := c.allWays(ctx, s)
	if len(all) == 0 {
		return nil, failed(worst), nil
	}
	hears.alone = len(all) == 1
	hears.begin(ctx, s.Music)
	ringCtx, stop := context.WithTimeoutCause(ctx, min(ringTime, voice.MaxRingTime), errRingTime)
	defer stop()
	answered, elsewhere := context.WithCancelCause(ringCtx)
	results := make(chan rung, len(all))
	var wg sync.WaitGroup
	for _, w := range all {
		id := c.nextLeg()
		wg.Go(func() { results <- c.ring(answered, id, w, hears) })
	}
	won, last, err := c.firstAnswer(ctx, results, len(all), worst)
	if won != nil {
		elsewhere(sipua.ErrAnsweredElsewhere)
	} else {
		elsewhere(nil)
	}
	wg.Wait() // cancelling does not wait for the phones
	close(results)
	for late := range results { // answered in the same instant as another, or as the caller left
		if late.leg != nil && err == nil {
			c.endLeg(late.leg, voice.CauseCancelled, "another phone answered first")
		} else if late.leg != nil {
			c.endLeg(late.leg, voice.CauseCancelled, voice.Reason(err))
		}
	}
	switch {
	case err != nil:
		return nil, voice.DialResult{}, err
	case won == nil:
		c.failed = last.cause
		return nil, failed(last), nil
	}
	return won.leg, voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Answered: won.target}, nil
}

// firstAnswer waits for the first target that answers, or for all to fail.
// Keys meanwhile are nobody's.
func (c *Call) firstAnswer(ctx context.Context, results <-chan rung, n int, worst rung) (*rung, rung, error) {
	var gone <-chan struct{}
	var keys <-chan rtpport.Digit
	var info <-chan sipua.Digit
	if c.a != nil {
		gone, keys, info = c.a.Done(), c.a.port.Digits(), c.a.infoKeys()
	}
	const why = "nothing waits for keys while it rings"
	for n > 0 {
		select {
		case r := <-results:
			if r.leg != nil {
				return &r, worst, nil
			}
			c.dialFailed(r)
			worst = worse(worst, r)
			n--
		case k, ok := <-keys:
			if !ok {
				keys = nil
				continue
			}
			c.unwanted(c.heard(c.a, k.Key, voice.DigitMethod(k.Method), k.At), why)
		case k := <-info:
			c.unwanted(c.heard(c.a, k.Key, voice.BySIPInfo, time.Now()), why)
		case <-gone:
			return nil, worst, c.hungUp()
		case <-ctx.Done():
			return nil, worst, voice.E("engine.Dial", voice.Unavailable, context.Cause(ctx))
		}
	}
	return nil, worst, nil
}

func (c *Call) dialFailed(r rung) {
	c.Note(voice.Event{Kind: voice.EventDialFailed, Text: r.target.String() + ": " + r.words, Data: map[string]string{"cause": string(r.cause)}})
}

// notLetIn notes that a dial came to nothing though somebody answered; by says who
// that was, where the dial asked.
func (c *Call) notLetIn(t voice.Target, cause voice.Cause, words string, by voice.AnsweredBy) {
	data := map[string]string{"cause": string(cause)}
	if by != "" {
		data["answered_by"] = string(by)
	}
	c.Note(voice.Event{Kind: voice.EventDialFailed, Text: t.String() + ": " + words, Data: data})
}

func worse(a, b rung) rung {
	if weight(b.cause) > weight(a.cause) {
		return b
	}
	return a
}

// allWays gathers what there is to ring for all targets; those with nothing
// are noted, and the most telling of their reasons is given.
func (c *Call) allWays(ctx context.Context, s voice.DialSpec) ([]way, rung) {
	var worst rung
	var all []way
	left := 0
	for _, t := range s.Targets {
		if len(all) == voice.MaxTargets {
			left++
			continue
		}
		ways, err := c.ways(ctx, t, s)
		if err != nil {
			r := rung{target: t, cause: causeOf(err), words: voice.Reason(err)}
			c.dialFailed(r)
			worst = worse(worst, r)
			continue
		}
		n := min(len(ways), voice.MaxTargets-len(all))
		all = append(all, ways[:n]...)
		left += len(ways) - n // phones of an extension, which hold nothing yet
	}
	if left > 0 {
		c.Note(voice.Event{Kind: voice.EventDialFailed, Text: strconv.Itoa(left) + " more are not rung: " + strconv.Itoa(voice.MaxTargets) + " at once are the most"})
	}
	return all, worst
}

func causeOf(err error) voice.Cause {
	switch voice.KindOf(err) {
	case voice.Permission, voice.Limit:
		return voice.CausePolicy
	case voice.Invalid, voice.NotExist:
		return voice.CauseNotFound
	default:
		return voice.CauseUnavailable
	}
}

func weight(c voice.Cause) int {
	switch c {
	case voice.CauseBusy:
		return 3
	case voice.CauseNoAnswer:
		return 2
	case "":
		return 0
	default:
		return 1
	}
}

func failed(r rung) voice.DialResult {
	if r.cause == "" {
		r.cause, r.words = voice.CauseUnavailable, "there is nothing to ring"
	}
	res := voice.DialResult{End: voice.DialFailed, Cause: r.cause, Words: r.words}
	switch r.cause {
	case voice.CauseBusy:
		res.End = voice.DialBusy
	case voice.CauseNoAnswer:
		res.End = voice.DialNoAnswer
	}
	return res
}
