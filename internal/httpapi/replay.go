package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/flow"
	"tandem/internal/replay"
	"tandem/internal/voice"
)

// mostReplayed bounds the calls of one request.
const mostReplayed = 2000

// ReplayRequest names the app and the calls that are replayed on it.
type ReplayRequest struct {
	AppPath
	Of    string    `query:"of" enum:"draft,published" doc:"What the calls are run on; missing = the draft where there is one"`
	Hours float64   `query:"hours" minimum:"0" maximum:"87600" default:"24" doc:"Calls that began so many hours ago at most"`
	From  time.Time `query:"from" doc:"Calls that began then or later, instead of hours"`
	To    time.Time `query:"to" doc:"Calls that began before it; missing = up to now. A long time asked for in parts shows how far it is"`
}

// OneReplayRequest names a call, and the app that it is replayed on.
type OneReplayRequest struct {
	CallPath
	App string `query:"app" maxLength:"64" doc:"Whose document takes the place of what the call ran; missing = the app that answered it"`
	Of  string `query:"of" enum:"draft,published" doc:"Missing = the draft where there is one"`
}

func (a *API) registerReplay(section string) {
	handle(a, route{id: "replay-calls", method: http.MethodPost, path: "/apps/{app}/replay", section: section, scope: CallsRead,
		title: "Replay calls on an app", text: "Runs the calls that went through the app again, in virtual time, on its draft, with the keys, answers " +
			"and outcomes that they had, and tells which end elsewhere and where they first differ. Nobody is called. At most 2,000 calls, the oldest first; more says that there are others."}, a.replay)
	handle(a, route{id: "replay-call", method: http.MethodPost, path: "/calls/{call}/replay", section: section, scope: CallsRead,
		title: "Replay a call", text: "Runs one past call again on the draft of the app that answered it, and tells whether it goes the same way. Nobody is called."}, a.replayOne)
}

// swapped compiles what replays run instead of an app.
func (a *API) swapped(ctx context.Context, c caller, app, of string) (map[voice.AppID]*flow.Program, voice.AppID, error) {
	v, _, err := a.either(ctx, c, app, of)
	if err != nil {
		return nil, "", err
	}
	p, err := a.runnable(ctx, v)
	if err != nil {
		return nil, "", err
	}
	own := *p
	own.App = v.ID
	return map[voice.AppID]*flow.Program{v.ID: &own}, v.ID, nil
}

// tapes gives the tapes of an account from a time on.
func (a *API) tapes(ctx context.Context, c caller, after time.Time) (replay.Each, error) {
	if a.cfg.EachTape == nil {
		return nil, voice.Errorf("httpapi.replay", voice.Unavailable, "this server keeps nothing of calls to replay")
	}
	return func(f func(*replay.Tape) error) error { return a.cfg.EachTape(ctx, c.tenant, after, f) }, nil
}

func (a *API) replay(ctx context.Context, c caller, in *ReplayRequest) (*answer[replay.Sum], error) {
	after := in.From
	if after.IsZero() {
		after = a.cfg.Now().Add(-time.Duration(in.Hours * float64(time.Hour)))
	}
	sum, err := within(ctx, a, c.tenant, replayTime, "the replay", func(ctx context.Context) (*replay.Sum, error) {
		each, err := a.tapes(ctx, c, after)
		if err != nil {
			return nil, err
		}
		swap, app, err := a.swapped(ctx, c, in.App, in.Of)
		if err != nil {
			return nil, err
		}
		return replay.Many{App: app, Swap: swap, Until: in.To, Limit: mostReplayed}.Sum(ctx, each)
	})
	if err != nil {
		return nil, err
	}
	return body(*sum), nil
}

func (a *API) replayOne(ctx context.Context, c caller, in *OneReplayRequest) (*answer[replay.Outcome], error) {
	cdr, err := a.cfg.Calls.CDR(ctx, c.tenant, voice.CallID(in.Call))
	if err != nil {
		return nil, err
	}
	if in.App == "" {
		in.App = string(cdr.App)
	}
	if in.App == "" {
		return nil, voice.Errorf("httpapi.replay", voice.Conflict, "no app answered call %s; name one", in.Call)
	}
	o, err := within(ctx, a, c.tenant, replayTime, "the replay", func(ctx context.Context) (replay.Outcome, error) {
		none := replay.Outcome{}
		each, err := a.tapes(ctx, c, cdr.Start.Add(-time.Second))
		if err != nil {
			return none, err
		}
		swap, app, err := a.swapped(ctx, c, in.App, in.Of)
		if err != nil {
			return none, err
		}
		tape, err := replay.One(each, cdr.Call)
		switch {
		case err != nil:
			return none, err
		case !tape.Full && !tape.Uses(app):
			return none, voice.Errorf("httpapi.replay", voice.Conflict, "the call did not go through app %s", app)
		}
		return replay.Replay(ctx, tape, swap), nil
	})
	if err != nil {
		return nil, err
	}
	return body(o), nil
}
