package prompt

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"tandem/internal/tts"
)

//go:embed phrases/*.txt
var phraseFiles embed.FS

// Code is a voice in which the phrases of the program exist.
type Code struct {
	Code     string // "swe": what a prompt names as its voice
	Name     string // "Swedish - female"
	Gender   tts.Gender
	Language string // for people: "Swedish"
	Lang     string // BCP 47 of the speech: "sv-SE"
	texts    string // name of the file of its texts
}

// DefaultCode is the voice of prompts that name none. Its phrases are embedded.
const DefaultCode = "en"

// Codes lists the voice codes.
func Codes() []Code {
	return []Code{
		{"en", "US English - female", tts.Female, "English (US)", "en-US", "en"},
		{"swe", "Swedish - female", tts.Female, "Swedish", "sv-SE", "sv"},
		{"spa", "Spanish - female", tts.Female, "Spanish", "es-ES", "es"},
		{"hin-fe", "Hindi - female", tts.Female, "Hindi", "hi-IN", "hi"},
		{"tam-fe", "Tamil - female", tts.Female, "Tamil", "ta-IN", "ta"},
		{"tel-fe", "Telugu - female", tts.Female, "Telugu", "te-IN", "te"},
		{"en-fe", "Indian English - female", tts.Female, "English (India)", "en-IN", "en"},
		{"gr-fe", "German - female", tts.Female, "German", "de-DE", "de"},
		{"en-uk-fe", "UK English - female", tts.Female, "English (UK)", "en-GB", "en"},
		{"fr-fe", "French - female", tts.Female, "French", "fr-FR", "fr"},
		{"ara-fe", "Arabic - female", tts.Female, "Arabic", "ar-SA", "ar"},
		{"se", "Swedish - female", tts.Female, "Swedish", "sv-SE", "sv"},
	}
}

// FindCode gives a voice code; "" is DefaultCode.
func FindCode(code string) (Code, bool) {
	if code == "" {
		code = DefaultCode
	}
	all := Codes()
	i := slices.IndexFunc(all, func(c Code) bool { return strings.EqualFold(c.Code, code) })
	if i < 0 {
		return Code{}, false
	}
	return all[i], true
}

// wish gives the voice that speaks a code.
func (c Code) wish() tts.Voice { return tts.Voice{Language: c.Lang, Gender: c.Gender} }

// Phrase is something that the program itself says.
type Phrase struct {
	Key  string // "welcome"
	Text string
}

// Phrases lists the phrases in a voice code, in the same order for every code;
// nil when there is no such code.
func Phrases(code string) []Phrase {
	c, ok := FindCode(code)
	if !ok {
		return nil
	}
	list, err := readPhrases(c.texts)
	if err != nil {
		return nil // the tests read every file
	}
	return list
}

// PhraseText gives one phrase in a voice code.
func PhraseText(key, code string) (string, bool) {
	for _, p := range Phrases(code) {
		if p.Key == key {
			return p.Text, true
		}
	}
	return "", false
}

// readPhrases reads a file of lines "key: text".
func readPhrases(name string) ([]Phrase, error) {
	data, err := phraseFiles.ReadFile("phrases/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	var list []Phrase
	for line := range strings.Lines(string(data)) {
		key, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			return nil, fmt.Errorf("phrases of %s: %q is not key: text", name, line)
		}
		list = append(list, Phrase{key, text})
	}
	return list, nil
}
