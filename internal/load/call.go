package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

const (
	alike     = 0.75 // of the beginning of a prompt: others stay below 0.4
	unbroken  = 0.93 // of a piece: with a seventh of its packets lost it is less
	pieceTime = 100 * time.Millisecond
	mostStop  = 300 * time.Millisecond // that a prompt may stand still at once
	knows     = 300 * time.Millisecond // of a prompt is enough to know it
	tries     = 3                      // pieces at the beginning that it is known by
	lateMost  = 3 * time.Second        // that a prompt may be late
	early     = 400 * time.Millisecond // that it may be before its time
	endMost   = 6 * time.Second        // that the end of the call may be late
)

// outcome is what came of one call.
type outcome struct {
	test   string
	faults []Fault
	setUp  time.Duration // 0 = not answered
	react  []time.Duration
	stats  phone.MediaStats
	again  time.Duration // when the server was full
	status int           // of a refusal
	nobody bool          // nothing came from the target
	cut    bool          // ended by our own end
	late   time.Duration // by how much this side was late with anything, at most
	here   bool          // the server is on this machine
}

// live is a call that goes on.
type live struct {
	*phone.Call
	began  time.Time // of what Call counts its times from
	answer time.Time
	shift  time.Duration   // by how much the real call is behind the script
	at     []time.Duration // in what was heard, where the acts begin; below 0 = not found
	late   time.Duration   // by how much the acts were, at most
}

// call makes one call.
func (r *run) call(ctx context.Context, c Caller) (out outcome) {
	out.test = c.Script.Test
	fail := func(kind FaultKind, format string, args ...any) outcome {
		out.faults = append(out.faults, Fault{Kind: kind, Test: c.Script.Test, Text: fmt.Sprintf(format, args...)})
		return out
	}
	o := phone.CallOptions{}
	if r.opt.From != nil && c.Script.From != "" {
		o.From = r.opt.From(c.Script.From)
	}
	setting, stop := context.WithTimeout(ctx, setUpTime)
	defer stop()
	began := time.Now()
	pc, err := r.phone.Dial(setting, r.opt.Target, o)
	switch refused, is := errors.AsType[*phone.RefusedError](err); {
	case ctx.Err() != nil && err != nil:
		out.cut = true
		return out
	case is && refused.Status == 503:
		out.status, out.again = refused.Status, max(refused.RetryAfter, leastPause)
		return fail(FaultRefused, "the server is full: %d %s", refused.Status, refused.Phrase)
	case is:
		out.status = refused.Status
		return fail(FaultRefused, "the server refuses the call: %d %s", refused.Status, refused.Phrase)
	case err != nil:
		out.nobody = true
		return fail(FaultTimeout, "no answer: %v", err)
	}
	r.most(int(r.up.Add(1)))
	defer r.up.Add(-1)
	l := &live{Call: pc, began: began, answer: time.Now(), at: make([]time.Duration, len(c.Script.Acts))}
	out.setUp = l.answer.Sub(began)
	there := pc.RemoteMedia().Addr()
	out.here = there.IsLoopback() || there == r.phone.Addr().Addr() // the way to oneself begins at its end
	kind, text := l.live(ctx, c, &out)
	_ = l.Hangup(context.WithoutCancel(ctx)) // whatever the far end makes of the BYE, the call is over here
	out.stats = l.Stats()
	own := l.Lateness()
	out.late = max(l.late, own.Read, own.Send)
	if text != "" {
		return fail(kind, "%s", text)
	}
	if ctx.Err() != nil {
		out.cut = true
		return out
	}
	r.judge <- struct{}{} // the calls that are up need the other processors
	defer func() { <-r.judge }()
	heard := l.Heard()
	for i, sound := range c.sounds {
		if sound == nil {
			continue
		}
		if text := whole(heard, sound, l.at[i]); text != "" {
			fail(FaultBroken, "%s, and %s", c.Script.Acts[i].Text, text)
		}
	}
	return out
}

// live does the acts of a script; the text says what did not come.
func (l *live) live(ctx context.Context, c Caller, out *outcome) (FaultKind, string) {
	var pressed time.Time
	for i, a := range c.Script.Acts {
		switch {
		case a.Keys != "":
			if !l.until(ctx, l.due(a.At)) {
				return l.over(ctx, "pressed "+string(a.Keys))
			}
			pressed = time.Now()
			if err := l.Press(ctx, string(a.Keys), phone.PressOptions{Method: phone.KeyEvent, Gap: 20 * time.Millisecond}); err != nil && ctx.Err() == nil {
				return FaultEnd, fmt.Sprintf("key %s could not be pressed: %v", a.Keys, err)
			}
		case c.sounds[i] != nil:
			if text := l.hears(ctx, i, a.At, c.sounds[i]); text != "" {
				return FaultSound, a.Text + ": " + text
			}
			if ctx.Err() != nil {
				return "", ""
			}
			if !pressed.IsZero() {
				if d := l.began.Add(l.heardAt() + l.at[i]).Sub(pressed); d > 0 {
					out.react = append(out.react, d)
				}
				pressed = time.Time{}
			}
		}
	}
	end := l.due(c.Script.Ends)
	if !c.Script.ByFlow {
		if !l.until(ctx, end) {
			return l.over(ctx, "hung up")
		}
		return "", ""
	}
	if l.until(ctx, end.Add(endMost)) && ctx.Err() == nil {
		return FaultEnd, "the flow should have ended the call and did not"
	}
	return "", ""
}

