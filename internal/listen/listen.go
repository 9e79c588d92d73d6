// Package listen makes one audio file of what a caller hears on a path through a
// flow: in virtual time, with the true pauses, of the prompts that a telephone would
// be sent (G.711), with transcript, subtitles and chapters.
//
// The path is given by keys. A key is pressed when the question that waits for it
// has been heard to its end, a time before it says how long after the key before it
// is pressed instead. Nobody answers where the flow calls somebody: the file ends
// while that rings.
//
// It is pure but for the prompts and the application that it asks or that orders,
// starts no goroutine and never sleeps.
package listen

import (
	"context"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/media"
	"tandem/internal/voice"
)

// Bounds of a file.
const (
	MaxKeys     = 100
	MaxLength   = 10 * time.Minute // of one path
	MaxMenu     = 30 * time.Minute // of a whole menu
	MaxChapters = 60
	MaxDepth    = 5 // keys to a chapter
)

// Times of a patient listener.
const (
	patience = 500 * time.Millisecond // from the end of a question to the key
	rings    = 5 * time.Second        // that are heard when somebody is called
	tail     = time.Second            // after the last that is heard
	gap      = 700 * time.Millisecond // between chapters
)

// Rate is the samples a second of what is made.
const Rate = 8000

// Clips gives the audio of prompts, as prompt.Library does.
type Clips interface {
	Clip(ctx context.Context, t voice.TenantID, p voice.Prompt) (*media.Clip, error)
}

// Application is a real application that a flow asks. Virtual time stands still while
// it thinks.
type Application interface {
	Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error)
	// Fetch asks it what is to be done next, and gives the status of its answer too.
	Fetch(ctx context.Context, q flow.Question) (*flow.Program, int, error)
}

// Flow is what is listened to.
type Flow struct {
	Main *flow.Program
	// Lookup gives the apps that it leads to; nil = there are none but itself.
	Lookup func(ctx context.Context, app voice.AppID) (*flow.Program, error)
	Clips  Clips
	// Tenant is whose prompts they are.
	Tenant voice.TenantID
	// Call is what the flow knows of the caller.
	Call voice.CallInfo
	// Start is when the call comes, for opening hours; zero = 2026-01-01 12:00 UTC.
	Start time.Time
	// Application is asked what the flow asks; nil = there is none, and such steps fail.
	Application Application
	// Orders is an application that orders by itself what the call does; nil = none does.
	Orders Ordering
	// Extensions that a caller may key.
	Extensions []voice.Digits
}

// Line is one thing that is heard or done.
type Line struct {
	From, To time.Duration
	Text     string
	Key      bool // it is a key of the caller, and makes no sound
	Failed   bool // it should sound, and can't be had
	App      voice.AppID
	Node     flow.NodeID // step that it belongs to
}

// Choice is a key that can be pressed where a path ends.
type Choice struct {
	Key voice.Digits
	To  flow.NodeID // step that it leads to; "" = the call ends
}

// Asked is a request of the flow, and what came of it.
type Asked struct {
	URL    string
	Status int    // 0 = no answer
	Fault  string // why it was of no use; "" = it was
}

// Chapter is a part of the file, for players that jump.
type Chapter struct {
	At   time.Duration
	Keys string // that lead there; "" = the beginning
	Name string
}

// Recording is what was heard.
type Recording struct {
	Samples  []int16 // at Rate
	Lines    []Line
	Chapters []Chapter
	// Ended says how the path ended, in words.
	Ended string
	// Path is the steps that were entered; of a whole menu there is none.
	Path []interp.Visit
	// Asked is what the flow has asked applications, each once.
	Asked []Asked
	// Waits says that the flow waits for orders of an application, and there is none.
	Waits bool
	// Choices are what the question at its end, if it ends at one, can be answered with.
	Choices []Choice
}

// Length is how long it lasts.
func (r *Recording) Length() time.Duration { return length(len(r.Samples)) }

func length(samples int) time.Duration { return time.Duration(samples) * time.Second / Rate }
func samples(d time.Duration) int      { return int(d * Rate / time.Second) }

// press is a part of a path: keys, and the time before them; wait < 0 = when the
// question has been heard.
type press struct {
	keys voice.Digits
	wait time.Duration
}

// ParseKeys reads a path: keys, and before them the time to wait, as in "1 2s 3".
func ParseKeys(s string) ([]press, error) {
	var all []press
	wait := time.Duration(-1)
	for f := range strings.FieldsSeq(s) {
		if strings.Trim(f, "0123456789*#ABCD") == "" {
			all = append(all, press{voice.Digits(f), wait})
			wait = -1
		} else {
			d, err := time.ParseDuration(f)
			if err != nil || d < 0 || d > MaxLength {
				return nil, voice.InvalidField("listen", "keys", "%q is neither keys nor a time such as 2s", f)
			}
			wait = max(wait, 0) + d
		}
		if len(all) > MaxKeys {
			return nil, voice.InvalidField("listen", "keys", "there are more than %d", MaxKeys)
		}
	}
	if wait >= 0 {
		all = append(all, press{"", wait})
	}
	return all, nil
}

// Path makes the recording of one path.
func (f Flow) Path(ctx context.Context, keys string) (*Recording, error) {
	path, err := ParseKeys(keys)
	if err != nil {
		return nil, err
	}
	w, err := f.walk(ctx, path)
	if err != nil {
		return nil, err
	}
	r := w.recording()
	r.Chapters, r.Path, r.Choices = w.chapters(), w.trace.Visits, w.choices()
	return r, nil
}

// add puts what a part has from a time on behind what there is.
func (r *Recording) add(part *Recording, from time.Duration, c Chapter) {
	if len(r.Samples) > 0 {
		r.Samples = append(r.Samples, make([]int16, samples(gap))...)
	}
	shift := r.Length() - from
	c.At = r.Length()
	r.Chapters = append(r.Chapters, c)
	r.Samples = append(r.Samples, part.Samples[min(samples(from), len(part.Samples)):]...)
	for _, l := range part.Lines {
		if l.From >= from {
			l.From, l.To = l.From+shift, l.To+shift
			r.Lines = append(r.Lines, l)
		}
	}
}
