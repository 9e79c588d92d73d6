package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// rung is what came of ringing one target: a leg that answered, or why not.
type rung struct {
	target voice.Target
	leg    *leg // nil unless answered
	cause  voice.Cause
	words  string
}

// Dial implements voice.Dialer: it rings the targets at once, bridges the
// first that answers with the caller and waits until the bridge is over.
func (c *Call) Dial(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	if c.ended || c.a.gone() {
		return voice.DialResult{}, c.hungUp()
	}
	c.Note(voice.Event{Kind: voice.EventDialStarted, Text: "dialling " + dialText(s)})
	if err := c.Ring(ctx); err != nil {
		return voice.DialResult{}, err
	}
	var ringback *rtpport.Playback
	if c.answered {
		ringback = c.a.port.Play(c.e.tones.Ringback, true)
	}
	won, result, err := c.ringAll(ctx, s, func(b *leg) { c.early(b, ringback) })
	if ringback != nil {
		ringback.Stop()
	}
	if err != nil || won == nil {
		return result, err
	}
	if err := c.Answer(ctx); err != nil {
		c.endLeg(won, voice.CauseCancelled, "the caller's leg could not be answered")
		return voice.DialResult{}, err
	}
	return c.bridge(ctx, s, won, result)
}

// early lets the caller hear what the far end sends before it answers.
func (c *Call) early(b *leg, ringback *rtpport.Playback) {
	if err := c.a.early(); err != nil {
		return // it rings on
	}
	if ringback != nil {
		ringback.Stop()
	}
	if err := rtpport.Bridge(c.a.port, b.port); err == nil {
		c.Note(voice.Event{Kind: voice.EventMedia, Leg: b.id, Text: "the caller hears " + b.to + " before the answer"})
	}
}

// Place implements the switchboard's way of beginning a call: whoever of the
// targets answers first becomes the call's first party.
func (c *Call) Place(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	c.Note(voice.Event{Kind: voice.EventDialStarted, Text: "dialling the first party: " + dialText(s)})
	won, result, err := c.ringAll(ctx, s, nil)
	if err != nil || won == nil {
		return result, err
	}
	c.a = won
	c.answered = true
	c.mu.Lock()
	c.summary.Answered = won.answered
	c.mu.Unlock()
	c.Note(voice.Event{Kind: voice.EventCallAnswered, Leg: won.id, Text: "the first party answered: " + won.to})
	return result, nil
}

func dialText(s voice.DialSpec) string {
	names := make([]string, len(s.Targets))
	for i, t := range s.Targets {
		names[i] = t.String()
	}
	text := strings.Join(names, ", ")
	if s.Text != "" {
		text = s.Text + " (" + text + ")"
	}
	return text
}

// ringAll rings every target and gives the leg that answered first; the others
// are cancelled. With none the result says why; of several failures the most
// telling counts: busy, then no answer, then the rest.
func (c *Call) ringAll(ctx context.Context, s voice.DialSpec, early func(*leg)) (*leg, voice.DialResult, error) {
	ringTime := s.RingTime
	if ringTime <= 0 {
		ringTime = voice.DefaultRingTime
	}
	all, worst := c.allWays(ctx, s)
	if len(all) == 0 {
		return nil, failed(worst), nil
	}
	if len(all) > 1 {
		early = nil // of several phones none is heard before one answers
	}
	ringCtx, stop := context.WithTimeoutCause(ctx, min(ringTime, voice.MaxRingTime), errRingTime)
	defer stop()
	answered, elsewhere := context.WithCancelCause(ringCtx)
	results := make(chan rung, len(all))
	var wg sync.WaitGroup
	for _, w := range all {
		c.dialled++
		id := voice.LegID(fmt.Sprintf("b%d", c.dialled))
		wg.Go(func() { results <- c.ring(answered, id, w, early) })
	}
	won, last, err := c.firstAnswer(ctx, results, len(all), worst)
	if won != nil && err == nil {
		elsewhere(sipua.ErrAnsweredElsewhere)
	} else {
		elsewhere(nil)
	}
	wg.Wait()
	close(results)
	for late := range results { // answered in the same instant as another
		if late.leg != nil {
			c.endLeg(late.leg, voice.CauseCancelled, "another phone answered first")
		}
	}
	if err != nil {
		if won != nil {
			c.endLeg(won.leg, voice.CauseCancelled, "the caller hung up")
		}
		return nil, voice.DialResult{}, err
	}
	if won == nil {
		return nil, failed(last), nil
	}
	return won.leg, voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Answered: won.target}, nil
}

