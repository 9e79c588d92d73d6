package listen

import (
	"context"
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
	failed     bool
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
	end     time.Duration
	begun   time.Time
	trace   interp.Trace
	// programs are those that were looked up.
	programs map[voice.AppID]*flow.Program
	result   interp.Result
	asks     []voice.Digits // keys of the question at which the path ended; nil = at none
	at       question       // it
	asked    *flow.Program  // that it is in
	ended    bool           // the listener is about to leave
}

func (f Flow) walk(ctx context.Context, path []press) (*walk, error) {
	w := &walk{f: f, ctx: ctx, path: path, end: -1, programs: map[voice.AppID]*flow.Program{f.Main.App: f.Main}}
	world := sim.NewWorld(f.Start)
	w.begun = world.Now()
	w.Call = world.Call("listen", sim.Script{Length: w.length, Noted: w.noted})
	w.follow()
	world.After(MaxLength, func() { w.Act(sim.Action{HangUp: true}) })
	info := f.Call
	info.ID, info.Start = "listen", w.Now()
	world.Go(func() {
		w.result = interp.Run(ctx, f.Main, w, &host{f: f, w: w}, interp.Options{Trace: &w.trace, Info: info, Random: func(int) int { return 0 }})
		if w.end < 0 {
			w.end = w.Elapsed()
		}
	})
	world.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return w, nil
}

// length is asked by the simulation for each prompt, just before it sounds.
func (w *walk) length(p voice.Prompt) (time.Duration, error) {
	if p.Kind == voice.PromptRecorded {
		return 0, voice.Errorf("listen", voice.NotExist, "what a caller said is not there")
	}
	c, err := w.f.Clips.Clip(w.ctx, w.f.Tenant, p)
	if c == nil || err != nil && c.Duration() == 0 {
		w.sounds = append(w.sounds, sound{at: w.Elapsed(), text: words(p), failed: true, in: w.here()})
		if err == nil {
			err = voice.Errorf("listen", voice.NotExist, "it has no audio")
		}
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

// noted follows the timeline.
func (w *walk) noted(e voice.Event) {
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
	case voice.EventDigit:
		w.last = w.Elapsed()
		w.keys = append(w.keys, key{w.last, e.Data["digit"], w.here()})
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
			w.Act(sim.Action{After: heard, Press: w.path[w.pressed].keys})
			w.pressed++
			w.follow()
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
	w.asked = w.trace.Programs[len(w.trace.Programs)-1]
	n, _ := w.asked.Node(w.at.node) // the run is in it
	g, is := n.Step.(flow.Gather)
	if !is {
		return
	}
	w.asks = g.Keys
	if w.asked != w.programs[w.at.app] {
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
