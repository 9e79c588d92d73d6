package sonetel

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// MaxSpoken bounds a text to be spoken, in characters.
const MaxSpoken = 1000

func listVoices(q *request) (any, error) {
	voices, err := q.d.cfg.Audio.Voices(q.Context())
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, v := range voices {
		list = append(list, reply{{"voice_id", v.ID}, {"name", v.Name}, {"language", v.Language}, {"gender", v.Gender}})
	}
	return list, nil
}

func convertText(q *request) (any, error) {
	u, prompt, err := q.utterance()
	if err != nil {
		return nil, err
	}
	var s voice.Sound
	if prompt != "" {
		if s, err = q.promptByID(prompt, ""); err != nil {
			return nil, err
		}
	}
	clip, err := q.d.cfg.Audio.Speak(q.Context(), q.tenant, u)
	switch {
	case voice.IsKind(err, voice.Invalid), voice.IsKind(err, voice.NotExist), voice.IsKind(err, voice.Limit):
		return nil, failf(codeSpeech, "text: %s", voice.Reason(err))
	case err != nil:
		return nil, err
	}
	s.Source, s.FileName, s.Text, s.Voice = voice.SoundSpoken, "", u.Text, u.Voice
	s.Blob, s.Size, s.Duration, s.Updated = clip.Blob, clip.Size, clip.Duration, q.d.cfg.Now()
	if prompt == "" {
		return q.spokenFile(s)
	}
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, ifNotExist(err, failf(codePrompt, "prompt_id: prompt %q does not exist in this account", s.ID))
	}
	return q.promptReply(s, true), nil
}

// utterance reads the body of a conversion.
func (q *request) utterance() (u dialect.Utterance, prompt string, err error) {
	body, err := q.fields()
	if err != nil {
		return u, "", err
	}
	parts := map[string]*string{"prompt_id": &prompt, "text": &u.Text, "language": &u.Language, "voice": &u.Voice, "gender": &u.Gender}
	for _, name := range body.Names() {
		part, ok := parts[name]
		if !ok {
			return u, "", failf(codeField, "%s: the field is unknown", name)
		}
		if *part, err = input.Text(body[name], name); err != nil {
			return u, "", failf(codeField, "%s", err)
		}
	}
	switch n := utf8.RuneCountInString(u.Text); {
	case n == 0:
		return u, "", failf(codeSpeech, "text: the text is missing")
	case n > MaxSpoken:
		return u, "", failf(codeSpeech, "text: %d characters are too many; at most %d", n, MaxSpoken)
	case !strings.ContainsFunc(u.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
		return u, "", failf(codeSpeech, "text: it holds nothing that can be spoken")
	}
	if u.Gender = strings.ToLower(u.Gender); !slices.Contains([]string{"", "female", "male"}, u.Gender) {
		return u, "", failf(codeField, "gender: %q is neither female nor male", u.Gender)
	}
	voices, err := q.d.cfg.Audio.Voices(q.Context())
	if err != nil {
		return u, "", err
	}
	if u.Voice != "" && !slices.ContainsFunc(voices, func(v dialect.SpeechVoice) bool { return v.ID == u.Voice }) {
		return u, "", failf(codeVoice, "voice: %q is not in /tts/prompt/voice", u.Voice)
	}
	return u, prompt, nil
}

// spokenFile keeps speech that belongs to no prompt for as long as its link is
// good, and drops what is older.
func (q *request) spokenFile(s voice.Sound) (any, error) {
	now := q.d.cfg.Now()
	s.ID, s.Tenant, s.Name, s.Created = voice.SoundID(voice.NewID("TS")), q.tenant, "Text to speech", now
	sounds, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, "")
	if err != nil {
		return nil, err
	}
	for _, old := range sounds {
		if old.App == "" && strings.HasPrefix(string(old.ID), "TS") && now.Sub(old.Created) > LinkLife {
			if err := q.d.cfg.Sounds.DeleteSound(q.Context(), q.tenant, old.ID); err != nil && !voice.IsKind(err, voice.NotExist) {
				return nil, err
			}
		}
	}
	if err := q.d.cfg.Sounds.CreateSound(q.Context(), s); err != nil {
		return nil, err
	}
	link, _ := q.link(linkSound, string(s.ID))
	return reply{{"file_url", link}}, nil
}
