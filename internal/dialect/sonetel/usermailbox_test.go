package sonetel_test

import (
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// A user's mailbox greets as it is set to.
func TestUserMailboxGreets(t *testing.T) {
	for _, tt := range []struct {
		name, set string
		want      voice.Prompt
	}{
		{"not set", `{}`, voice.Prompt{Kind: voice.PromptStandard, Standard: "mailbox-greeting", Voice: "en"}},
		{"a text", `{"greeting": "Hello, it is me", "voice": "sv"}`, voice.Prompt{Kind: voice.PromptSpeech, Text: "Hello, it is me", Voice: "sv"}},
		{"a sound before a text", `{"greeting": "Hello", "sound": "PR1"}`, voice.Prompt{Kind: voice.PromptSound, Sound: "PR1", Standard: "mailbox-greeting", Voice: "en"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			if _, err := f.store.CreateResource(t.Context(), voice.Resource{Tenant: account, Kind: voice.MailboxKind, Name: "300400", Data: []byte(tt.set), Created: time.Now(), Updated: time.Now()}); err != nil {
				t.Fatal(err)
			}
			if _, err := f.store.CreateResource(t.Context(), voice.Resource{Tenant: account, Kind: voice.MailboxKind, Name: "other", Data: []byte(`{"greeting": "wrong"}`), Created: time.Now(), Updated: time.Now()}); err != nil {
				t.Fatal(err)
			}
			resolver := func(tenant voice.TenantID) dialect.Resolver {
				return dialect.StoreResolver{Tenant: tenant, UserStore: f.store, AppStore: f.store, SoundStore: f.store, ResourceStore: f.store}
			}
			p, err := dialect.NewLibrary(f.store, resolver, time.Now, f.dialect).Program(t.Context(), account, "mailbox/300400")
			if err != nil {
				t.Fatal(err)
			}
			n, _ := p.Node("greeting")
			if got := n.Step.(flow.Play).Prompts[0]; got != tt.want {
				t.Errorf("greets with %+v, want %+v", got, tt.want)
			}
		})
	}
}
