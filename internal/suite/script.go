package suite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Script is a test as one caller lives it, with the times of virtual time: what is
// heard, which keys are pressed, and who ends the call.
type Script struct {
	Test string
	From string // the number that calls, as the test says; "" = it says none
	Acts []Act
	// Ends is when the call ends, since it was answered; ByFlow says that the flow
	// ends it, and not the caller.
	Ends   time.Duration
	ByFlow bool
	// Why says why the network can't play it; "" = it can.
	Why string
}

// Act is something that a caller hears or a key that is pressed.
type Act struct {
	At      time.Duration // since the call was answered; below 0 before it was
	Text    string        // as a test says it
	Prompts []voice.Prompt
	Loop    bool          // they sound again and again
	For     time.Duration // how long they sound
	Keys    voice.Digits
}

// Pause is how long a scripted caller listens before a key, and before hanging up.
const Pause = 1500 * time.Millisecond

// Script runs a test and gives what its caller lives; length is how long prompts
// are. The caller takes a Pause where the test has none.
func (s Setup) Script(ctx context.Context, f *File, t *Test, length func(voice.Prompt) (time.Duration, error)) Script {
	sc := &scripting{length: length, out: Script{Test: t.Name}}
	for _, list := range [][]sentence{f.common, t.sentences} {
		for _, x := range list {
			switch {
			case x.beyond:
				sc.why("line %d sets the world, which the network can't: %s", x.line, x.text)
			case strings.Contains(" "+x.text+" ", " says ") || strings.Contains(" "+x.text+" ", " speaks "):
				sc.why("line %d needs a voice: %s", x.line, x.text)
			}
		}
	}
	if sc.out.Why != "" {
		return sc.out
	}
	s.script = sc
	r := s.Run(ctx, f, t)
	switch {
	case sc.out.Why != "":
	case !r.Passed:
		sc.why("with the true lengths of prompts and a caller who listens %v before each key, line %d does not hold: %v", Pause, r.Fault.Line, r.Fault)
	case sc.calls != 1:
		sc.why("it has %d calls that come in", sc.calls)
	case sc.answered.IsZero():
		sc.why("the flow does not answer")
	}
	return sc.out
}

// scripting is the taking down of a script while a test runs.
type scripting struct {
	length   func(voice.Prompt) (time.Duration, error)
	out      Script
	pending  []voice.Prompt // that were measured and do not sound yet
	calls    int
	answered time.Time
	left     bool // the caller has hung up
}

func (s *scripting) why(format string, args ...any) {
	if s.out.Why == "" {
		s.out.Why = fmt.Sprintf(format, args...)
	}
}

func (s *scripting) measured(p voice.Prompt) (time.Duration, error) {
	d, err := s.length(p)
	if err != nil {
		s.why("%s has no sound: %v", p.String(), err)
		return d, err
	}
	s.pending = append(s.pending, p)
	return d, nil
}

// think lets a caller listen before a key.
func (s *scripting) think(d *director) {
	if s != nil && d.last != nil && !d.last.over {
		d.sleep(Pause)
	}
}

func (s *scripting) leaves(d *director) {
	if s == nil {
		return
	}
	s.think(d)
	if d.last != nil && !d.last.over {
		s.left = true
		s.out.Ends = d.world.Now().Sub(s.answered)
	}
}

// ending is told when the sentences are done.
func (s *scripting) ending(d *director) {
	s.calls = len(d.calls)
	if len(d.calls) == 0 {
		return
	}
	s.out.From = d.calls[0].info.From
	if !s.left && !d.calls[0].over {
		s.leaves(d)
	}
}

func (s *scripting) noted(e voice.Event) {
	at := e.At.Sub(s.answered)
	if s.answered.IsZero() {
		at = -1
	}
	switch e.Kind {
	case voice.EventCallAnswered:
		s.answered = e.At
	case voice.EventPromptStarted:
		s.out.Acts = append(s.out.Acts, Act{At: at, Text: plain(&e), Prompts: s.pending, For: -1, Loop: strings.HasSuffix(e.Text, ", again and again")})
		s.pending = nil
	case voice.EventPromptFinished, voice.EventPromptCut:
		s.cut(at)
	case voice.EventDigit:
		s.out.Acts = append(s.out.Acts, Act{At: at, Text: plain(&e), Keys: voice.Digits(e.Data["digit"])})
	case voice.EventDialStarted, voice.EventTransferStarted:
		s.why("somebody else is needed: the caller %s", plain(&e))
	case voice.EventRoomJoined:
		s.why("others in a room are needed: the caller %s", plain(&e))
	case eventAsked:
		s.why("an application answers in it: the flow %s", e.Text)
	case voice.EventCallEnded:
		s.cut(at)
		if !s.left {
			s.out.Ends, s.out.ByFlow = at, true
		}
	}
}

// cut ends what sounds.
func (s *scripting) cut(at time.Duration) {
	for i := range s.out.Acts {
		if a := &s.out.Acts[i]; a.For < 0 && a.Keys == "" {
			a.For = at - a.At
		}
	}
}
