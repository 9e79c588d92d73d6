package interp

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// maxVariables bounds the variables of one run.
const maxVariables = 1_000

// variable gives a variable that must be set.
func (r *run) variable(name, op string) (string, error) {
	if v := r.get(name); v != "" {
		return v, nil
	}
	return "", voice.Errorf(op, voice.NotExist, "variable %s is not set", name)
}

// get gives the value of a variable; "" when it is not set.
func (r *run) get(name string) string {
	switch name {
	case flow.VarCallID:
		return string(r.info.ID)
	case flow.VarCallFrom:
		return r.info.From
	case flow.VarCallName:
		return r.info.FromName
	case flow.VarCallTo:
		return r.info.To
	case flow.VarExtFrom:
		return r.info.Extension
	}
	return r.vars[name]
}

// set sets a variable. One that is too long is cut, and one too many is not
// kept; both are noted.
func (r *run) set(name, value string) {
	if len(value) > flow.MaxValue {
		r.noteError("the value of " + name + " is too long and is cut")
		value = strings.ToValidUTF8(value[:flow.MaxValue], "")
	}
	if _, ok := r.vars[name]; !ok && len(r.vars) >= maxVariables {
		r.noteError("there are too many variables: " + name + " is not set")
		return
	}
	r.vars[name] = value
	delete(r.secrets, name)
}

func (r *run) expand(t flow.Template) string { return t.Expand(r.get) }

// expandURL expands the template of a URL. Values are percent-encoded (RFC 3986
// §2.1), so that what a caller sends can neither end its parameter nor begin
// another; a variable at the very beginning is put in as it is, for it holds the
// server's own address.
func (r *run) expandURL(t flow.Template) string {
	first := strings.HasPrefix(string(t), "${")
	return t.Expand(func(name string) string {
		v := r.get(name)
		if first {
			first = false
			return v
		}
		return strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
	})
}

// expandBody expands the template of a body, its values written as the media
// type writes text: within a JSON string (RFC 8259 §7), or percent-encoded.
func (r *run) expandBody(t flow.Template, kind string) string {
	kind, _, _ = strings.Cut(kind, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/json":
		return t.Expand(func(name string) string {
			text, err := json.Marshal(r.reveal(name))
			if err != nil { // a string has always a JSON form
				return ""
			}
			return string(text[1 : len(text)-1])
		})
	case "application/x-www-form-urlencoded":
		return t.Expand(func(name string) string { return url.QueryEscape(r.reveal(name)) })
	}
	return t.Expand(r.reveal)
}

// expandAll expands the values of a map.
func (r *run) expandAll(m map[string]flow.Template) map[string]string {
	all := make(map[string]string, len(m))
	for k, t := range m {
		all[k] = r.expand(t)
	}
	return all
}

func (r *run) variables() map[string]string { return maps.Clone(r.vars) }

// prompts gives what sounds: the prompts in the call's language where there are
// any, with the variables put in.
func (r *run) prompts(ps []voice.Prompt, in map[string][]voice.Prompt) []voice.Prompt {
	if own, ok := inLanguage(in, r.vars[flow.VarLanguage]); ok {
		ps = own
	}
	out := make([]voice.Prompt, 0, len(ps))
	for _, p := range ps {
		if !p.Template {
			out = append(out, p)
			continue
		}
		p.Template = false
		if p.Kind == voice.PromptURL {
			p.Text = r.expandURL(flow.Template(p.Text))
		} else {
			p.Text = r.expand(flow.Template(p.Text))
		}
		p.Sound = voice.SoundID(r.expand(flow.Template(p.Sound)))
		p.Recording = voice.RecordingID(r.expand(flow.Template(p.Recording)))
		empty := false
		switch p.Kind {
		case voice.PromptSpeech, voice.PromptSay, voice.PromptURL:
			empty = strings.TrimSpace(p.Text) == ""
		case voice.PromptSound:
			empty = p.Sound == ""
		}
		if empty {
			r.noteError("a " + string(p.Kind) + " prompt of " + string(r.node.ID) + " has nothing to play: its variables are not set")
			continue
		}
		out = append(out, p)
	}
	return out
}

// inLanguage finds what is for a language tag (BCP 47), or for its first part.
func inLanguage[V any](in map[string]V, tag string) (V, bool) {
	var none V
	if tag == "" {
		return none, false
	}
	first, _, _ := strings.Cut(tag, "-")
	for _, want := range []string{tag, first} {
		for key, v := range in {
			if strings.EqualFold(key, want) {
				return v, true
			}
		}
	}
	return none, false
}

// controls reports whether s holds control characters, which must not get into
// what is sent out.
func controls(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}
