package sonetel

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tandem/internal/voice"
)

// Bootstrap makes the three apps that every account has, Main menu, Voice Mail
// and System Prompt, where they are missing. Messages of Voice Mail go to owner
// (a user's id, or "" for nobody yet). It may be called again.
func Bootstrap(ctx context.Context, tenant voice.Tenant, owner voice.UserID, apps voice.AppStore, sounds voice.SoundStore, now time.Time) error {
	have, err := apps.Apps(ctx, tenant.ID)
	if err != nil {
		return err
	}
	for i, def := range []struct{ appType, name string }{
		{typeIVR, "Main menu"}, {typeMailbox, "Voice Mail"}, {typeSystem, "System Prompt"},
	} {
		if slices.ContainsFunc(have, func(a voice.App) bool { return a.Kind == Kind && a.Default && a.Type == def.appType }) {
			continue
		}
		doc := newDocument(def.appType)
		doc.Name = def.name
		if def.appType == typeMailbox {
			doc.DeliverToDetails = string(owner)
		}
		created := now.Add(time.Duration(i) * time.Microsecond) // apps are listed by it
		if _, err := createApp(ctx, apps, sounds, tenant.ID, doc, true, created); err != nil {
			return err
		}
	}
	return nil
}

// createApp stores a new app with its standard prompts under the next free
// shortcode and app number. One at a time: the caller sees to it.
func createApp(ctx context.Context, apps voice.AppStore, sounds voice.SoundStore, t voice.TenantID, doc document, isDefault bool, now time.Time) (voice.App, error) {
	raw, err := doc.marshal()
	if err != nil {
		return voice.App{}, voice.E("sonetel.createApp", voice.Internal, err)
	}
	a := voice.App{ID: voice.AppID(voice.NewID("VA")), Tenant: t, Kind: Kind, Type: doc.Type, Name: doc.Name,
		Default: isDefault, Document: raw, Version: 1, Created: now, Updated: now}
	have, err := apps.Apps(ctx, t)
	if err != nil {
		return a, err
	}
	taken, err := sounds.Sounds(ctx, t, "")
	if err != nil {
		return a, err
	}
	a.Shortcode = nextShortcode(have, doc.Type)
	if err := apps.CreateApp(ctx, a, slots(a, appNumber(taken), now)); err != nil {
		return a, err
	}
	// The store has its own say on version and times.
	return apps.App(ctx, t, a.ID)
}

// nextShortcode gives *21 or *12, then *21*2, *21*3 and so on.
func nextShortcode(have []voice.App, appType string) string {
	base := map[string]string{typeIVR: "*21", typeMailbox: "*12"}[appType]
	if base == "" {
		return ""
	}
	taken := map[string]bool{}
	for _, a := range have {
		taken[a.Shortcode] = true
	}
	if !taken[base] {
		return base
	}
	n := 2
	for taken[fmt.Sprintf("%s*%d", base, n)] {
		n++
	}
	return fmt.Sprintf("%s*%d", base, n)
}

// firstApp is the app number of an account's first app: its record ids are
// 1001, 1002 and so on.
const firstApp = 10

// appNumber gives the smallest free app number: all but the last two figures
// of the record ids of an app.
func appNumber(sounds []voice.Sound) int {
	taken := map[int]bool{}
	for _, s := range sounds {
		if n, err := strconv.Atoi(s.Ref); err == nil {
			taken[n/100] = true
		}
	}
	n := firstApp
	for taken[n] {
		n++
	}
	return n
}

// standardPrompt is a prompt that every app of a type has.
type standardPrompt struct {
	number int // last two figures of its record id
	name   string
	phrase string
}

func standardPrompts(appType string) []standardPrompt {
	switch appType {
	case typeIVR:
		return []standardPrompt{
			{1, "Welcome", phraseWelcome}, {2, "Main Menu", phraseMenu}, {3, "Office closed", phraseClosed},
			{4, "Info message 1", phraseInfo}, {5, "Enter Extension", phraseEnterExt}, {6, "Invalid Extension", phraseInvalidExt},
			{7, "Invalid Menu Entry", phraseInvalidEntry}, {8, "Please Wait", phraseWait},
		}
	case typeMailbox:
		return []standardPrompt{{1, "Greeting", phraseGreeting}, {2, "Goodbye", phraseGoodbye}}
	}
	return nil
}

// slots are the standard prompts of an app, empty: the phrases sound.
func slots(a voice.App, number int, now time.Time) []voice.Sound {
	var list []voice.Sound
	for _, p := range standardPrompts(a.Type) {
		list = append(list, voice.Sound{ID: voice.SoundID(voice.NewID("PR")), Tenant: a.Tenant, App: a.ID, Name: p.name,
			Standard: p.phrase, Ref: strconv.Itoa(number*100 + p.number), Created: now, Updated: now})
	}
	return list
}
