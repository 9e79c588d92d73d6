package telphinivr

import (
	"regexp"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// reference is a variable in a text of a document.
var reference = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_]*`)

// template makes a template of a text in which $name stands for a variable.
func template(s string) flow.Template {
	s = strings.ReplaceAll(s, "${", "$${")
	return flow.Template(reference.ReplaceAllStringFunc(s, func(ref string) string { return "${" + ref[1:] + "}" }))
}

// templateReference is a variable in a template.
var templateReference = regexp.MustCompile(`\$?\$\{[A-Za-z0-9_.-]{1,64}\}`)

// plain writes a template as a text of a document. It reports false when the
// text would mean something else: a variable whose name a document can't hold,
// or one that runs into the text after it.
func plain(t flow.Template) (string, bool) {
	ok := true
	s := string(t)
	var b strings.Builder
	for {
		i := templateReference.FindStringIndex(s)
		if i == nil {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i[0]])
		ref := s[i[0]:i[1]]
		s = s[i[1]:]
		if strings.HasPrefix(ref, "$$") {
			b.WriteString(ref[1:])
			continue
		}
		name := ref[2 : len(ref)-1]
		ok = ok && variablePattern.MatchString(name)
		b.WriteString("$" + name)
		if s != "" && variablePattern.MatchString("a"+s[:1]) {
			ok = false
		}
	}
	out := strings.ReplaceAll(b.String(), "$${", "${")
	return out, ok && template(out) == t
}

// variable gives the name that a field holds, with or without "$".
func variable(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimPrefix(*s, "$")
}

// option gives the option that a jump leads to.
func option(s *string) string {
	if s == nil || *s == "" {
		return Start
	}
	return *s
}

// targets splits a list of numbers.
func targets(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\n' || r == '\t' })
}

// ShortNumber gives the internal number that s names within its account: "071" of
// "071", "000*071" and "000*071@domain". It reports false for anything else.
func ShortNumber(s string) (string, bool) {
	s, _, _ = strings.Cut(s, "@")
	if i := strings.LastIndexByte(s, '*'); i >= 0 {
		if strings.Trim(s[:i], "0123456789*") != "" {
			return "", false
		}
		s = s[i+1:]
	}
	if len(s) < 2 || len(s) > 6 || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	return s, true
}

// destination makes a destination of one number: of an internal one of the given
// kind, else an outside one.
func destination(s string, kind voice.DestinationKind) (voice.Destination, bool) {
	if short, ok := ShortNumber(s); ok {
		return voice.Destination{Kind: kind, ID: short}, true
	}
	if strings.Contains(s, "@") {
		at := strings.TrimPrefix(s, "sip:")
		user, host, _ := strings.Cut(at, "@")
		return voice.Destination{Kind: voice.ToSIP, ID: at}, user != "" && host != ""
	}
	e, err := voice.ParseE164(s)
	return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, err == nil
}

// Destination makes the destination of one number, internal or outside: the rules
// of an internal one apply.
func Destination(s string) (voice.Destination, bool) { return destination(s, voice.ToDialled) }
