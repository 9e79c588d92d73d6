package say_test

import (
	"strings"
	"testing"

	"tandem/internal/say"
	"tandem/internal/voice"
)

func TestText(t *testing.T) {
	tests := []struct {
		format         voice.SayFormat
		text, language string
		want           string
	}{
		{voice.SayDigits, "105", "en", "1 0 5"},
		{voice.SayDigits, "+46 8*#", "sv-SE", "4 6 8 stjärna fyrkant"},
		{voice.SayDigits, "12", "fi", "1 2"},
		{voice.SayNumber, "-12.5", "en", "minus 12.5"},
		{voice.SayNumber, "12.5", "sv", "12,5"},
		{voice.SayNumber, "007", "de", "7"},
		{voice.SayNumber, "7", "fi", "7"},
		{voice.SayOrdinal, "3", "en", "third"},
		{voice.SayOrdinal, "42", "en", "42nd"},
		{voice.SayOrdinal, "112", "en", "112th"},
		{voice.SayOrdinal, "1", "fr", "premier"},
		{voice.SayOrdinal, "2", "fr", "2e"},
		{voice.SayDate, "2026-11-25", "en-US", "November twenty-fifth, 2026"},
		{voice.SayDate, "2026-11-25T10:00:00Z", "sv", "den tjugofemte november 2026"},
		{voice.SayDate, "12-24", "de", "24. Dezember"},
		{voice.SayDate, "02-29", "en", "February twenty-ninth"},
		{voice.SayDate, "2026-03-01", "es", "el 1 de marzo de 2026"},
		{voice.SayDate, "2026-03-01", "ru", "1 марта 2026 года"},
		{voice.SayTime, "14:30", "en", "2:30 p m"},
		{voice.SayTime, "00:00", "en", "12 a m"},
		{voice.SayTime, "12:05", "en", "12:05 p m"},
		{voice.SayTime, "14:30", "de", "14 Uhr 30"},
		{voice.SayTime, "14:00", "sv", "klockan 14"},
		{voice.SayTime, "22:00", "ru", "22 часа"},
		{voice.SayCurrency, "12.50 EUR", "en", "12 euros and 50 cents"},
		{voice.SayCurrency, "1 EUR", "en", "1 euro"},
		{voice.SayCurrency, "0.01 gbp", "en", "1 penny"},
		{voice.SayCurrency, "-3.5 SEK", "sv", "minus 3 kronor och 50 öre"},
		{voice.SayCurrency, "21.02 RUB", "ru", "21 рубль и 2 копейки"},
		{voice.SayCurrency, "11 RUB", "ru", "11 рублей"},
		{voice.SayCurrency, "5.25 XYZ", "en", "5.25 X Y Z"},
	}
	for _, tt := range tests {
		got, err := say.Text(tt.format, tt.text, tt.language)
		if err != nil || got != tt.want {
			t.Errorf("%s %q in %s: %q, %v; want %q", tt.format, tt.text, tt.language, got, err, tt.want)
		}
	}
}

func TestWhatCantBeRead(t *testing.T) {
	tests := []struct {
		format         voice.SayFormat
		text, language string
		says           string
	}{
		{voice.SayDigits, "", "en", "0 bytes"},
		{voice.SayDigits, strings.Repeat("1", say.MaxText+1), "en", "bytes"},
		{voice.SayDigits, "1\x00", "en", "no figure"},
		{voice.SayDigits, "+-", "en", "nothing that could be read"},
		{voice.SayNumber, "12x", "en", "is not a number"},
		{voice.SayNumber, "-", "en", "is not a number"},
		{voice.SayNumber, "1.", "en", "is not a number"},
		{voice.SayOrdinal, "0", "en", "whole number"},
		{voice.SayDate, "2026-02-30", "en", "is not a date"},
		{voice.SayDate, "2026-11-25", "fi", "the languages are ar, de, en"},
		{voice.SayTime, "25:00", "en", "is not a time"},
		{voice.SayCurrency, "12 EURO", "en", "such as 12.50 EUR"},
		{voice.SayCurrency, "12.505 EUR", "en", "two places"},
		{"song", "la", "en", "no format"},
	}
	for _, tt := range tests {
		got, err := say.Text(tt.format, tt.text, tt.language)
		if !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %q in %s: %q, %v; want an error that says %q", tt.format, tt.text, tt.language, got, err, tt.says)
		}
	}
}

// Every language has what every format needs.
func TestEveryLanguage(t *testing.T) {
	if len(say.Languages()) < 10 {
		t.Fatalf("languages: %v", say.Languages())
	}
	for _, language := range say.Languages() {
		for format, texts := range map[voice.SayFormat][]string{
			voice.SayDigits: {"1*#"}, voice.SayNumber: {"-1.5"}, voice.SayOrdinal: {"1", "12", "40"},
			voice.SayDate: {"2026-01-31", "12-31"}, voice.SayTime: {"00:00", "23:59"}, voice.SayCurrency: {"2.02 USD"},
		} {
			for _, text := range texts {
				got, err := say.Text(format, text, language)
				if err != nil || strings.ContainsAny(got, "{}|;") || got != strings.TrimSpace(got) {
					t.Errorf("%s %q in %s: %q, %v", format, text, language, got, err)
				}
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("12.50 EUR", "en")
	f.Add("2026-11-25", "sv")
	f.Fuzz(func(t *testing.T, text, language string) {
		for _, format := range []voice.SayFormat{voice.SayDigits, voice.SayNumber, voice.SayOrdinal, voice.SayDate, voice.SayTime, voice.SayCurrency} {
			got, err := say.Text(format, text, language)
			if (err == nil) == (got == "") {
				t.Errorf("%s %q in %q: %q, %v", format, text, language, got, err)
			}
		}
	})
}
