package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/voice"
)

// ListenInput says what is to be heard.
type ListenInput struct {
	Keys        string `json:"keys,omitempty" maxLength:"1000" example:"1 2s 3" doc:"What the caller does: keys, each pressed when its question has been heard, and times to press sooner or later"`
	Menu        bool   `json:"menu,omitempty" doc:"The whole menu instead: each question once, a chapter for every key"`
	From        string `json:"from,omitempty" maxLength:"100" doc:"Who calls"`
	Application string `json:"application,omitempty" maxLength:"2000" example:"https://ivr.example.com" doc:"Where the application is that the app asks: all that it asks goes there, with its path, whatever host the document names. Missing = nobody is asked. Takes the scope apps:write"`
	Sound       bool   `json:"sound,omitempty" doc:"Answer the audio, too, so that an application is asked once"`
}

// Heard is what a caller hears, in words.
type Heard struct {
	Seconds    float64        `json:"seconds" doc:"Length of the audio"`
	Ended      string         `json:"ended" doc:"How it ends"`
	Transcript string         `json:"transcript" doc:"What is heard and done, a line each with its time"`
	SRT        string         `json:"srt" doc:"Subtitles (SubRip)"`
	VTT        string         `json:"vtt" doc:"Subtitles (WebVTT)"`
	Chapters   []HeardChapter `json:"chapters"`
	Missing    []string       `json:"missing" doc:"Prompts that could not be played"`
	Lines      []HeardLine    `json:"lines" doc:"The transcript, for a page that follows the sound"`
	Path       []HeardStep    `json:"path" doc:"Steps that were entered, in order; of a whole menu none"`
	Asked      []HeardAsked   `json:"asked" doc:"What the app has asked an application, each once"`
	Waits      bool           `json:"waits" doc:"The app waits for orders of an application, as Hoiio's give, which none gives here"`
	Sound      []byte         `json:"sound,omitempty" doc:"The audio as WAV, where it was asked for"`
	Choices    []HeardChoice  `json:"choices" doc:"Keys that the question takes at which the path ends; empty when it ends at none"`
}

// HeardLine is one thing that is heard or done.
type HeardLine struct {
	From   float64 `json:"from" doc:"Seconds from the beginning"`
	To     float64 `json:"to"`
	Text   string  `json:"text"`
	Key    bool    `json:"key,omitempty" doc:"It is a key of the caller"`
	Failed bool    `json:"failed,omitempty" doc:"It could not be played"`
	App    string  `json:"app,omitempty" doc:"Of the step"`
	Node   string  `json:"node,omitempty" doc:"Step that it belongs to"`
}

// HeardAsked is what the app has asked.
type HeardAsked struct {
	URL    string `json:"url"`
	Status int    `json:"status,omitempty" doc:"That was answered; missing = no answer"`
	Fault  string `json:"fault,omitempty" doc:"Why the answer was of no use, or there is none"`
}

// HeardStep is a step of a path, and the exit by which it was left.
type HeardStep struct {
	App  string `json:"app,omitempty"`
	Node string `json:"node"`
	Exit string `json:"exit,omitempty"`
}

// HeardChoice is a key that can be pressed next.
type HeardChoice struct {
	Key string `json:"key"`
	To  string `json:"to,omitempty" doc:"Step that it leads to; missing = the call ends"`
}

// HeardChapter is a place in the audio.
type HeardChapter struct {
	At   float64 `json:"at" doc:"Seconds from the beginning"`
	Keys string  `json:"keys" doc:"That lead there; empty = the beginning"`
	Name string  `json:"name"`
}

// ListenRequest names the app and what is to be heard of it.
type ListenRequest struct {
	AppPath
	Of   string `query:"of" enum:"draft,published" doc:"Missing = the draft where there is one"`
	Body ListenInput
}

func (a *API) registerListen(section string) {
	const text = "The path is gone in virtual time with the true pauses; the same request gives the same sound. Nobody is called, and an application is asked where one is named alone. A path has ten minutes at most, a menu thirty; at most two are made at once, and whoever waits too long is answered 429."
	handle(a, route{id: "listen-to-app", method: http.MethodPost, path: "/apps/{app}/listen", section: section, scope: AppsRead, content: wavType,
		title: "Hear an app", text: text + " Chapters are cue points of the file."}, a.listen)
	handle(a, route{id: "read-app-aloud", method: http.MethodPost, path: "/apps/{app}/listen/text", section: section, scope: AppsRead,
		title: "Read what a caller hears", text: text}, a.listenText)
}