// over says that the far end has ended the call too early.
func (l *live) over(ctx context.Context, before string) (FaultKind, string) {
	if ctx.Err() != nil {
		return "", ""
	}
	return FaultEnd, "the call was over before the caller " + before + ": " + l.EndReason()
}

// due is when something of the script is, by the clock.
func (l *live) due(at time.Duration) time.Time { return l.answer.Add(at + l.shift) }

// until waits; false when the call or ctx ends before.
func (l *live) until(ctx context.Context, t time.Time) bool {
	wait := max(0, time.Until(t))
	from := time.Now()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		l.late = max(l.late, time.Since(from)-wait)
		return true
	case <-l.Done():
	case <-ctx.Done():
	}
	return false
}

func (l *live) heardAt() time.Duration {
	at, _ := l.HeardAt()
	return at
}

// hears waits until the beginning of a sound is heard, and notes where.
func (l *live) hears(ctx context.Context, i int, at time.Duration, sound []int16) string {
	lead := leading(sound)
	first := sound[lead:min(len(sound), lead+samples(knows))]
	due := l.due(at + length(lead))
	next := due.Add(length(len(first)) + 100*time.Millisecond)
	looked := [tries]time.Duration{} // up to where what was heard was looked through for each piece
	for {
		up := l.until(ctx, next)
		if ctx.Err() != nil {
			return ""
		}
		heard := l.Heard()
		from := max(0, due.Sub(l.began)-l.heardAt()-early)
		if first := l.answer.Sub(l.began) - l.heardAt(); first > 0 { // sound came before we knew of the answer
			from = max(0, from-first)
		}
		place, found := time.Duration(0), false
		for k := 0; k < tries && !found; k++ { // a server may stand still in one of them
			skip := k * samples(knows)
			piece := sound[min(lead+skip, len(sound)):min(lead+skip+samples(knows), len(sound))]
			if k == 0 || len(piece) == samples(knows) && audible(piece) {
				at, score := audiomatch.Find(heard, piece, audiomatch.Options{From: max(from, looked[k]), Enough: unbroken})
				place, found = at-length(skip), score >= alike
				looked[k] = length(max(0, len(heard)-len(piece)))
			}
		}
		if found {
			l.at[i] = place - length(lead)
			l.shift += l.began.Add(l.heardAt() + place).Sub(due)
			return ""
		}
		switch {
		case len(heard) == 0 && (!up || time.Since(due) > lateMost):
			return "no audio came at all"
		case !up:
			return "the call was over before it came: " + l.EndReason()
		case time.Since(due) > lateMost && !audible(heard[min(samples(from), len(heard)):]):
			return "there was silence"
		case time.Since(due) > lateMost:
			return "another sound came"
		}
		next = time.Now().Add(300 * time.Millisecond)
	}
}

// whole says what is wrong with a sound that began at a place. It is looked at piece by
// piece: a server that stops for a moment and goes on moves what follows, and is told
// by the times of packets; a piece with holes is not like itself any more.
func whole(heard, sound []int16, at time.Duration) string {
	if n := len(sound) - samples(200*time.Millisecond); n > samples(knows) {
		sound = sound[:n] // a key that came a little sooner may have cut it
	}
	good, all := 0, 0
	for piece := range slices.Chunk(sound, samples(pieceTime)) {
		if len(piece) == samples(pieceTime) && audible(piece) {
			all++
			if audiomatch.At(heard, piece, at) >= unbroken { // nearly always
				good++
				at += length(len(piece))
				continue
			}
			place, score := audiomatch.Find(heard, piece, audiomatch.Options{From: max(0, at-20*time.Millisecond), To: at + mostStop, Enough: unbroken})
			if score >= unbroken {
				good++
				at = place
			}
		}
		at += length(len(piece))
	}
	if good*5 >= all*4 {
		return ""
	}
	return "it was broken up or cut"
}

func samples(d time.Duration) int { return int(max(d, 0) * phone.Rate / time.Second) }

func length(n int) time.Duration { return time.Duration(n) * time.Second / phone.Rate }

const quiet = 100 // of 32768: the least that is a sound

// leading is how many samples are silence before a sound begins.
func leading(s []int16) int {
	for i, v := range s {
		if v > quiet || v < -quiet {
			return i
		}
	}
	return 0
}

func audible(s []int16) bool {
	loud := 0
	for _, v := range s {
		if v > quiet || v < -quiet {
			loud++
		}
	}
	return loud > phone.Rate/100
}
