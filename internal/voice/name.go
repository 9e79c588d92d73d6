package voice

import (
	"strings"
	"unicode"
)

// MaxName bounds names that people give, in characters.
const MaxName = 100

// CleanName makes a name fit to be shown: without control characters, at most MaxName
// characters.
func CleanName(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
	if r := []rune(s); len(r) > MaxName {
		s = strings.TrimSpace(string(r[:MaxName]))
	}
	return s
}

// Called is what people call the user: the name, or else the e-mail.
func (u User) Called() string {
	if name := strings.TrimSpace(u.FirstName + " " + u.LastName); name != "" {
		return name
	}
	return u.Email
}
