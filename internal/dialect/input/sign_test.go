package input_test

import (
	"net/url"
	"testing"
	"time"

	"tandem/internal/dialect/input"
)

// A link is good for what it was made for, by its key, until its time.
func TestLinks(t *testing.T) {
	key, now := []byte("key"), time.Unix(1_000_000, 0)
	query := input.LinkQuery(key, now.Add(time.Hour), "12", "34")
	parse := func(s string) url.Values {
		v, err := url.ParseQuery(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	changed := func(name, value string) url.Values {
		v := parse(query)
		v.Set(name, value)
		return v
	}
	for name, c := range map[string]struct {
		q     url.Values
		key   []byte
		now   time.Time
		parts []string
		want  bool
	}{
		"as made":           {parse(query), key, now, []string{"12", "34"}, true},
		"at its last":       {parse(query), key, now.Add(time.Hour - time.Second), []string{"12", "34"}, true},
		"expired":           {parse(query), key, now.Add(time.Hour), []string{"12", "34"}, false},
		"another thing":     {parse(query), key, now, []string{"12", "35"}, false},
		"parts run on":      {parse(query), key, now, []string{"123", "4"}, false},
		"fewer parts":       {parse(query), key, now, []string{"12"}, false},
		"another key":       {parse(query), []byte("kez"), now, []string{"12", "34"}, false},
		"a longer life":     {changed("exp", "9999999"), key, now, []string{"12", "34"}, false},
		"no time":           {changed("exp", ""), key, now, []string{"12", "34"}, false},
		"another signature": {changed("sig", "x"), key, now, []string{"12", "34"}, false},
		"nothing":           {nil, key, now, []string{"12", "34"}, false},
	} {
		if got := input.LinkGood(c.q, c.key, c.now, c.parts...); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
