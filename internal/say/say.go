// Package say writes numbers, digits, dates, times and amounts of money as the
// words of a language, for a speech engine to read. Figures stay figures where
// engines read them right by themselves.
//
// It makes no sound and keeps no state; its tables are files of the program.
// Currencies are ISO 4217, languages BCP 47, dates and times RFC 3339.
package say

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tandem/internal/voice"
)

const op = "say.Text"

// MaxText bounds what is read, in bytes.
const MaxText = 200

// Text gives text, in a format, as words of a language. Invalid, in words, when
// text does not have the format; a language without tables gives plain figures
// for digits and numbers and is Invalid for the rest.
func Text(format voice.SayFormat, text, language string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > MaxText {
		return "", invalid("there are %d bytes to be read as %s; 1 to %d are possible", len(text), format, MaxText)
	}
	t, known := tableOf(language)
	if !known && format != voice.SayDigits && format != voice.SayNumber {
		return "", invalid("%s can't be read in the language %q; the languages are %s", format, language, strings.Join(Languages(), ", "))
	}
	switch format {
	case voice.SayDigits, "":
		return t.digits(text)
	case voice.SayNumber:
		return t.number(text)
	case voice.SayOrdinal:
		return t.ordinal(text)
	case voice.SayDate:
		return t.date(text)
	case voice.SayTime:
		return t.time(text)
	case voice.SayCurrency:
		return t.currency(text)
	}
	return "", invalid("there is no format %q to read text in", format)
}

func invalid(format string, args ...any) error {
	return voice.InvalidField(op, "text", format, args...)
}

// digits reads one character after the other.
func (t table) digits(text string) (string, error) {
	var words []string
	for _, r := range text {
		switch {
		case r == '*':
			words = append(words, t.word("star", "*"))
		case r == '#':
			words = append(words, t.word("hash", "#"))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			words = append(words, string(r))
		case r == '+' || r == '-' || r == ' ' || r == '(' || r == ')' || r == '.' || r == '/':
		default:
			return "", invalid("%q holds %q, which is no figure, letter or key", text, r)
		}
	}
	if len(words) == 0 {
		return "", invalid("%q holds nothing that could be read", text)
	}
	return strings.Join(words, " "), nil
}

// decimal reads a plain decimal number: sign, figures before and after the point.
func decimal(text string) (negative bool, whole, part string, err error) {
	rest := text
	if rest[0] == '-' || rest[0] == '+' {
		negative = rest[0] == '-'
		rest = rest[1:]
	}
	whole, part, point := strings.Cut(strings.ReplaceAll(rest, ",", "."), ".")
	figures := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if !figures(whole) || point && !figures(part) {
		return false, "", "", invalid("%q is not a number such as -12.5", text)
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	return negative, whole, part, nil
}

func (t table) number(text string) (string, error) {
	negative, whole, part, err := decimal(text)
	if err != nil {
		return "", err
	}
	words := whole
	if part != "" {
		words += t.word("decimal", ".") + part
	}
	if negative {
		words = t.word("minus", "minus") + " " + words
	}
	return words, nil
}

func (t table) ordinal(text string) (string, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return "", invalid("%q is not a whole number from 1 up", text)
	}
	return t.nth(n), nil
}

func (t table) nth(n int) string {
	if list := t.list("ordinals"); n <= len(list) {
		return list[n-1]
	}
	form := t.word("ordinal", "{n}")
	if t.language == "en" && n%100/10 != 1 && n%10 >= 1 && n%10 <= 3 {
		form = "{n}" + []string{"st", "nd", "rd"}[n%10-1]
	}
	return strings.ReplaceAll(form, "{n}", strconv.Itoa(n))
}

// moment reads one of layouts.
func moment(text, what, example string, layouts ...string) (time.Time, error) {
	for _, l := range layouts {
		if at, err := time.Parse(l, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, invalid("%q is not a %s such as %s", text, what, example)
}

func (t table) date(text string) (string, error) {
	form := "date"
	at, err := moment(text, "date", "2026-11-25", time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime)
	if err != nil {
		yearly, yerr := time.Parse("2006-01-02", "2000-"+text) // a day of every year
		if yerr != nil {
			return "", err
		}
		at, form = yearly, "date-year"
	}
	return strings.NewReplacer(
		"{day}", strconv.Itoa(at.Day()), "{ordinal}", t.nth(at.Day()),
		"{month}", t.list("months")[at.Month()-1], "{year}", strconv.Itoa(at.Year()),
	).Replace(t.word(form, "")), nil
}

func (t table) time(text string) (string, error) {
	at, err := moment(text, "time of day", "14:30", "15:04", "15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime)
	if err != nil {
		return "", err
	}
	half := ""
	if halves := t.list("halves"); len(halves) == 2 {
		half = halves[at.Hour()/12]
	}
	form := "time"
	if at.Minute() == 0 {
		form = "time-hour"
	}
	return strings.NewReplacer(
		"{hour}", strconv.Itoa(at.Hour()), "{hour12}", strconv.Itoa((at.Hour()+11)%12+1),
		"{minute}", at.Format("04"), "{half}", half, "{hours}", t.plural(t.list("hours"), strconv.Itoa(at.Hour())),
	).Replace(t.word(form, "")), nil
}

// currency reads "12.50 EUR": an amount of at most two places and a code.
func (t table) currency(text string) (string, error) {
	amount, code, ok := strings.Cut(text, " ")
	code = strings.ToUpper(strings.TrimSpace(code))
	if !ok || len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", invalid("%q is not an amount and a currency such as 12.50 EUR", text)
	}
	negative, whole, part, err := decimal(amount)
	if err != nil {
		return "", err
	}
	if len(part) > 2 {
		return "", invalid("%q has more than two places after the point", text)
	}
	units, known := t.words[code]
	if !known {
		n, err := t.number(amount)
		return n + " " + strings.Join(strings.Split(code, ""), " "), err
	}
	major, minor, _ := strings.Cut(units, ";")
	words := whole + " " + t.plural(strings.Split(major, "|"), whole)
	if cents := strings.TrimLeft((part + "00")[:2], "0"); cents != "" {
		small := cents + " " + t.plural(strings.Split(minor, "|"), cents)
		if whole == "0" {
			words = small
		} else {
			words += " " + t.word("and", "") + " " + small
		}
	}
	if negative {
		words = t.word("minus", "minus") + " " + words
	}
	return words, nil
}

// plural picks the form that goes with a whole number: one and other, or in
// Slavic languages one, few and many.
func (t table) plural(forms []string, n string) string {
	if len(forms) == 0 {
		return ""
	}
	v, ok := new(big.Int).SetString(n, 10)
	if !ok {
		return forms[len(forms)-1]
	}
	last := int(v.Mod(v, big.NewInt(100)).Int64())
	switch {
	case t.words["plural"] == "slavic" && len(forms) == 3:
		switch {
		case last%10 == 1 && last != 11:
			return forms[0]
		case last%10 >= 2 && last%10 <= 4 && last/10 != 1:
			return forms[1]
		}
		return forms[2]
	case n == "1":
		return forms[0]
	}
	return forms[len(forms)-1]
}

// Languages lists the languages that there are tables for.
func Languages() []string {
	list := []string{}
	files, err := tables.ReadDir("languages")
	if err != nil {
		panic(fmt.Sprintf("say: %v", err)) // the files are part of the program
	}
	for _, f := range files {
		list = append(list, strings.TrimSuffix(f.Name(), ".txt"))
	}
	slices.Sort(list)
	return list
}
