package sonetel

import (
	"cmp"
	"context"
	"encoding/json"

	"tandem/internal/voice"
)

// setUp takes over what the mailbox of a user is set to.
func (b *builder) setUp(ctx context.Context, user voice.UserID) error {
	list, err := b.r.Resources(ctx, voice.MailboxKind)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Name != string(user) {
			continue
		}
		if err := json.Unmarshal(r.Data, &b.box); err != nil {
			return voice.E("sonetel.Compile", voice.Internal, err)
		}
	}
	return nil
}

// greeting is what callers of a mailbox hear first: the mailbox's own, or the
// standard one.
func (b *builder) greeting() voice.Prompt {
	standard := b.standard(phraseGreeting)
	switch {
	case b.box.Sound != "":
		return voice.Prompt{Kind: voice.PromptSound, Sound: b.box.Sound, Standard: standard.Standard, Voice: standard.Voice}
	case b.box.Greeting != "":
		return voice.Prompt{Kind: voice.PromptSpeech, Text: b.box.Greeting, Voice: cmp.Or(b.box.Voice, standard.Voice)}
	}
	return standard
}
