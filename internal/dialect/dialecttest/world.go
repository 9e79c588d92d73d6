package dialecttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/voice"
)

// World is a dialect.Resolver of plain lists.
type World struct {
	UserList  []voice.User
	AppList   []voice.App
	SoundList []voice.Sound
	Groups    []string

	ExtensionList []voice.Extension
	ResourceList  []voice.Resource
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

// SoundBySerial implements dialect.Resolver.
func (w *World) SoundBySerial(_ context.Context, serial int64) (voice.Sound, error) {
	i := slices.IndexFunc(w.SoundList, func(s voice.Sound) bool { return s.Serial == serial })
	if i < 0 {
		return voice.Sound{}, voice.Errorf("dialecttest.SoundBySerial", voice.NotExist, "no sound %d", serial)
	}
	return w.SoundList[i], nil
}

// AppBySerial implements dialect.Resolver.
func (w *World) AppBySerial(_ context.Context, serial int64) (voice.App, error) {
	i := slices.IndexFunc(w.AppList, func(a voice.App) bool { return a.Serial == serial })
	if i < 0 {
		return voice.App{}, voice.Errorf("dialecttest.AppBySerial", voice.NotExist, "no app %d", serial)
	}
	return w.AppList[i], nil
}

// Resource implements dialect.Resolver.
func (w *World) Resource(_ context.Context, kind string, serial int64) (voice.Resource, error) {
	i := slices.IndexFunc(w.ResourceList, func(r voice.Resource) bool { return r.Kind == kind && r.Serial == serial })
	if i < 0 {
		return voice.Resource{}, voice.Errorf("dialecttest.Resource", voice.NotExist, "no %s %d", kind, serial)
	}
	return w.ResourceList[i], nil
}

// Resources implements dialect.Resolver.
func (w *World) Resources(_ context.Context, kind string) ([]voice.Resource, error) {
	var list []voice.Resource
	for _, r := range w.ResourceList {
		if r.Kind == kind {
			list = append(list, r)
		}
	}
	return list, nil
}

// Extensions implements dialect.Resolver.
func (w *World) Extensions(context.Context) ([]voice.Extension, error) {
	return slices.Clone(w.ExtensionList), nil
}

// Read adds what text lists, one thing a line:
//
//	user 300400
//	group 100200
//	app VAmail mailbox {"name": "Voice Mail"}
//	sound PR1 VAmain 1001 standard welcome
//	sound PR2 VAmain 1030 audio
//	sound PR3 VAmain 1031 empty
//	serial 52 sound PR2
//	serial 349 app VAmail
//	serial 77 extension 101
//	resource smartflo/department 17 Sales {"members": []}
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
		case f[0] == "serial" && len(f) == 4:
			if err := w.number(f[1], f[2], f[3]); err != nil {
				return err
			}
		case f[0] == "resource" && len(f) > 4:
			serial, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil {
				return err
			}
			_, data, _ := strings.Cut(line, "{")
			w.ResourceList = append(w.ResourceList, voice.Resource{Kind: f[1], Serial: serial, Name: f[3], Data: json.RawMessage("{" + data)})
		default:
			return fmt.Errorf("dialecttest: no line of a world: %q", line)
		}
	}
	return nil
}

// number gives a thing of the world its number; an extension is added.
func (w *World) number(number, what, id string) error {
	serial, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	switch what {
	case "sound":
		for i := range w.SoundList {
			if w.SoundList[i].ID == voice.SoundID(id) {
				w.SoundList[i].Serial = serial
				return nil
			}
		}
	case "app":
		for i := range w.AppList {
			if w.AppList[i].ID == voice.AppID(id) {
				w.AppList[i].Serial = serial
				return nil
			}
		}
	case "extension":
		w.ExtensionList = append(w.ExtensionList, voice.Extension{Number: id, Serial: serial})
		return nil
	}
	return fmt.Errorf("dialecttest: no %s %s to number", what, id)
}
