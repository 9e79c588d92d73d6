package say

import (
	"embed"
	"strings"
)

//go:embed languages/*.txt
var tables embed.FS

// table is what a language calls things: lines "key: value" of its file, a list
// parted by "|".
type table struct {
	language string
	words    map[string]string
}

// tableOf gives the table of a language: of "sv-SE" that of "sv". Without one
// the table is empty.
func tableOf(language string) (table, bool) {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if base == "" {
		base = "en"
	}
	t := table{language: base, words: map[string]string{}}
	if strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") != "" {
		return t, false
	}
	data, err := tables.ReadFile("languages/" + base + ".txt")
	if err != nil {
		return t, false
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			t.words[key] = value
		}
	}
	return t, true
}

func (t table) word(key, otherwise string) string {
	if w, ok := t.words[key]; ok {
		return w
	}
	return otherwise
}

func (t table) list(key string) []string {
	if w, ok := t.words[key]; ok {
		return strings.Split(w, "|")
	}
	return nil
}
