package listen

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/media"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// place is a step of an app.
type place struct {
	app  voice.AppID
	node flow.NodeID
}

// question is where a path has come to. The programs of an application's answers have
// no place of their own: those that say the same are one.
type question struct {
	place
	says string
}

// sound is a prompt that the caller hears; length is what is heard of it.
type sound struct {
	at, length time.Duration
	clips      []*media.Clip // one after the other
	loop       bool
	text       string
	failed     string // why it can't be played
	in         place
}

// key is a key that was pressed.
type key struct {
	at  time.Duration
	key string
	in  place
}

// walk is one path, and what was heard on it.
type walk struct {
	*sim.Call
	f       Flow
	ctx     context.Context
	path    []press
	pressed int           // keys of it that were pressed, or are about to be
	last    time.Duration // of the last key
	pending []*media.Clip // that were asked for and do not sound yet
	texts   []string      // theirs
	sounds  []sound
	keys    []key
	info    voice.CallInfo
	world   *sim.World
	mailbox interp.Mailbox          // of what an application orders
	stop    context.CancelCauseFunc // ends the call's run
	over    bool                    // it has ended
	watched bool                    // keys are taken while other things go on
	end     time.Duration
	begun   time.Time
	trace   interp.Trace
	// programs are those that were looked up.
	programs map[voice.AppID]*flow.Program
	result   interp.Result
	asks     []voice.Digits // keys of the question at which the path ended; nil = at none
	any      bool           // it takes whatever key, and an application decides
	at       question       // it
	askedIn  *flow.Program  // that it is in
	asked    []Asked        // of applications
	ended    bool           // the listener is about to leave
}

func (f Flow) walk(ctx context.Context, path []press) (*walk, error) {
	w := &walk{f: f, ctx: ctx, path: path, end: -1, programs: map[voice.AppID]*flow.Program{f.Main.App: f.Main}, world: sim.NewWorld(f.Start)}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w.stop, w.begun = stop, w.world.Now()
	hash := sha256.Sum256(fmt.Append(nil, "listen", path)) // the same every time, and another for each path
	w.info = f.Call
	w.info.ID, w.info.Start = voice.CallID(voice.IDOf("", [16]byte(hash[:16]))), w.begun
	if f.Orders != nil {
		f.Orders.Begin(&Control{w})
		w.world.Still = f.Orders.Still
		defer f.Orders.Begin(nil)
	}
	arrival := map[string]string{"from": w.info.From, "to": w.info.To, "direction": string(w.info.Direction)}
	w.Call = w.world.Call(w.info.ID, sim.Script{Arrival: arrival, Length: w.length, Noted: w.noted})
	w.follow()
	w.world.After(MaxLength, func() { w.Act(sim.Action{HangUp: true}) })
	w.world.Go(func() {
		w.result = interp.Run(running, f.Main, w, &host{f: f, w: w}, interp.Options{Trace: &w.trace, Info: w.info, Mailbox: &w.mailbox, Random: func(int) int { return 0 }})
		if w.end < 0 {
			w.end = w.Elapsed()
		}
		w.over = true
		w.mailbox.Close("the call is over")
		w.Note(voice.Event{Kind: voice.EventCallEnded, Text: "call ended as " + string(w.result.Cause) + ": " + w.result.Words, Data: map[string]string{"cause": string(w.result.Cause), "words": w.result.Words}})
	})
	w.world.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return w, nil
}

// note takes down what the flow has asked.
func (w *walk) note(url string, status int, err error) {
	a := Asked{URL: url, Status: status}
	if err != nil {
		a.Fault = voice.Reason(err)
	}
	if !slices.Contains(w.asked, a) {
		w.asked = append(w.asked, a)
	}
}

// waits reports whether the call has waited for orders that nobody gives.
func (w *walk) waits() bool {
	for i, v := range w.trace.Visits {
		n, _ := w.trace.Programs[i].Node(v.Node)
		if _, is := n.Step.(flow.Await); is && w.f.Orders == nil {
			return true
		}
	}
	return false
}

// length is asked by the simulation for each prompt, just before it sounds.
func (w *walk) length(p voice.Prompt) (time.Duration, error) {
	if p.Kind == voice.PromptRecorded {
		return 0, voice.Errorf("listen", voice.NotExist, "what a caller said is not there")
	}
	c, err := w.f.Clips.Clip(w.ctx, w.f.Tenant, p)
	if c == nil || err != nil && c.Duration() == 0 {
		if err == nil {
			err = voice.Errorf("listen", voice.NotExist, "it has no audio")
		}
		w.sounds = append(w.sounds, sound{at: w.Elapsed(), text: words(p), failed: voice.Reason(err), in: w.here()})
		return 0, err
	}
	w.pending, w.texts = append(w.pending, c), append(w.texts, words(p))
	return c.Duration(), nil
}

// here is the step that the call is in.
func (w *walk) here() place {
	if n := len(w.trace.Visits); n > 0 {
		return place{w.trace.Visits[n-1].App, w.trace.Visits[n-1].Node}
	}
	return place{}
}

// words gives what a prompt says, for transcripts.
func words(p voice.Prompt) string {
	if p.Kind == voice.PromptSpeech || p.Kind == voice.PromptSay {
		return p.Text
	}
	return "[" + p.String() + "]"
}