func (a *API) heard(ctx context.Context, c caller, in *ListenRequest) (*listen.Recording, error) {
	if a.cfg.Clips == nil {
		return nil, voice.Errorf("httpapi.listen", voice.Unavailable, "this server has no prompts")
	}
	v, _, err := a.either(ctx, c, in.App, in.Of)
	if err != nil {
		return nil, err
	}
	p, err := a.runnable(ctx, v)
	if err != nil {
		return nil, err
	}
	f := listen.Flow{Main: p, Clips: a.cfg.Clips, Tenant: c.tenant, Start: a.cfg.Now(), Call: voice.CallInfo{Tenant: c.tenant, Direction: voice.Inbound, From: in.Body.From},
		Lookup: func(ctx context.Context, app voice.AppID) (*flow.Program, error) {
			return a.cfg.Programs.Program(ctx, c.tenant, app)
		}}
	if f.Application, err = a.application(c, in.Body.Application); err != nil {
		return nil, err
	}
	return within(ctx, a, c.tenant, listenTime, "making the sound", func(ctx context.Context) (*listen.Recording, error) {
		if in.Body.Menu {
			return f.Menu(ctx)
		}
		return f.Path(ctx, in.Body.Keys)
	})
}

// runnable compiles an app; Invalid when it has errors.
func (a *API) runnable(ctx context.Context, v voice.App) (*flow.Program, error) {
	p, ds, err := a.desk.Compile(ctx, v)
	if err != nil {
		return nil, err
	}
	if bad, has := ds.FirstError(); has {
		return nil, voice.Errorf("httpapi", voice.Invalid, "the app can't be run: %s", bad)
	}
	return p, nil
}

func (a *API) listen(ctx context.Context, c caller, in *ListenRequest) (*huma.StreamResponse, error) {
	rec, err := a.heard(ctx, c, in)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := rec.WriteWAV(&b); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", wavType)
		ctx.SetHeader("Cache-Control", "private, no-store")
		_, _ = ctx.BodyWriter().Write(b.Bytes()) // whoever asked has gone
	}}, nil
}

func (a *API) listenText(ctx context.Context, c caller, in *ListenRequest) (*answer[Heard], error) {
	rec, err := a.heard(ctx, c, in)
	if err != nil {
		return nil, err
	}
	x := Heard{Seconds: seconds(rec.Length()), Ended: rec.Ended, Transcript: rec.Transcript(), SRT: rec.SRT(), VTT: rec.VTT(), Chapters: []HeardChapter{}, Missing: []string{},
		Lines: []HeardLine{}, Path: []HeardStep{}, Choices: []HeardChoice{}, Asked: []HeardAsked{}, Waits: rec.Waits}
	if in.Body.Sound {
		var b bytes.Buffer
		if err := rec.WriteWAV(&b); err != nil {
			return nil, err
		}
		x.Sound = b.Bytes()
	}
	for _, q := range rec.Asked {
		x.Asked = append(x.Asked, HeardAsked(q))
	}
	for _, ch := range rec.Chapters {
		x.Chapters = append(x.Chapters, HeardChapter{seconds(ch.At), ch.Keys, ch.Name})
	}
	for _, s := range rec.Path {
		x.Path = append(x.Path, HeardStep{string(s.App), string(s.Node), string(s.Exit)})
	}
	for _, k := range rec.Choices {
		x.Choices = append(x.Choices, HeardChoice{string(k.Key), string(k.To)})
	}
	for _, l := range rec.Lines {
		x.Lines = append(x.Lines, HeardLine{seconds(l.From), seconds(l.To), l.Text, l.Key, l.Failed, string(l.App), string(l.Node)})
		if l.Failed {
			x.Missing = append(x.Missing, l.Text)
		}
	}
	return body(x), nil
}

// either gives an app as calls run it, or with the document of its draft; of is
// "draft", "published", or "" for the draft where there is one. It says which it is.
func (a *API) either(ctx context.Context, c caller, app, of string) (voice.App, string, error) {
	v, err := a.app(ctx, c, app)
	if err != nil {
		return v, "", err
	}
	which := "published"
	if of != "published" {
		_, kept, err := a.draft(ctx, v)
		switch {
		case err == nil:
			which, v.Document = "draft", kept.Document
		case of == "draft" || !voice.IsKind(err, voice.NotExist):
			return v, "", err
		}
	}
	if len(v.Document) == 0 {
		return v, "", voice.Errorf("httpapi", voice.NotExist, "app %s has no published document yet", v.ID)
	}
	return v, which, nil
}
