package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a JSON body.
const (
	MaxBody  = 1 << 20 // bytes
	maxDepth = 16
)

// Fields is a JSON object whose values are still to be read.
type Fields map[string]json.RawMessage

// ParseObject reads a JSON object and refuses duplicate keys and deep nesting,
// wherever they are, except for the members of repeats at the top, which are
// lists when they are given more than once. An empty body is an empty object.
func ParseObject(data []byte, repeats ...string) (Fields, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if len(data) == 0 {
		return Fields{}, nil
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the body is not UTF-8 text")
	}
	if err := checkJSON(data, repeats); err != nil {
		return nil, err
	}
	return parsed(data, repeats)
}

// parsed reads an object that has been checked.
func parsed(data []byte, repeats []string) (Fields, error) {
	var f Fields
	if err := json.Unmarshal(data, &f); err != nil || f == nil {
		return nil, errors.New("the body is not a JSON object")
	}
	for _, name := range repeats {
		if err := f.gather(data, name); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// gather makes a list of a member that data has more than once.
func (f Fields) gather(data []byte, name string) error {
	var values []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return err
		}
		if token == name {
			values = append(values, v)
		}
	}
	if len(values) < 2 {
		return nil
	}
	list, err := json.Marshal(values)
	f[name] = list
	return err
}

// checkJSON walks all tokens.
func checkJSON(data []byte, repeats []string) error { return checkNested(data, maxDepth, repeats) }

func checkNested(data []byte, most int, repeats []string) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := checkValue(dec, most, 0, "", repeats); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("the body goes on after its JSON value")
	}
	return nil
}

func checkValue(dec *json.Decoder, most, depth int, path string, repeats []string) error {
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("the body is not JSON: %s", jsonReason(err))
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth == most {
		return fmt.Errorf("%s: the body is nested more than %d deep", cmpPath(path), most)
	}
	seen := map[string]bool{}
	for dec.More() {
		inner := path
		if delim == '{' {
			key, err := dec.Token()
			if err != nil {
				return fmt.Errorf("the body is not JSON: %s", jsonReason(err))
			}
			name := key.(string)
			inner = Join(path, name)
			if seen[name] && !(depth == 0 && slices.Contains(repeats, name)) {
				return fmt.Errorf("%s: the field is given twice", inner)
			}
			seen[name] = true
		}
		if err := checkValue(dec, most, depth+1, inner, repeats); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("the body is not JSON: %s", jsonReason(err))
	}
	return nil
}

func jsonReason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

func cmpPath(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}

// Join gives the path of a member, for messages: "menu.digit_1".
func Join(path, name string) string {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// Names lists the fields in order.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IsNull reports whether a value is null or absent.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// Object reads a nested object; null is an empty one.
func Object(raw json.RawMessage, path string) (Fields, error) {
	if IsNull(raw) {
		return Fields{}, nil
	}
	var f Fields
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("%s: an object is needed, not %s", path, Kind(raw))
	}
	return f, nil
}

// Array reads a nested array; null is an empty one.
func Array(raw json.RawMessage, path string) ([]json.RawMessage, error) {
	var a []json.RawMessage
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("%s: a list is needed, not %s", path, Kind(raw))
	}
	return a, nil
}

// Text reads a string or number as text; null is "".
func Text(raw json.RawMessage, path string) (string, error) {
	if IsNull(raw) {
		return "", nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s), nil
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String(), nil
	}
	return "", fmt.Errorf("%s: text is needed, not %s", path, Kind(raw))
}

// YesNo reads "yes" or "no", or a JSON boolean.
func YesNo(raw json.RawMessage, path string) (string, error) {
	switch string(raw) {
	case "true":
		return "yes", nil
	case "false":
		return "no", nil
	}
	s, err := Text(raw, path)
	if err != nil {
		return "", err
	}
	switch s = strings.ToLower(s); s {
	case "yes", "no":
		return s, nil
	}
	return "", fmt.Errorf("%s: %q is neither yes nor no", path, s)
}

// Kind names the type of a value, for people.
func Kind(raw json.RawMessage) string {
	switch {
	case IsNull(raw):
		return "null"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "a list"
	case raw[0] == '"':
		return "text"
	case raw[0] == 't', raw[0] == 'f':
		return "true or false"
	}
	return "a number"
}