// firstAnswer waits for the first target that answers, or for all to fail.
func (c *Call) firstAnswer(ctx context.Context, results <-chan rung, n int, worst rung) (*rung, rung, error) {
	var gone <-chan struct{}
	var keys <-chan rtpport.Digit
	if c.a != nil {
		gone, keys = c.a.Done(), c.a.port.Digits()
	}
	for range n {
	again:
		select {
		case r := <-results:
			if r.leg != nil {
				return &r, worst, nil
			}
			c.dialFailed(r)
			worst = worse(worst, r)
		case k := <-keys:
			if w := c.heard(k.Key, voice.DigitMethod(k.Method), k.At); w.key != nil {
				c.dropped(*w.key, "nothing waits for keys while it rings")
			}
			goto again
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

func worse(a, b rung) rung {
	if weight(b.cause) > weight(a.cause) {
		return b
	}
	return a
}

// allWays gathers what there is to ring for all targets; those with nothing
// are noted, and the most telling of their reasons is given.
func (c *Call) allWays(ctx context.Context, s voice.DialSpec) ([]way, rung) {
	worst := rung{cause: voice.CauseUnavailable, words: "there is nothing to ring"}
	var all []way
	for i, t := range s.Targets[:min(len(s.Targets), voice.MaxTargets)] {
		ways, err := c.ways(ctx, t, s)
		if err != nil {
			r := rung{target: t, cause: causeOf(err), words: voice.Reason(err)}
			c.dialFailed(r)
			if i == 0 {
				worst = r
			}
			continue
		}
		all = append(all, ways...)
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
	res := voice.DialResult{End: voice.DialFailed, Cause: r.cause, Words: r.words}
	switch r.cause {
	case voice.CauseBusy:
		res.End = voice.DialBusy
	case voice.CauseNoAnswer:
		res.End = voice.DialNoAnswer
	}
	return res
}

// bridge joins the caller with b until one of them leaves, the time is over or
// the server stops.
func (c *Call) bridge(ctx context.Context, s voice.DialSpec, b *leg, result voice.DialResult) (voice.DialResult, error) {
	begun := time.Now()
	if err := rtpport.Bridge(c.a.port, b.port); err != nil {
		c.endLeg(b, voice.CauseFailed, "the legs could not be joined")
		return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: "the legs could not be joined: " + err.Error()}, nil
	}
	c.Note(voice.Event{Kind: voice.EventBridgeStarted, Leg: b.id, Text: "the caller talks with " + b.to})
	stopRecording := c.recordBridge(ctx)
	longest := s.MaxDuration
	if longest <= 0 {
		longest = voice.DefaultMaxDuration
	}
	end := at(begun.Add(longest))
	w, err := woken{}, error(nil)
	for err == nil && !w.done && !w.timer {
		w, err = c.waitUntil(ctx, b.Done(), nil, end) // keys are noted and pass to the other side
	}
	rtpport.Unbridge(c.a.port, b.port)
	stopRecording()
	result.Talked = time.Since(begun)
	switch {
	case err != nil:
		cause := voice.CauseNormal
		if voice.IsKind(err, voice.Unavailable) {
			cause = voice.CauseShutdown
		}
		c.endLeg(b, cause, "the caller's side ended: "+voice.Reason(err))
	case w.timer:
		result.End, result.Cause, result.Words = voice.DialMaxDuration, voice.CauseMaxDuration, "the longest time of "+longest.String()+" is over"
		c.endLeg(b, voice.CauseMaxDuration, result.Words)
	default:
		_, words := b.dialog.Cause()
		result.Words = b.to + ": " + words
		c.endLeg(b, voice.CauseNormal, words)
	}
	c.Note(voice.Event{Kind: voice.EventBridgeEnded, Leg: b.id, Text: "the bridge ended after " + result.Talked.Round(time.Millisecond).String()})
	return result, err
}

// endLeg ends a dialled leg and puts it into the record.
func (c *Call) endLeg(b *leg, cause voice.Cause, words string) {
	if b.gone() {
		cause, words = b.dialog.Cause()
	}
	c.addLeg(b.end(cause, words))
	c.Note(voice.Event{Kind: voice.EventLegEnded, Leg: b.id, Text: "leg to " + b.to + " ended: " + words, Data: map[string]string{"cause": string(cause)}})
}
