package notify

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tandem/internal/voice"
)

// bodyShown bounds what a timeline shows of a request's body and of the text
// that was signed, in bytes.
const bodyShown = 2 << 10

// shown gives what a timeline says of an attempt: the request, what was signed,
// and the answer. Of an operator's gateway it shows nothing that may be secret.
func shown(s sent, o outcome) map[string]string {
	d, a := s.delivery, o.attempt
	data := map[string]string{
		"delivery": string(d.ID), "purpose": d.Purpose, "url": withoutCredentials(d), "attempt": strconv.Itoa(a.N),
		"latency_ms": strconv.FormatInt(a.Latency.Milliseconds(), 10), "outcome": a.Words,
	}
	if a.Status > 0 {
		data["status"] = strconv.Itoa(a.Status)
	}
	if d.Operator {
		return data
	}
	all := maps.Clone(d.Headers)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, s.headers)
	if d.Type != "" {
		all["Content-Type"] = d.Type
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := all[name]
		if _, ours := s.headers[name]; !ours && secretName(name) {
			value = "…"
		}
		lines = append(lines, name+": "+oneLine(value))
	}
	for name, value := range map[string]string{
		"method": d.Method, "headers": strings.Join(lines, "\n"), "body": cut(d.Body, bodyShown), "signed": cut(s.signed, bodyShown), "answer": a.Answer,
	} {
		if value != "" {
			data[name] = value
		}
	}
	return data
}

// secretName says whether a header or parameter may hold a secret, by its name.
func secretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"auth", "token", "secret", "key", "pass", "pwd", "cookie", "sign", "credential", "session"},
		func(s string) bool { return strings.Contains(name, s) })
}

// withoutCredentials gives the address of a delivery without name and password,
// and without the values of parameters that may be secret.
func withoutCredentials(d voice.Delivery) string {
	u, err := url.Parse(d.URL)
	if d.Operator || err != nil || u.RawQuery == "" {
		return address(d)
	}
	var parts []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if secretName(name) {
			part = name + "=…"
		}
		parts = append(parts, part)
	}
	return address(d) + "?" + cut(strings.Join(parts, "&"), bodyShown)
}

// address gives where a delivery goes, for people: without name, password and
// query, which may hold secrets.
func address(d voice.Delivery) string {
	if d.Operator {
		return "the operator's gateway"
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		return "an address that can't be read"
	}
	return oneLine(u.Scheme + "://" + u.Host + u.EscapedPath())
}

// oneLine keeps what others wrote on one line and short.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// cut keeps a text within n bytes, whole characters of it.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
