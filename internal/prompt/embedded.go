package prompt

import (
	"bytes"
	"embed"

	"tandem/internal/media"
	"tandem/internal/voice"
)

// The phrases in English, 8 kHz µ-law WAV, made by prompt/gen.
//
//go:generate go run ./gen
//go:embed english/*.wav
var english embed.FS

// Embedded gives a phrase in English as the program carries it. NotExist when
// there is no such phrase.
func Embedded(key string) (media.PCM, error) {
	const op = "prompt.Embedded"
	data, err := english.ReadFile("english/" + key + ".wav")
	if err != nil {
		return media.PCM{}, voice.Errorf(op, voice.NotExist, "there is no phrase %q", key)
	}
	pcm, err := media.ReadWAV(bytes.NewReader(data), media.WAVLimits{})
	if err != nil {
		return media.PCM{}, voice.E(op, voice.Internal, err)
	}
	return pcm, nil
}
