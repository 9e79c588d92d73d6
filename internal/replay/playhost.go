package replay

import (
	"context"
	"encoding/json"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// world is the player as a host.
type world struct{ p *player }

// of gives the first answer to a method with a key that was not given yet, or else
// the last that was; false when the tape has none.
func (w world) of(do, key string) (*Act, bool) {
	last := -1
	for i, a := range w.p.run.Host {
		if a.Do != do || a.Key != key {
			continue
		}
		last = i
		if !w.p.used[i] {
			break
		}
	}
	if last < 0 {
		return nil, false
	}
	w.p.used[last] = true
	return &w.p.run.Host[last], true
}

// answer gives what a method of the host gave then, or what is usual.
func answer[R any](w world, do, key string, usual R, err error) (R, error) {
	a, is := w.of(do, key)
	if !is {
		w.p.leave("it asks for %s %s", do, key)
		return usual, err
	}
	var got R
	if len(a.Got) > 0 {
		if jerr := json.Unmarshal(a.Got, &got); jerr != nil {
			return usual, voice.E("replay."+do, voice.Internal, jerr)
		}
	}
	return got, a.Err.err()
}

func (w world) unknown(what string) error {
	return voice.Errorf("replay", voice.Unavailable, "the call has no answer of %s", what)
}

func (w world) plain(do, key string) error {
	_, err := answer(w, do, key, nothing{}, nil)
	return err
}

func (w world) program(do, key string, missing error) (*flow.Program, int, error) {
	got, err := answer(w, do, key, given{}, missing)
	p := w.p.run.Programs[got.Program]
	if err == nil && p == nil && do != "rescue" {
		err = missing
	}
	return p, got.Status, err
}

func (w world) Program(_ context.Context, app voice.AppID) (*flow.Program, error) {
	p, _, err := w.program("program", string(app), voice.Errorf("replay", voice.NotExist, "app %s is not on the tape", app))
	if s := w.p.swap[app]; s != nil {
		return s, nil
	}
	return p, err
}

func (w world) Rescue(context.Context) (*flow.Program, error) {
	p, _, err := w.program("rescue", "", nil)
	return p, err
}

func (w world) Fetch(_ context.Context, f flow.Fetch, _ voice.AppID, _ map[string]string) (*flow.Program, int, error) {
	return w.program("fetch", string(f.URL), w.unknown(string(f.URL)))
}

func (w world) Route(_ context.Context, d voice.Destination) (voice.Route, error) {
	a := voice.Attempt{Text: d.String(), Targets: []voice.Target{{Kind: d.Kind, ID: d.ID}}}
	if d.Kind == voice.ToApp {
		a = voice.Attempt{Text: d.String(), App: voice.AppID(d.ID)}
	}
	return answer(w, "route", d.String(), voice.Route{Attempts: []voice.Attempt{a}}, nil)
}

func (w world) Extensions(context.Context) ([]voice.Digits, error) {
	return answer(w, "extensions", "", []voice.Digits(nil), nil)
}

func (w world) Deliver(context.Context, voice.Mailbox, voice.Recording) error {
	return w.plain("deliver", "")
}

func (w world) SaveSound(context.Context, voice.SoundID, voice.Recording) error {
	return w.plain("save sound", "")
}

func (w world) Timezone(context.Context) (string, error) { return answer(w, "timezone", "", "", nil) }

func (w world) MayShow(_ context.Context, number string) (bool, error) {
	return answer(w, "may show", number, true, nil)
}

func (w world) Request(_ context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	return answer(w, "request", r.Method+" "+r.URL, voice.HTTPAnswer{}, w.unknown(r.URL))
}

func (w world) SendSMS(context.Context, voice.TenantID, voice.CallID, string, string) error {
	return w.plain("sms", "")
}

func (w world) Transcribe(context.Context, voice.Recording, string) (string, error) {
	return answer(w, "transcribe", "", "", w.unknown("the recogniser"))
}

func (w world) Keep(_ context.Context, topic string, _ map[string]string) error {
	return w.plain("keep", topic)
}

func (w world) Discard(context.Context, voice.Recording) error { return w.plain("discard", "") }

func (w world) LastAnswered(key string) string {
	who, _ := answer(w, "last answered", key, "", nil)
	return who
}

func (w world) Answered(string, string) {}

func (w world) JoinQueue(_ context.Context, id string, _ int) (voice.Ticket, error) {
	if err := w.plain("queue", id); err != nil {
		return nil, err
	}
	return ticket{w}, nil
}

type ticket struct{ w world }

func (t ticket) Position() int {
	n, _ := answer(t.w, "position", "", 1, nil)
	return max(n, 1)
}
func (ticket) Moved() <-chan struct{} { return nil }
func (ticket) Leave()                 {}

// Begin does f when the tape says that it was over.
func (w world) Begin(f func()) <-chan struct{} {
	p := w.p
	p.begins++
	done := make(chan struct{})
	p.begun[p.begins] = func() {
		f()
		close(done)
	}
	p.told()
	for _, m := range p.run.Marks[:p.marks] { // it was over before the next act
		if f := p.begun[p.begins]; f != nil && m.What == "done" && m.Begin == p.begins {
			delete(p.begun, p.begins)
			f()
		}
	}
	return done
}