// noted follows the timeline, and tells the application of it that orders.
func (w *walk) noted(e voice.Event) {
	w.follows(e)
	if w.f.Orders == nil {
		return
	}
	e.Tenant = w.info.Tenant
	var record *voice.CDR
	if e.Kind == voice.EventCallEnded {
		record = w.CDR(w.info, false, w.result.Cause, w.result.Words)
		record.App = w.f.Main.App
	}
	w.f.Orders.Tell(e, record)
}

func (w *walk) follows(e voice.Event) {
	if w.Call == nil {
		return // it has only arrived
	}
	switch e.Kind {
	case voice.EventPromptStarted:
		s := sound{at: w.Elapsed(), clips: w.pending, text: strings.Join(w.texts, " "), length: -1, in: w.here()}
		s.loop = strings.HasSuffix(e.Text, ", again and again")
		w.pending, w.texts = nil, nil
		w.sounds = append(w.sounds, s)
	case voice.EventPromptFinished, voice.EventPromptCut:
		if n := len(w.sounds); n > 0 && w.sounds[n-1].length < 0 {
			w.sounds[n-1].length = w.Elapsed() - w.sounds[n-1].at
		}
		if w.watched && e.Kind == voice.EventPromptFinished && len(w.Pending()) == 0 && w.pressed < len(w.path) {
			w.press(patience)
		}
	case voice.EventDigit:
		now := w.Elapsed()
		if n := len(w.keys); n > 0 && now-w.last <= sim.KeyGap && !w.heardSince(w.last) {
			w.keys[n-1].key += e.Data["digit"]
		} else {
			w.keys = append(w.keys, key{now, e.Data["digit"], w.here()})
		}
		w.last = now
	case voice.EventLegEnded:
		if e.Leg == "a" {
			w.end = w.Elapsed()
		}
	}
}

// follow does what is next on the path without a question that waits for it: the
// keys that have times of their own. A time that no key follows is when the listener
// leaves.
func (w *walk) follow() {
	for w.pressed < len(w.path) && w.path[w.pressed].wait >= 0 {
		p := w.path[w.pressed]
		w.pressed++
		w.Act(sim.Action{After: p.wait, Press: p.keys, HangUp: p.keys == ""})
	}
}

// press does what is next on the path, the keys of a question, after a time.
func (w *walk) press(after time.Duration) {
	w.Act(sim.Action{After: after, Press: w.path[w.pressed].keys})
	w.pressed++
	w.follow()
}

// heardSince reports whether something has begun to sound after a time.
func (w *walk) heardSince(at time.Duration) bool {
	n := len(w.sounds)
	return n > 0 && w.sounds[n-1].at > at
}

// WatchKeys takes note that keys are taken while the flow goes on: they are pressed
// when something has been heard to its end.
func (w *walk) WatchKeys(f func(key byte) bool) {
	w.watched = f != nil
	w.Call.WatchKeys(f)
}

// Gather has the next key pressed once the question has been heard, or the listener
// leave when there is none left.
func (w *walk) Gather(ctx context.Context, spec voice.GatherSpec) (voice.GatherResult, error) {
	if len(w.Pending()) == 0 && !w.ended {
		heard := patience
		for _, p := range spec.Prompts {
			if c, err := w.f.Clips.Clip(w.ctx, w.f.Tenant, p); c != nil && (err == nil || c.Duration() > 0) {
				heard += c.Duration()
			}
		}
		if w.pressed < len(w.path) {
			w.press(heard)
		} else {
			w.ended = true
			w.question()
			w.Act(sim.Action{After: heard - patience + tail, HangUp: true})
		}
	}
	return w.Call.Gather(ctx, spec)
}

// question takes down where the path has come to.
func (w *walk) question() {
	w.at = question{place: w.here()}
	w.askedIn = w.trace.Programs[len(w.trace.Programs)-1]
	n, _ := w.askedIn.Node(w.at.node) // the run is in it
	g, is := n.Step.(flow.Gather)
	if !is {
		return
	}
	if w.asks = g.Keys; len(g.Keys) == 0 && g.MaxDigits == 1 && !g.Secret {
		w.any = true
		for _, k := range "1234567890*#" {
			if !strings.ContainsRune(string(g.Finish), k) {
				w.asks = append(w.asks, voice.Digits(k))
			}
		}
	}
	if w.askedIn != w.programs[w.at.app] {
		for _, p := range g.Prompts {
			w.at.says += words(p) + "\n"
		}
	}
}

// Dial lets it ring for a while.
func (w *walk) Dial(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
	if err := w.Answer(ctx); err != nil {
		return voice.DialResult{}, err
	}
	w.Act(sim.Action{After: rings, HangUp: true})
	if len(spec.Music) == 0 {
		tone := voice.Prompt{Kind: voice.PromptTone, Standard: "ringback"}
		_, err := w.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{tone}, Loop: true})
		return voice.DialResult{}, err
	}
	return w.Call.Dial(ctx, spec)
}

// Record has a caller who says nothing for a while and leaves.
func (w *walk) Record(ctx context.Context, spec voice.RecordSpec) (voice.RecordResult, error) {
	if len(w.Pending()) == 0 && w.pressed == len(w.path) && !w.ended {
		w.ended = true
		w.Act(sim.Action{After: 2 * tail, HangUp: true})
	}
	return w.Call.Record(ctx, spec)
}
