package dialecttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// World is a dialect.Resolver of plain lists.
type World struct {
	UserList  []voice.User
	AppList   []voice.App
	SoundList []voice.Sound
	Groups    []string
}

// User implements dialect.Resolver.
func (w *World) User(_ context.Context, id voice.UserID) (voice.User, error) {
	i := slices.IndexFunc(w.UserList, func(u voice.User) bool { return u.ID == id })
	if i < 0 {
		return voice.User{}, voice.Errorf("dialecttest.User", voice.NotExist, "no user %s", id)
	}
	return w.UserList[i], nil
}

// Apps implements dialect.Resolver.
func (w *World) Apps(context.Context) ([]voice.App, error) { return slices.Clone(w.AppList), nil }

// Sound implements dialect.Resolver.
func (w *World) Sound(_ context.Context, id voice.SoundID) (voice.Sound, error) {
	i := slices.IndexFunc(w.SoundList, func(s voice.Sound) bool { return s.ID == id })
	if i < 0 {
		return voice.Sound{}, voice.Errorf("dialecttest.Sound", voice.NotExist, "no sound %s", id)
	}
	return w.SoundList[i], nil
}

// Sounds implements dialect.Resolver.
func (w *World) Sounds(_ context.Context, app voice.AppID) ([]voice.Sound, error) {
	var list []voice.Sound
	for _, s := range w.SoundList {
		if app == "" || s.App == app {
			list = append(list, s)
		}
	}
	return list, nil
}

// Group implements dialect.Resolver.
func (w *World) Group(_ context.Context, id string) (bool, error) {
	return slices.Contains(w.Groups, id), nil
}

// Read adds what text lists, one thing a line:
//
//	user 300400
//	group 100200
//	app VAmail mailbox {"name": "Voice Mail"}
//	sound PR1 VAmain 1001 standard welcome
//	sound PR2 VAmain 1030 audio
//	sound PR3 VAmain 1031 empty
func (w *World) Read(kind voice.AppKind, text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0][0] == '#':
		case f[0] == "user" && len(f) == 2:
			w.UserList = append(w.UserList, voice.User{ID: voice.UserID(f[1])})
		case f[0] == "group" && len(f) == 2:
			w.Groups = append(w.Groups, f[1])
		case f[0] == "app" && len(f) > 3:
			_, doc, _ := strings.Cut(line, "{")
			w.AppList = append(w.AppList, voice.App{ID: voice.AppID(f[1]), Kind: kind, Type: f[2], Document: json.RawMessage("{" + doc)})
		case f[0] == "sound" && len(f) > 4:
			s := voice.Sound{ID: voice.SoundID(f[1]), App: voice.AppID(f[2]), Ref: f[3], Name: f[len(f)-1]}
			switch f[4] {
			case "standard":
				s.Standard = f[5]
			case "audio":
				s.Blob = "blob"
			}
			w.SoundList = append(w.SoundList, s)
		default:
			return fmt.Errorf("dialecttest: no line of a world: %q", line)
		}
	}
	return nil
}
