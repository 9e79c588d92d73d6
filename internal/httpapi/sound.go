package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// Sound is stored audio.
type Sound struct {
	ID       string     `json:"id"`
	Number   int64      `json:"number,omitempty" doc:"The same sound in the APIs whose ids are numbers"`
	Name     string     `json:"name"`
	App      string     `json:"app,omitempty" doc:"App whose prompt it is; missing = the account's own sound"`
	Source   string     `json:"source,omitempty" enum:"uploaded,phone,speech" doc:"How the audio came to be; missing = there is none yet"`
	FileName string     `json:"file_name,omitempty" doc:"As uploaded"`
	Text     string     `json:"text,omitempty" doc:"What is spoken"`
	Voice    string     `json:"voice,omitempty"`
	Seconds  float64    `json:"seconds" doc:"Length of the audio"`
	Bytes    int64      `json:"bytes"`
	Created  *time.Time `json:"created,omitempty"`
	Updated  *time.Time `json:"updated,omitempty" doc:"Of the audio"`
}

// Speech is a text to be spoken.
type Speech struct {
	Name     string `json:"name,omitempty" maxLength:"100" doc:"For people; missing = the beginning of the text"`
	Text     string `json:"text" minLength:"1" maxLength:"5000"`
	Language string `json:"language,omitempty" maxLength:"35" example:"en-US" doc:"BCP 47; missing = the voice's"`
	Voice    string `json:"voice,omitempty" maxLength:"100" doc:"Id of GET /voices"`
	Gender   string `json:"gender,omitempty" enum:"female,male"`
}

// SoundName renames a sound.
type SoundName struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// Voice is a voice that texts can be spoken with.
type Voice struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Language string `json:"language" doc:"BCP 47"`
	Gender   string `json:"gender,omitempty"`
}

// Usage is an app that uses something.
type Usage struct {
	App  string `json:"app"`
	Name string `json:"name"`
}

// SoundPath names it in the path.
type SoundPath struct {
	Sound string `path:"sound" maxLength:"64"`
}

func (a *API) registerSounds() {
	const section = "Sounds"
	handle(a, route{id: "list-sounds", method: http.MethodGet, path: "/sounds", section: section, scope: AppsRead, title: "List the sounds"}, a.listSounds)
	handle(a, route{id: "upload-sound", method: http.MethodPost, path: "/sounds", section: section, scope: AppsWrite, status: http.StatusCreated,
		title: "Upload a sound", text: "WAV or MP3; it is stored as 16-bit WAV at 8 kHz, evened out for telephones.",
		form: uploadForm(), time: uploadTime, before: a.readForm}, a.uploadSound)
	handle(a, route{id: "speak-sound", method: http.MethodPost, path: "/sounds/speech", section: section, scope: AppsWrite, status: http.StatusCreated,
		title: "Make a sound of a text"}, a.speakSound)
	handle(a, route{id: "read-sound", method: http.MethodGet, path: "/sounds/{sound}", section: section, scope: AppsRead, title: "Read a sound's description"}, a.readSound)
	handle(a, route{id: "rename-sound", method: http.MethodPatch, path: "/sounds/{sound}", section: section, scope: AppsWrite, title: "Rename a sound"}, a.renameSound)
	handle(a, route{id: "delete-sound", method: http.MethodDelete, path: "/sounds/{sound}", section: section, scope: AppsWrite, status: http.StatusNoContent,
		title: "Delete a sound", text: "Refused while an app uses it."}, a.deleteSound)
	handle(a, route{id: "download-sound", method: http.MethodGet, path: "/sounds/{sound}/audio", section: section, scope: AppsRead, content: wavType,
		title: "Download a sound"}, a.downloadSound)
	handle(a, route{id: "replace-sound", method: http.MethodPut, path: "/sounds/{sound}/audio", section: section, scope: AppsWrite,
		title: "Replace the audio of a sound", text: "Its id stays, and so do the apps that use it.",
		form: uploadForm(), time: uploadTime, before: a.readForm}, a.replaceSound)
	handle(a, route{id: "sound-usage", method: http.MethodGet, path: "/sounds/{sound}/usage", section: section, scope: AppsRead,
		title: "List the apps that use a sound"}, a.soundUsage)
	a.registerSoundsByPhone(section)
	handle(a, route{id: "list-voices", method: http.MethodGet, path: "/voices", section: section, scope: AppsRead, title: "List the voices"}, a.listVoices)
}

func showSound(s voice.Sound) Sound {
	return Sound{ID: string(s.ID), Number: s.Serial, Name: s.Name, App: string(s.App), Source: string(s.Source), FileName: s.FileName,
		Text: s.Text, Voice: s.Voice, Seconds: seconds(s.Duration), Bytes: s.Size, Created: moment(s.Created), Updated: moment(s.Updated)}
}

func (a *API) listSounds(ctx context.Context, c caller, in *struct {
	App string `query:"app" maxLength:"64" doc:"Only the prompts of this app"`
}) (*answer[Page[Sound]], error) {
	list, err := a.cfg.Sounds.Sounds(ctx, c.tenant, voice.AppID(in.App))
	if err != nil {
		return nil, err
	}
	return all(list, showSound), nil
}

func cleanName(s string) string { return voice.CleanName(s) }

