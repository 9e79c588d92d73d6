package tts_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"tandem/internal/tts"
	"tandem/internal/voice"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want, problem string }{
		{"hello", "hello", ""},
		{"  press \t 1\r\nnow ", "press 1 now", ""},
		{"\ufeffhi\u00ad there\u200e", "hi there", ""},
		{"ఎక్స్\u200cటెన్షన్", "ఎక్స్\u200cటెన్షన్", ""},
		{"a < b & c", "a < b & c", ""},
		{"5", "5", ""},
		{"", "", "the text is empty"},
		{" \n\t\u00a0", "", "the text is empty"},
		{"\u200e", "", "the text is empty"},
		{"... !?", "", "nothing to say"},
		{"a\x00b", "", "character 2 of the text is the control character U+0000"},
		{"å\x1b[31m", "", "character 2 of the text is the control character U+001B"},
		{"\x80abc", "", "not valid UTF-8"},
		{strings.Repeat("a", voice.MaxSpeechText), strings.Repeat("a", voice.MaxSpeechText), ""},
		{strings.Repeat("a", voice.MaxSpeechText+1), "", "at most 8000 can be spoken"},
	} {
		got, err := tts.Clean(c.in)
		switch {
		case c.problem == "" && (err != nil || got != c.want):
			t.Errorf("Clean(%.20q) = %.20q, %v, want %.20q", c.in, got, err, c.want)
		case c.problem != "" && (!voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("Clean(%.20q) gave %v, want words %q", c.in, err, c.problem)
		}
	}
}

func TestCheckScript(t *testing.T) {
	for _, c := range []struct{ text, language, problem string }{
		{"Hej å ä ö ß é", "sv-SE", ""},
		{"नमस्ते 123 OK", "hi", ""},
		{"வணக்கம்", "ta-IN", ""},
		{"మెనూ ఎక్స్\u200cటెన్షన్", "te", ""},
		{"أهلاً وسهلاً", "ar", ""},
		{"привет", "ru", ""},
		{"日本語 カタカナ ひらがな", "ja", ""},
		{"привет", "", ""},
		{"привет", "sv", "Cyrillic letters such as 'п'; they need one for "},
		{"ok नमस्ते", "en-US", "Devanagari"},
		{"नमस्ते", "ta", "hi or kok or mr or ne"},
		{"日本", "en", "Han"},
	} {
		err := tts.CheckScript(c.text, c.language)
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("CheckScript(%q, %q) = %v, want %q", c.text, c.language, err, c.problem)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"hello", " a\n b ", "\x00", "\xff", "नमस्ते", "\u200d\u200d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := tts.Clean(s)
		if err != nil {
			return
		}
		if got == "" || strings.TrimSpace(got) != got || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t\x00") {
			t.Fatalf("Clean(%q) = %q", s, got)
		}
		if again, err := tts.Clean(got); err != nil || again != got {
			t.Fatalf("cleaning %q again gave %q, %v", got, again, err)
		}
	})
}
