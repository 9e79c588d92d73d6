package smartfloivr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Field is a member of a document as requests spell it.
type Field struct {
	Name     string
	Type     string // "string", "integer", "boolean", "array" or "object"
	Text     string // what it is, in words
	Required bool
	set      func(raw json.RawMessage) error
	empty    func() bool
}

// Reference is a reference of a document with the field that holds it.
type Reference struct {
	Field string // "destination.1"
	Ref   Ref
}

// Document is what an account keeps: an IVR or something that one refers to.
type Document interface {
	// Fields lists the members; what Merge sets through them is the document's.
	Fields() []Field
	// References lists what the document refers to.
	References() []Reference
	// Check holds the rules between fields. Error kind Invalid names the field.
	Check() error
}

// Merge lays the fields of a request over d. whole says that required fields
// must be given; else what is absent or null stays. Error kind Invalid has the
// vendor's words in its reason; d is to be thrown away then.
func Merge(d Document, body input.Fields, whole bool) error {
	fields := d.Fields()
	for _, name := range body.Names() {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) && !readOnly(name) {
			return invalid(name, "The %s field is unknown.", cut(name))
		}
	}
	for _, f := range fields {
		raw := body[f.Name]
		given := !input.IsNull(raw)
		if given {
			if err := f.set(raw); err != nil {
				return invalid(f.Name, "The %s field is invalid: %s.", f.Name, err)
			}
		}
		if f.Required && f.empty() && (given || whole) {
			return invalid(f.Name, "The %s field is required.", f.Name)
		}
	}
	return d.Check()
}

// readOnly says that answers hold a field, so that clients may send it back.
func readOnly(name string) bool {
	return slices.Contains([]string{"id", "added_by", "ivr_menu", "recording_type", "success", "message"}, name)
}

func invalid(field, format string, args ...any) error {
	return voice.InvalidField("smartflo", field, format, args...)
}

func textField(name, text string, required bool, most int, to *string) Field {
	return Field{Name: name, Type: "string", Text: text, Required: required,
		empty: func() bool { return *to == "" },
		set: func(raw json.RawMessage) error {
			s, err := scalar(raw)
			if err != nil {
				return err
			}
			if utf8.RuneCountInString(s) > most {
				return fmt.Errorf("it is longer than %d characters", most)
			}
			if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
				return fmt.Errorf("it holds control characters")
			}
			*to = s
			return nil
		}}
}

func wholeField(name, text string, required bool, least, most int, to **int) Field {
	return Field{Name: name, Type: "integer", Text: text, Required: required,
		empty: func() bool { return *to == nil },
		set: func(raw json.RawMessage) error {
			s, err := scalar(raw)
			if err != nil {
				return err
			}
			if s == "" {
				*to = nil
				return nil
			}
			n, err := strconv.ParseFloat(s, 64)
			if err != nil || n != float64(int(n)) || int(n) < least || int(n) > most {
				return fmt.Errorf("%q is not a whole number from %d to %d", cut(s), least, most)
			}
			whole := int(n)
			*to = &whole
			return nil
		}}
}

func boolField(name, text string, to *bool) Field {
	return Field{Name: name, Type: "boolean", Text: text, empty: func() bool { return false },
		set: func(raw json.RawMessage) error {
			switch strings.ToLower(strings.Trim(string(raw), `"`)) {
			case "1", "true", "yes":
				*to = true
			case "0", "false", "no", "":
				*to = false
			default:
				return fmt.Errorf("%s is neither 0 nor 1", cut(string(raw)))
			}
			return nil
		}}
}

func choiceField(name, text string, to *string, choices ...string) Field {
	f := textField(name, text+": "+strings.Join(choices, ", "), false, 64, to)
	set := f.set
	f.set = func(raw json.RawMessage) error {
		if err := set(raw); err != nil {
			return err
		}
		if *to = strings.ToLower(*to); *to != "" && !slices.Contains(choices, *to) {
			return fmt.Errorf("%q is none of %s", cut(*to), strings.Join(choices, ", "))
		}
		return nil
	}
	return f
}

func refField(name, text string, required bool, parse func(string) (Ref, error), to *Ref) Field {
	return Field{Name: name, Type: "string", Text: text, Required: required,
		empty: func() bool { return to.IsZero() },
		set: func(raw json.RawMessage) error {
			s, err := scalar(raw)
			if err != nil {
				return err
			}
			*to, err = parse(s)
			return err
		}}
}

// listField reads a list, or a single value in place of a list of one.
func listField[T any](name, text string, required bool, most int, read func(json.RawMessage) (T, error), to *[]T) Field {
	return Field{Name: name, Type: "array", Text: text, Required: required,
		empty: func() bool { return len(*to) == 0 },
		set: func(raw json.RawMessage) error {
			items := []json.RawMessage{raw}
			if raw[0] == '[' {
				if err := json.Unmarshal(raw, &items); err != nil {
					return err
				}
			} else if string(raw) == `""` {
				items = nil
			}
			if len(items) > most {
				return fmt.Errorf("it has %d elements; at most %d are allowed", len(items), most)
			}
			list := make([]T, len(items))
			for i, item := range items {
				var err error
				if list[i], err = read(item); err != nil {
					return fmt.Errorf("element %d: %w", i, err)
				}
			}
			*to = list
			return nil
		}}
}

// scalar reads a text or number; true and false are 1 and 0.
func scalar(raw json.RawMessage) (string, error) {
	switch string(raw) {
	case "true":
		return "1", nil
	case "false":
		return "0", nil
	}
	s, err := input.Text(raw, "")
	if err != nil {
		return "", fmt.Errorf("text or a number is needed, not %s", input.Kind(raw))
	}
	return s, nil
}

func readDestination(raw json.RawMessage) (Ref, error) {
	s, err := scalar(raw)
	if err != nil {
		return Ref{}, err
	}
	r, err := ParseDestination(s)
	if err == nil && r.IsZero() {
		err = fmt.Errorf("it is empty")
	}
	return r, err
}

// readSerial reads the number of something; 0 and "" are none.
func readSerial(raw json.RawMessage) (int64, error) {
	s, err := scalar(raw)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a number", cut(s))
	}
	return n, nil
}

// TextField is a member of a document of another package: text of at most 1000
// characters.
func TextField(name, text string, to *string) Field {
	return textField(name, text, false, maxText, to)
}

// DestinationField is a member that refers to a destination.
func DestinationField(name, text string, to *Ref) Field {
	return refField(name, text, false, ParseDestination, to)
}

// SerialsField is a member with the numbers of things.
func SerialsField(name, text string, to *[]int64) Field {
	return listField(name, text, false, maxOptions, readSerial, to)
}

// Templates gives the references of a field with the numbers of SMS templates.
func Templates(field string, serials []int64) []Reference {
	var list []Reference
	for i, n := range serials {
		if n != 0 {
			list = append(list, Reference{field + "." + strconv.Itoa(i), Ref{refTemplate, strconv.FormatInt(n, 10)}})
		}
	}
	return list
}