func (a *API) uploadSound(ctx context.Context, c caller, in *Upload) (*answer[Sound], error) {
	clip, fileName, err := a.file(ctx, c, &in.RawBody)
	if err != nil {
		return nil, err
	}
	name := cleanName(strings.Join(in.RawBody.Value["name"], " "))
	if name == "" {
		name = cleanName(fileName)
	}
	return a.createSound(ctx, c, clip, voice.Sound{Name: name, FileName: fileName, Source: voice.SoundUploaded})
}

func (a *API) createSound(ctx context.Context, c caller, clip dialect.Clip, s voice.Sound) (*answer[Sound], error) {
	now := a.cfg.Now()
	s.ID, s.Tenant, s.Created, s.Updated = voice.SoundID(voice.NewID("SD")), c.tenant, now, now
	s.Blob, s.Size, s.Duration = clip.Blob, clip.Size, clip.Duration
	if err := a.cfg.Sounds.CreateSound(ctx, s); err != nil {
		return nil, err
	}
	made, err := a.cfg.Sounds.Sound(ctx, c.tenant, s.ID)
	if err != nil {
		return nil, err
	}
	return body(showSound(made)), nil
}

func (a *API) speakSound(ctx context.Context, c caller, in *struct{ Body Speech }) (*answer[Sound], error) {
	s := in.Body
	clip, err := a.cfg.Audio.Speak(ctx, c.tenant, dialect.Utterance{Text: s.Text, Language: s.Language, Voice: s.Voice, Gender: s.Gender})
	if voice.IsKind(err, voice.Invalid) {
		return nil, invalid("body.text", "%s", voice.Reason(err))
	}
	if err != nil {
		return nil, err
	}
	name := cleanName(s.Name)
	if name == "" {
		name = cleanName(s.Text)
	}
	return a.createSound(ctx, c, clip, voice.Sound{Name: name, Source: voice.SoundSpoken, Text: s.Text, Voice: s.Voice})
}

func (a *API) readSound(ctx context.Context, c caller, in *SoundPath) (*answer[Sound], error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	return body(showSound(s)), nil
}

func (a *API) renameSound(ctx context.Context, c caller, in *struct {
	SoundPath
	Body SoundName
}) (*answer[Sound], error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	if s.Name = cleanName(in.Body.Name); s.Name == "" {
		return nil, invalid("body.name", "the name is empty")
	}
	if err := a.cfg.Sounds.UpdateSound(ctx, s); err != nil {
		return nil, err
	}
	return body(showSound(s)), nil
}

func (a *API) replaceSound(ctx context.Context, c caller, in *struct {
	SoundPath
	Upload
}) (*answer[Sound], error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	clip, fileName, err := a.file(ctx, c, &in.RawBody)
	if err != nil {
		return nil, err
	}
	s.Source, s.FileName, s.Text, s.Voice = voice.SoundUploaded, fileName, "", ""
	s.Blob, s.Size, s.Duration, s.Updated = clip.Blob, clip.Size, clip.Duration, a.cfg.Now()
	if err := a.cfg.Sounds.UpdateSound(ctx, s); err != nil {
		return nil, err
	}
	return body(showSound(s)), nil
}

func (a *API) downloadSound(ctx context.Context, c caller, in *SoundPath) (*huma.StreamResponse, error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	return a.wav(ctx, s.Blob, s.Name, s.Updated)
}

func (a *API) deleteSound(ctx context.Context, c caller, in *SoundPath) (*nothing, error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	if s.Standard != "" {
		return nil, voice.Errorf("httpapi", voice.Conflict, "sound %s is a standard prompt of app %s and goes with it", s.ID, s.App)
	}
	usage, err := a.usage(ctx, c, s.ID)
	if err != nil {
		return nil, err
	}
	if len(usage) > 0 {
		names := make([]string, len(usage))
		for i, u := range usage {
			names[i] = u.Name + " (" + u.App + ")"
		}
		return nil, voice.Errorf("httpapi", voice.Busy, "the sound is used by %s", strings.Join(names, ", "))
	}
	return nil, a.cfg.Sounds.DeleteSound(ctx, c.tenant, s.ID)
}

func (a *API) soundUsage(ctx context.Context, c caller, in *SoundPath) (*answer[Page[Usage]], error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	usage, err := a.usage(ctx, c, s.ID)
	if err != nil {
		return nil, err
	}
	return body(Page[Usage]{Items: usage}), nil
}

// usage lists the apps whose programs play a sound. Of an app that has no
// program the document is searched.
func (a *API) usage(ctx context.Context, c caller, id voice.SoundID) ([]Usage, error) {
	apps, err := a.cfg.Apps.Apps(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	quoted, _ := json.Marshal(id)
	usage := []Usage{}
	for _, app := range apps {
		where := []byte(app.Document)
		p, err := a.cfg.Programs.Program(ctx, c.tenant, app.ID)
		switch voice.KindOf(err) {
		case "":
			if where, err = json.Marshal(p); err != nil {
				return nil, voice.E("httpapi.usage", voice.Internal, err)
			}
		case voice.Invalid, voice.NotExist, voice.Unavailable:
		default:
			return nil, err
		}
		if bytes.Contains(where, quoted) {
			usage = append(usage, Usage{string(app.ID), app.Name})
		}
	}
	return usage, nil
}

func (a *API) listVoices(ctx context.Context, _ caller, _ *struct{}) (*answer[Page[Voice]], error) {
	list, err := a.cfg.Audio.Voices(ctx)
	if err != nil {
		return nil, err
	}
	return all(list, func(v dialect.SpeechVoice) Voice { return Voice{v.ID, v.Name, v.Language, v.Gender} }), nil
}
