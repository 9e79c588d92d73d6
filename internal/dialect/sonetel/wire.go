package sonetel

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// member is one field of a reply.
type member struct {
	name  string
	value any
}

// reply is a JSON object whose fields keep their order.
type reply []member

// MarshalJSON writes the fields in order.
func (r reply) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{m.name, m.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			if err := enc.Encode(v); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // Encode ends with a new line
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// only limits r to the fields that names lists, when it has any of them.
func (r reply) only(names []string) reply {
	kept := slices.DeleteFunc(slices.Clone(r), func(m member) bool { return !slices.Contains(names, m.name) })
	if len(kept) == 0 {
		return r
	}
	return kept
}

// fieldList reads ?fields=a,b.
func fieldList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// limits are the names in ?fields= that limit a reply; the others add a part to it.
func limits(s string) []string {
	adding := []string{"message", "file", "file_access_details", "voice_call_details"}
	return slices.DeleteFunc(fieldList(s), func(name string) bool { return slices.Contains(adding, name) })
}

// timeForm is the vendor's form of a time, always GMT.
const timeForm = "20060102T15:04:05Z"

// envelope is every reply but those of the token endpoint and of call-back.
type envelope struct {
	Resource string `json:"resource"`
	Status   string `json:"status"` // success or failed
	Response any    `json:"response"`
}

// failure is the response of an envelope with status failed.
type failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// action is what a key, a time-out or the end of an announcement does.
type action struct {
	Action string `json:"action"`
	To     string `json:"to"`
	ID     string `json:"id"`
}

func (a action) isZero() bool { return a.Action == "" }

// keys lists the entries of a menu in order.
func keys() []string {
	return []string{"digit_0", "digit_1", "digit_2", "digit_3", "digit_4", "digit_5",
		"digit_6", "digit_7", "digit_8", "digit_9", timeoutKey}
}

const timeoutKey = "timeout"

// document is a voice app in normal form: every field of its type is set.
type document struct {
	Type string // ivr, mailbox or sysprompt
	Name string

	Voice        string
	PlayWelcome  string
	PlayMenu     string
	GetExtension string
	Menu         map[string]action // by the names of keys; absent = unassigned
	FinalAction  action

	Greeting         string
	Goodbye          string
	DeliverTo        string
	DeliverToDetails string

	ErrorVoice       string
	ErrorRepeatVoice string
	UserMailboxVoice string
}

// The types of app.
const (
	typeIVR     = "ivr"
	typeMailbox = "mailbox"
	typeSystem  = "sysprompt"
)
