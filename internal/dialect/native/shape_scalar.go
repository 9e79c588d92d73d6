package native

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// languagePattern is a language tag (BCP 47, RFC 5646) without its rarer parts.
const languagePattern = `^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`

var languageTag = regexp.MustCompile(languagePattern)

func isLanguage(s string) bool { return languageTag.MatchString(s) }

// text is a text. A number without quotes counts as the text that it is
// written as, so that ids and keys need none.
type text struct{ known []string }

func (s text) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	value, ok := r.text(n, at)
	if !ok {
		return
	}
	if len(s.known) > 0 && !contains(s.known, value) {
		r.ds.Errorf(flow.CodeValue, at, "%s is %q; it must be one of %s", lastOf(at), value, strings.Join(s.known, ", "))
	}
	v.SetString(value)
}

func (text) write(_ *writer, v reflect.Value) *yaml.Node { return textNode(v.String()) }

func (s text) schema() any {
	if len(s.known) > 0 {
		return object{"enum": s.known}
	}
	return object{"type": []string{"string", "number"}}
}

// knownTexts lists the values of a type that has a few.
func knownTexts(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[voice.Strategy]():
		return []string{string(voice.AllAtOnce), string(voice.InTurn), string(voice.Random), string(voice.Rotating)}
	case reflect.TypeFor[flow.TapeStep]():
		return []string{string(flow.TapeStart), string(flow.TapeStop), string(flow.TapePause), string(flow.TapeResume)}
	case reflect.TypeFor[voice.MachineRule]():
		return []string{string(voice.MachineHangup), string(voice.MachineConnect)}
	case reflect.TypeFor[voice.RecordingPurpose]():
		return []string{string(voice.ForVoicemail), string(voice.ForCall), string(voice.ForPrompt)}
	case reflect.TypeFor[voice.Cause]():
		list := []voice.Cause{voice.CauseNormal, voice.CauseBusy, voice.CauseNoAnswer, voice.CauseRejected, voice.CauseNotFound,
			voice.CauseUnavailable, voice.CauseCancelled, voice.CausePolicy, voice.CauseMedia, voice.CauseMaxDuration,
			voice.CauseShutdown, voice.CauseServerFailed, voice.CauseFailed}
		words := make([]string, len(list))
		for i, c := range list {
			words[i] = string(c)
		}
		return words
	}
	return nil
}

// truth is true or false.
type truth struct{}

func (truth) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != tagTruth {
		r.wrong(n, at, "true or false")
		return
	}
	v.SetBool(strings.EqualFold(n.Value, "true"))
}

func (truth) write(_ *writer, v reflect.Value) *yaml.Node {
	return scalar(tagTruth, strconv.FormatBool(v.Bool()))
}

func (truth) schema() any { return object{"type": "boolean"} }

// number is a whole number.
type number struct{}

func (number) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	i, err := strconv.ParseInt(n.Value, 10, 32)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != tagNumber || err != nil {
		r.wrong(n, at, "a whole number")
		return
	}
	v.SetInt(i)
}

func (number) write(_ *writer, v reflect.Value) *yaml.Node {
	return scalar(tagNumber, strconv.FormatInt(v.Int(), 10))
}

func (number) schema() any { return object{"type": "integer"} }

// duration is a time span such as "5s", "1m30s", "500ms".
type duration struct{}

func (duration) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == tagNumber || err != nil {
		r.wrong(n, at, `a duration such as 5s, 500ms or 1m30s`)
		return
	}
	v.SetInt(int64(d))
}

func (duration) write(_ *writer, v reflect.Value) *yaml.Node {
	return textNode(spoken(time.Duration(v.Int())))
}

// spoken writes a duration without its trailing noughts: "10m", not "10m0s".
func spoken(d time.Duration) string {
	s := d.String()
	if t, ok := strings.CutSuffix(s, "m0s"); ok {
		s = t + "m"
		if t, ok := strings.CutSuffix(s, "h0m"); ok {
			s = t + "h"
		}
	}
	return s
}

func (duration) schema() any { return ref("duration") }

// day is a holiday: a date alone as text, or with its last date and name.
type day struct{}

func (day) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind == yaml.ScalarNode {
		if s, ok := r.text(n, at); ok {
			v.Set(reflect.ValueOf(voice.Day{Date: s}))
		}
		return
	}
	recordOf(v.Type()).read(r, n, v, at)
}

func (day) write(w *writer, v reflect.Value) *yaml.Node {
	if d := v.Interface().(voice.Day); d == (voice.Day{Date: d.Date}) {
		return textNode(d.Date)
	}
	return inline(recordOf(v.Type()).write(w, v))
}

func (day) schema() any {
	date := object{"type": "string", "pattern": `^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$`}
	return object{"anyOf": []any{date, recordOf(reflect.TypeFor[voice.Day]()).schema()}}
}

// days are days of the week; "mon-fri" stands for the days from the one to the other.
type days struct{}

func week() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

func (days) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var all []string
	for i, item := range items {
		here := at
		if n.Kind == yaml.SequenceNode {
			here += "/" + strconv.Itoa(i)
		}
		s, ok := r.text(item, here)
		if !ok {
			continue
		}
		first, last, span := strings.Cut(s, "-")
		from, to := slices.Index(week(), first), slices.Index(week(), last)
		if !span || from < 0 || to < 0 {
			all = append(all, s) // package voice says what is wrong with it
			continue
		}
		for d := from; ; d = (d + 1) % 7 {
			all = append(all, week()[d])
			if d == to {
				break
			}
		}
	}
	v.Set(reflect.ValueOf(all))
}

func (days) write(_ *writer, v reflect.Value) *yaml.Node {
	n := listNode()
	n.Style = yaml.FlowStyle
	for i := range v.Len() {
		n.Content = append(n.Content, textNode(v.Index(i).String()))
	}
	return n
}

func (days) schema() any {
	one := object{"type": "string", "pattern": "^(" + strings.Join(week(), "|") + ")(-(" + strings.Join(week(), "|") + "))?$"}
	return object{"anyOf": []any{one, object{"type": "array", "items": one}}}
}

// reference is the id, or the name, of something of the account.
type reference struct{ to string }

func (s reference) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if id, ok := r.text(n, at); ok {
		v.SetString(r.refer(s.to, id, at))
	}
}

func (reference) write(_ *writer, v reflect.Value) *yaml.Node { return textNode(v.String()) }

func (reference) schema() any { return text{}.schema() }

func sortedKeys(v reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tagNull }

func sortedWords[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
