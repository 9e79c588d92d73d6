package sonetel

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// RecordCode is dialled to record a prompt by its record id.
const RecordCode = "*22"

// Meaning is what a dialled address asks for.
type Meaning string

// The meanings.
const (
	MeansShortcode   Meaning = "shortcode"    // Value is the shortcode: *21*2
	MeansApp         Meaning = "app"          // Value is an app's id: VA…
	MeansRecord      Meaning = "record"       // Value is a prompt's id: PR…
	MeansPlay        Meaning = "play"         // Value is a prompt's id: PR…
	MeansRecordAsked Meaning = "record asked" // *22: the caller keys the record id
)

// ParseDialled reads the user part of a request URI, with # and * plain or
// escaped (RFC 3261 §19.1.2). It reports false for what is none of ours.
func ParseDialled(user string) (Meaning, string, bool) {
	if u, err := url.PathUnescape(user); err == nil {
		user = u
	}
	verb, id, verbed := strings.Cut(user, "#")
	switch {
	case user == RecordCode:
		return MeansRecordAsked, "", true
	case verbed && strings.EqualFold(verb, "record"):
		return MeansRecord, id, id != ""
	case verbed && strings.EqualFold(verb, "play"):
		return MeansPlay, id, id != ""
	case len(user) > 1 && user[0] == '*':
		return MeansShortcode, user, true
	case len(user) > 2 && strings.EqualFold(user[:2], "VA"):
		return MeansApp, user, true
	}
	return "", "", false
}

// Dialled gives the app behind a shortcode or an app's address, or the program
// that records or plays a prompt.
func (d *Dialect) Dialled(ctx context.Context, t voice.TenantID, user string, r dialect.Resolver) (dialect.Target, error) {
	const op = "sonetel.Dialled"
	nothing := voice.Errorf(op, voice.NotExist, "nothing is behind %q", user)
	meaning, value, ok := ParseDialled(user)
	if !ok {
		return dialect.Target{}, nothing
	}
	switch meaning {
	case MeansShortcode, MeansApp:
		apps, err := r.Apps(ctx)
		if err != nil {
			return dialect.Target{}, err
		}
		i := slices.IndexFunc(apps, func(a voice.App) bool {
			return a.Kind == Kind && (meaning == MeansShortcode && a.Shortcode == value ||
				meaning == MeansApp && strings.EqualFold(string(a.ID), value))
		})
		if i < 0 {
			return dialect.Target{}, nothing
		}
		return dialect.Target{App: apps[i].ID}, nil
	case MeansRecordAsked:
		sounds, err := r.Sounds(ctx, "")
		if err != nil {
			return dialect.Target{}, err
		}
		sounds = slices.DeleteFunc(sounds, func(s voice.Sound) bool { return s.App == "" })
		return d.record(ctx, t, sounds, r)
	}
	s, err := r.Sound(ctx, voice.SoundID(value))
	if voice.IsKind(err, voice.NotExist) {
		return dialect.Target{}, nothing
	}
	if err != nil {
		return dialect.Target{}, err
	}
	if meaning == MeansPlay {
		p := playProgram(s, soundVoice(ctx, s, r))
		return dialect.Target{Program: &p}, nil
	}
	return d.record(ctx, t, []voice.Sound{s}, r)
}

func (d *Dialect) record(ctx context.Context, t voice.TenantID, sounds []voice.Sound, r dialect.Resolver) (dialect.Target, error) {
	p, err := recordProgram(ctx, t, sounds, r, d.cfg.Timers)
	if err != nil {
		return dialect.Target{}, err
	}
	return dialect.Target{Program: &p}, nil
}

// soundVoice is the voice of the app that a sound belongs to; en when unknown.
func soundVoice(ctx context.Context, s voice.Sound, r dialect.Resolver) string {
	apps, err := r.Apps(ctx)
	if err != nil {
		return "en"
	}
	for _, a := range apps {
		if a.ID != s.App {
			continue
		}
		if doc, err := parseDocument(a); err == nil && doc.Voice != "" {
			return doc.Voice
		}
	}
	return "en"
}
