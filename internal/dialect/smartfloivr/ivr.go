package smartfloivr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// Bounds of an IVR.
const (
	MaxTimeout = 600 // s
	MaxRetries = 20
	maxOptions = 12 // keys there are
	maxName    = 100
	maxText    = 1000
)

// IVR is a menu in normal form: the body of a request that creates it.
// Destination and SMSTemplate are parallel to Option; 0 = no template.
type IVR struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Recording   Ref    `json:"recording"`
	Timeout     *int   `json:"timeout"` // s, from the end of the recording to the first key

	Option      []string `json:"option"`
	Destination []Ref    `json:"destination"`
	SMSTemplate []int64  `json:"sms_template,omitempty"`

	IncorrectCount     *int `json:"incorrect_count"`     // retries after a wrong key
	InvalidRetry       Ref  `json:"invalid_recording"`   // played then
	InvalidFinal       Ref  `json:"recording_invalid"`   // played when they are used up
	InvalidDestination Ref  `json:"invalid_destination"` // where the call goes then

	TimeoutTries       *int `json:"timeout_tries"` // the same without a key in time
	TimeoutRetry       Ref  `json:"timeout_retry_recording"`
	TimeoutFinal       Ref  `json:"timeout_recording"`
	TimeoutDestination Ref  `json:"timeout_destination"`

	AddedBy int64 `json:"added_by,omitempty"` // number of the user
}

// Fields implements Document.
func (d *IVR) Fields() []Field {
	rec, dest := ParseRecording, ParseDestination
	return []Field{
		textField("name", "name of the IVR", true, maxName, &d.Name),
		textField("description", "description", true, maxText, &d.Description),
		refField("recording", "main prompt: recording|28935", true, rec, &d.Recording),
		wholeField("timeout", "seconds to wait for a key after the prompt", true, 1, MaxTimeout, &d.Timeout),
		listField("option", "keys, parallel to destination", true, maxOptions, readKey, &d.Option),
		listField("destination", "where each key leads: extension|05047530000", true, maxOptions, readDestination, &d.Destination),
		listField("sms_template", "number of the SMS template of each key, 0 = none", false, maxOptions, readSerial, &d.SMSTemplate),
		wholeField("incorrect_count", "retries after wrong keys", true, 0, MaxRetries, &d.IncorrectCount),
		d.invalidField(),
		refField("recording_invalid", "prompt when they are used up", false, rec, &d.InvalidFinal),
		refField("invalid_destination", "where the call goes then", true, dest, &d.InvalidDestination),
		wholeField("timeout_tries", "retries without a key in time", true, 0, MaxRetries, &d.TimeoutTries),
		refField("timeout_retry_recording", "prompt of such a retry", true, rec, &d.TimeoutRetry),
		refField("timeout_recording", "prompt when they are used up", true, rec, &d.TimeoutFinal),
		refField("timeout_destination", "where the call goes then", true, dest, &d.TimeoutDestination),
	}
}

// TwiceNamed is the field that the vendor's page on creating an IVR lists twice:
// given twice, its first value is the retry prompt and its second the final one.
const TwiceNamed = "invalid_recording"

func (d *IVR) invalidField() Field {
	f := refField(TwiceNamed, "prompt of a retry after a wrong key; given twice, the second is recording_invalid", true, ParseRecording, &d.InvalidRetry)
	set := f.set
	f.set = func(raw json.RawMessage) error {
		var both []json.RawMessage
		if raw[0] != '[' || json.Unmarshal(raw, &both) != nil {
			return set(raw)
		}
		if len(both) == 0 || len(both) > 2 {
			return fmt.Errorf("it has %d values; one or two are needed", len(both))
		}
		if len(both) == 2 {
			if err := set(both[1]); err != nil {
				return err
			}
			d.InvalidFinal = d.InvalidRetry
		}
		return set(both[0])
	}
	return f
}

func readKey(raw json.RawMessage) (string, error) {
	s, err := scalar(raw)
	if err != nil {
		return "", err
	}
	if len(s) != 1 || !strings.Contains("0123456789*#", s) {
		return "", fmt.Errorf("%q is no telephone key", cut(s))
	}
	return s, nil
}

// Check implements Document.
func (d *IVR) Check() error {
	if len(d.Option) != len(d.Destination) {
		return invalid("destination", "The option and destination fields must have the same number of elements: they have %d and %d.", len(d.Option), len(d.Destination))
	}
	for i, key := range d.Option {
		if slices.Contains(d.Option[:i], key) {
			return invalid("option", "The option field has key %s twice.", key)
		}
	}
	if len(d.SMSTemplate) > len(d.Option) {
		return invalid("sms_template", "The sms_template field has %d elements, more than the option field, which has %d.", len(d.SMSTemplate), len(d.Option))
	}
	return nil
}

// Normal brings d into normal form after a Merge over before.
func (d *IVR) Normal(before *IVR, templatesGiven bool) {
	if d.InvalidFinal.IsZero() {
		d.InvalidFinal = d.InvalidRetry
	}
	templates := make([]int64, len(d.Option))
	for i, key := range d.Option {
		switch {
		case templatesGiven || before == nil:
			if i < len(d.SMSTemplate) {
				templates[i] = d.SMSTemplate[i]
			}
		default: // they stay with their keys
			templates[i] = before.Template(key)
		}
	}
	d.SMSTemplate = templates
	if !slices.ContainsFunc(templates, func(n int64) bool { return n != 0 }) {
		d.SMSTemplate = nil
	}
}

// Template gives the SMS template of a key; 0 = none.
func (d *IVR) Template(key string) int64 {
	if i := slices.Index(d.Option, key); i >= 0 && i < len(d.SMSTemplate) {
		return d.SMSTemplate[i]
	}
	return 0
}

// References implements Document.
func (d *IVR) References() []Reference {
	list := references(
		Reference{"recording", d.Recording}, Reference{TwiceNamed, d.InvalidRetry},
		Reference{"recording_invalid", d.InvalidFinal}, Reference{"invalid_destination", d.InvalidDestination},
		Reference{"timeout_retry_recording", d.TimeoutRetry}, Reference{"timeout_recording", d.TimeoutFinal},
		Reference{"timeout_destination", d.TimeoutDestination})
	list = append(list, numbered("destination", d.Destination)...)
	return append(list, Templates("sms_template", d.SMSTemplate)...)
}

// references lists those of rs that refer to something.
func references(rs ...Reference) []Reference {
	return slices.DeleteFunc(rs, func(r Reference) bool { return r.Ref.IsZero() })
}

// The types of app that hold documents of this package.
const (
	TypeIVR   = "ivr"   // an IVR
	TypeRoute = "route" // a Route: where a number leads
)

// ParseIVR reads the document of an app. Error kind Invalid.
func ParseIVR(a voice.App) (*IVR, error) {
	d := &IVR{}
	if err := json.Unmarshal(a.Document, d); err != nil {
		return nil, voice.Errorf("smartfloivr.ParseIVR", voice.Invalid, "the document of app %s can't be read: %w", a.ID, err)
	}
	return d, d.Check()
}

// Route is the document of an app that does nothing but lead on: numbers go
// through it to what is no app.
type Route struct {
	Destination Ref `json:"destination"`
}

// ParseRoute reads the document of an app. Error kind Invalid.
func ParseRoute(a voice.App) (Route, error) {
	var d Route
	if err := json.Unmarshal(a.Document, &d); err != nil {
		return d, voice.Errorf("smartfloivr.ParseRoute", voice.Invalid, "the document of app %s can't be read: %w", a.ID, err)
	}
	return d, nil
}
