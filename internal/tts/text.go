package tts

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tandem/internal/voice"
)

const opCheck = "tts.Check"

// Clean gives text as engines get it: trimmed, with every run of white space as
// one space and without invisible marks. The error is Invalid and says in words
// why the text can't be spoken.
func Clean(text string) (string, error) {
	if len(text) > voice.MaxSpeechText {
		return "", invalid("the text has %d bytes; at most %d can be spoken", len(text), voice.MaxSpeechText)
	}
	if !utf8.ValidString(text) {
		return "", invalid("the text is not valid UTF-8")
	}
	var b strings.Builder
	n, space, speakable := 0, false, false
	for _, r := range text {
		n++
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unicode.IsControl(r):
			return "", invalid("character %d of the text is the control character %U", n, r)
		case invisible(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		speakable = speakable || unicode.IsLetter(r) || unicode.IsNumber(r)
		b.WriteRune(r)
	}
	switch {
	case b.Len() == 0:
		return "", invalid("the text is empty")
	case !speakable:
		return "", invalid("the text holds no letter and no figure: there is nothing to say")
	}
	return b.String(), nil
}

func invalid(format string, args ...any) error {
	return voice.InvalidField(opCheck, "text", format, args...)
}

// invisible says whether r marks the text without being spoken: byte order
// marks, soft hyphens, direction marks. The joiners of Indic and Arabic
// writing are not among them.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}

// CheckScript says in words which letters of text no voice of language can
// speak: those of another writing. Latin letters pass in every language, and a
// language without a row in the table takes them only.
func CheckScript(text, language string) error {
	if language == "" {
		return nil
	}
	own := scripts(base(language))
	for _, r := range text {
		if !unicode.IsLetter(r) || unicode.In(r, unicode.Latin, unicode.Common, unicode.Inherited) {
			continue
		}
		s := scriptOf(r)
		if s == "" || slices.Contains(own, s) {
			continue
		}
		words := fmt.Sprintf("a voice for language %q can't speak %s letters such as %q", language, s, r)
		if fit := languagesOf(s); len(fit) > 0 {
			words += fmt.Sprintf("; they need one for %s", strings.Join(fit, " or "))
		}
		return invalid("%s", words)
	}
	return nil
}

func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

type writing struct {
	language string
	scripts  []string
}

// writings lists the languages that are not written in Latin letters.
func writings() []writing {
	list := []writing{
		{"ja", []string{"Hiragana", "Katakana", "Han"}},
		{"ko", []string{"Hangul", "Han"}},
		{"sr", []string{"Cyrillic"}},
	}
	for script, languages := range map[string]string{
		"Arabic":     "ar fa ur sd ug",
		"Armenian":   "hy hyw",
		"Bengali":    "bn as bpy",
		"Cherokee":   "chr",
		"Cyrillic":   "ru uk be bg mk kk ky tt ba cv",
		"Devanagari": "hi mr ne kok",
		"Ethiopic":   "am",
		"Georgian":   "ka",
		"Greek":      "el grc",
		"Gujarati":   "gu",
		"Gurmukhi":   "pa",
		"Han":        "zh cmn yue hak",
		"Hebrew":     "he",
		"Kannada":    "kn",
		"Malayalam":  "ml",
		"Myanmar":    "my shn",
		"Oriya":      "or",
		"Sinhala":    "si",
		"Tamil":      "ta",
		"Telugu":     "te",
		"Thai":       "th",
	} {
		for l := range strings.FieldsSeq(languages) {
			list = append(list, writing{l, []string{script}})
		}
	}
	return list
}

func scripts(language string) []string {
	for _, w := range writings() {
		if w.language == language {
			return w.scripts
		}
	}
	return nil
}

func languagesOf(script string) []string {
	var list []string
	for _, w := range writings() {
		if slices.Contains(w.scripts, script) {
			list = append(list, w.language)
		}
	}
	slices.Sort(list)
	return list
}
