package stage

import (
	"bytes"
	"context"
	"crypto/subtle"
	"io"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Calls is what is known of the calls that are up.
type Calls interface {
	Live() []voice.LiveCall
	// Waits reports whether one waits for commands.
	Waits() bool
	// Note puts a word on the timeline of a call, also of one that is over.
	Note(id voice.CallID, e voice.Event)
}

// Control is the calls of a test, or of whatever else runs, as the APIs use them.
type Control interface {
	Calls
	Command(id voice.CallID, cmd flow.Command) error
	Hangup(id voice.CallID, words string) error
	// Taped gives the recording of a whole call.
	Taped(id voice.CallID) (voice.Taper, error)
	Originate(cb dialect.CallBack) (voice.CallID, error)
}

// done does f for the application, by the goroutine that runs the test.
func (s *Stage) done(ctx context.Context, f func() error) error {
	var err error
	if out := s.on(ctx, func() {
		if s.control == nil {
			err = voice.Errorf("stage", voice.Unavailable, "no test is running")
			return
		}
		err = f()
		s.owes = s.owes && err != nil
	}); out != nil {
		return out
	}
	return err
}

// control is a dialect.Control.
type control struct{ s *Stage }

func (c control) Originate(ctx context.Context, cb dialect.CallBack) (id voice.CallID, err error) {
	err = c.s.done(ctx, func() error { id, err = c.s.control.Originate(cb); return err })
	return id, err
}

// live is a dialect.LiveCalls; what it lacks no test can do.
type live struct {
	dialect.LiveCalls
	s *Stage
}

func (l live) Live(ctx context.Context, t voice.TenantID) (list []voice.LiveCall, err error) {
	if t != tenant {
		return nil, nil
	}
	err = l.s.on(ctx, func() { // a look is no order: what is owed is owed still
		if l.s.control != nil {
			list = l.s.control.Live()
		}
	})
	return list, err
}

func (l live) LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	list, err := l.Live(ctx, t)
	if err != nil {
		return voice.LiveCall{}, err
	}
	return liveOf(list, id)
}

func (l live) Hangup(ctx context.Context, _ voice.TenantID, id voice.CallID, words string) error {
	return l.s.done(ctx, func() error { return l.s.control.Hangup(id, words) })
}

func (live) Redirect(context.Context, voice.TenantID, voice.CallID, voice.Destination) error {
	return notHere("a redirection")
}

func (live) Supervise(context.Context, voice.TenantID, voice.CallID, voice.SuperviseMode, voice.Destination) error {
	return notHere("listening to a call")
}

// notHere refuses what simulated calls can't do.
func notHere(what string) error {
	return voice.Errorf("stage", voice.Unavailable, "%s is not possible in a flow test", what)
}

// commands is a dialect.Commander.
type commands struct {
	dialect.Commander
	s *Stage
}

func (c commands) Command(ctx context.Context, _ voice.TenantID, id voice.CallID, cmd flow.Command) error {
	return c.s.done(ctx, func() error { return c.s.control.Command(id, cmd) })
}

func (c commands) StartTape(ctx context.Context, _ voice.TenantID, id voice.CallID, spec voice.TapeSpec) (tape voice.RecordingID, err error) {
	err = c.s.done(ctx, func() error {
		t, err := c.s.control.Taped(id)
		if err != nil {
			return err
		}
		tape, err = t.StartTape(ctx, spec)
		return err
	})
	return tape, err
}

func (c commands) OrderTape(ctx context.Context, _ voice.TenantID, id voice.CallID, o voice.TapeOrder) error {
	return c.s.done(ctx, func() error {
		t, err := c.s.control.Taped(id)
		if err != nil {
			return err
		}
		return t.OrderTape(ctx, o)
	})
}

func (c commands) PlayOver(ctx context.Context, _ voice.TenantID, id voice.CallID, spec voice.OverSpec) error {
	return c.s.done(ctx, func() error {
		for _, p := range spec.Prompts {
			c.s.control.Note(id, voice.Event{Kind: voice.EventMedia, Text: "over what goes on sounds " + p.String()})
		}
		return nil
	})
}

func (c commands) StopOver(ctx context.Context, _ voice.TenantID, id voice.CallID, _ voice.LegID) error {
	return c.s.done(ctx, func() error {
		c.s.control.Note(id, voice.Event{Kind: voice.EventMedia, Text: "what sounded over it is stopped"})
		return nil
	})
}

func (c commands) SendKeys(ctx context.Context, _ voice.TenantID, id voice.CallID, leg voice.LegID, keys string) error {
	return c.s.done(ctx, func() error {
		c.s.control.Note(id, voice.Event{Kind: voice.EventMedia, Text: "keys " + keys + " are sent to leg " + string(leg)})
		return nil
	})
}

// checker takes one secret for all applications.
type checker struct{ voice.TokenStore }

func (c checker) Check(ctx context.Context, kind, name, secret, _ string) (voice.Token, error) {
	if subtle.ConstantTimeCompare([]byte(secret), []byte(Token)) != 1 {
		return voice.Token{}, voice.Errorf("stage.Check", voice.Permission, "the secret of the stage is %q", Token)
	}
	return c.TokenByName(ctx, kind, name)
}

func (checker) SetPassword(context.Context, string, voice.User, string) error {
	return notHere("a change of passwords")
}

// audio is a dialect.Audio without sound.
type audio struct{ voices []dialect.SpeechVoice }

type silence struct{ *bytes.Reader }

func (silence) Close() error { return nil }

func (audio) Ingest(context.Context, voice.TenantID, io.Reader) (dialect.Clip, error) {
	return dialect.Clip{}, notHere("an upload of sound")
}

func (audio) IngestFile(context.Context, voice.TenantID, io.Reader) (dialect.Clip, error) {
	return dialect.Clip{}, notHere("an upload of sound")
}

func (audio) Speak(context.Context, voice.TenantID, dialect.Utterance) (dialect.Clip, error) {
	return dialect.Clip{}, notHere("the making of sound")
}

func (a audio) Voices(context.Context) ([]dialect.SpeechVoice, error) {
	if a.voices != nil {
		return a.voices, nil
	}
	var list []dialect.SpeechVoice
	for _, language := range []string{"en-US", "en-GB", "sv-SE", "de-DE", "fr-FR", "es-ES", "it-IT", "pt-PT", "nl-NL", "el-GR", "ru-RU", "hi-IN", "ta-IN", "te-IN", "ar-SA", "zh-CN", "ja-JP"} {
		list = append(list, dialect.SpeechVoice{ID: language + "-f", Language: language, Gender: "female"}, dialect.SpeechVoice{ID: language + "-m", Language: language, Gender: "male"})
	}
	return list, nil
}

func (audio) Open(context.Context, string) (io.ReadSeekCloser, error) {
	return silence{bytes.NewReader(nil)}, nil
}

func (audio) OpenStandard(context.Context, string, string) (io.ReadSeekCloser, error) {
	return silence{bytes.NewReader(nil)}, nil
}
