package native

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// members calls f for each member of a map, in order.
func (r *reader) members(n *yaml.Node, at string, f func(key string, value *yaml.Node, at string)) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		f(key, n.Content[i+1], at+"/"+escape(key))
	}
}

// text reads a text; a number without quotes is the text that it is written as.
func (r *reader) text(n *yaml.Node, at string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == tagNull || n.ShortTag() == tagTruth {
		r.wrong(n, at, "a text")
		return "", false
	}
	return n.Value, true
}

// wrong says that a value is of another type than its field.
func (r *reader) wrong(n *yaml.Node, at, want string) {
	r.ds.Errorf(flow.CodeType, at, "%s must be %s, not %s", lastOf(at), want, shown(n))
}

func (r *reader) unknown(key, at string, known []string) {
	r.ds.Errorf(flow.CodeUnknown, at, "there is no %s here; there is %s", key, strings.Join(known, ", "))
}

// lastOf names a place for people: the end of its pointer.
func lastOf(at string) string {
	list := tokens(at)
	if len(list) == 0 {
		return "the document"
	}
	return list[len(list)-1]
}

// shown gives the beginning of a value.
func shown(n *yaml.Node) string {
	const most = 40
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch s := n.Value; {
	case isNull(n):
		return "empty"
	case len(s) > most:
		return strings.ToValidUTF8(s[:most], "") + "…"
	default:
		return s
	}
}

// refer checks that what an id or name means exists, says so where it does not,
// and gives its id. What holds a variable is known at the call alone.
func (r *reader) refer(kind, id, at string) string {
	if id == "" || strings.Contains(id, "${") || r.err != nil {
		return id
	}
	_, open := r.look.(dialect.OpenResolver)
	switch kind {
	case "app":
		if !open {
			return r.app(id, at)
		}
	case "sound":
		return r.sound(id, at)
	case "user", "mailbox":
		_, err := r.look.User(r.ctx, voice.UserID(id))
		r.found(err, "user", id, at)
	case "extension", "phones":
		if open {
			break
		}
		list, err := r.look.Extensions(r.ctx)
		if err == nil && !slices.ContainsFunc(list, func(e voice.Extension) bool { return e.Number == id }) {
			err = voice.Errorf("native.refer", voice.NotExist, "no extension %s", id)
		}
		r.found(err, "extension", id, at)
	case "group":
		ok, err := r.look.Group(r.ctx, id)
		if err == nil && !ok {
			err = voice.Errorf("native.refer", voice.NotExist, "no group %s", id)
		}
		r.found(err, "group", id, at)
	case "number":
		if _, err := voice.ParseE164(id); err != nil {
			r.ds.Errorf(flow.CodeValue, at, "%s: %s", lastOf(at), voice.Reason(err))
		}
	}
	return id
}

// app finds an app by its id, else by its name.
func (r *reader) app(id, at string) string {
	if voice.AppID(id) == r.self {
		return id
	}
	if !r.listed {
		r.apps, r.err = r.look.Apps(r.ctx)
		r.listed = true
	}
	var named []string
	for _, a := range r.apps {
		if string(a.ID) == id {
			return id
		}
		if a.Name == id {
			named = append(named, string(a.ID))
		}
	}
	return r.named("app", id, named, at)
}

// sound finds a sound by its id, else by its name.
func (r *reader) sound(id, at string) string {
	_, err := r.look.Sound(r.ctx, voice.SoundID(id))
	if !voice.IsKind(err, voice.NotExist) {
		r.found(err, "sound", id, at)
		return id
	}
	all, err := r.look.Sounds(r.ctx, "")
	if err != nil {
		r.found(err, "sound", id, at)
		return id
	}
	var named []string
	for _, s := range all {
		if s.Name == id {
			named = append(named, string(s.ID))
		}
	}
	return r.named("sound", id, named, at)
}

// named gives the one id that a name stands for.
func (r *reader) named(what, name string, ids []string, at string) string {
	switch len(ids) {
	case 1:
		return ids[0]
	case 0:
		r.ds.Errorf(CodeReference, at, "%s: there is no %s %q in this account", lastOf(at), what, name)
	default:
		r.ds.Errorf(CodeAmbiguous, at, "%s: %d of the account's %ss are named %q; use one of the ids %s", lastOf(at), len(ids), what, name, strings.Join(ids, ", "))
	}
	return name
}

func (r *reader) found(err error, what, id, at string) {
	switch {
	case err == nil:
	case voice.IsKind(err, voice.NotExist):
		r.ds.Errorf(CodeReference, at, "%s: there is no %s %q in this account", lastOf(at), what, id)
	case r.err == nil:
		r.err = err
	}
}
