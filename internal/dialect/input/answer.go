package input

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Bounds of an answer of an application in JSON.
const (
	MaxAnswer      = 1 << 20 // bytes
	MaxAnswerDepth = 64      // objects and lists within one another
)

// CheckAnswer says in words why what an application answered can't be the document
// of a kind ("JSON", "XML") that was asked for: its status is not 2xx, it is
// empty, has more than most bytes, is a web page, or is no text.
func CheckAnswer(status int, body []byte, kind string, most int) error {
	switch {
	case status >= 300 && status < 400:
		return fmt.Errorf("the application answered with status %d: it sends us elsewhere, which is followed for GET alone", status)
	case status < 200 || status > 299:
		return fmt.Errorf("the application answered with status %d %s", status, strings.ToLower(http.StatusText(status)))
	case len(body) > most:
		return fmt.Errorf("the answer is larger than %d bytes", most)
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	lower := bytes.ToLower(text[:min(len(text), 15)])
	switch {
	case len(text) == 0:
		return fmt.Errorf("the answer is empty (status %d)", status)
	case bytes.HasPrefix(lower, []byte("<!doctype html")) || bytes.HasPrefix(lower, []byte("<html")):
		return fmt.Errorf("the answer is a web page, not %s", kind)
	case bytes.IndexByte(text, 0) >= 0:
		return fmt.Errorf("the answer is binary, not %s", kind)
	}
	return nil
}

// CheckDepth refuses JSON that is nested more than most deep, or closes what it
// has not opened, in one pass that needs no memory.
func CheckDepth(data []byte, most int) error {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return fmt.Errorf("the answer is nested more than %d deep", most)
			}
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return errors.New("the answer is not JSON: it closes what it has not opened")
			}
		}
	}
	return nil
}

// AnswerJSON checks that an application's answer is one JSON value that can be
// decoded safely, and gives it: bounded in size and depth, in UTF-8, and, but for
// the members of repeats at the top, without a member that is given twice.
func AnswerJSON(status int, body []byte, repeats ...string) ([]byte, error) {
	if err := CheckAnswer(status, body, "JSON", MaxAnswer); err != nil {
		return nil, err
	}
	data := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if !utf8.Valid(data) {
		return nil, errors.New("the answer is not UTF-8 text")
	}
	if err := CheckDepth(data, MaxAnswerDepth); err != nil {
		return nil, err
	}
	if err := checkNested(data, MaxAnswerDepth, repeats); err != nil {
		return nil, errors.New(strings.Replace(err.Error(), "the body", "the answer", 1))
	}
	return data, nil
}

// AnswerObject reads an application's answer, which must be a JSON object, as
// AnswerJSON does.
func AnswerObject(status int, body []byte, repeats ...string) (Fields, error) {
	data, err := AnswerJSON(status, body, repeats...)
	if err != nil {
		return nil, err
	}
	if data[0] != '{' {
		return nil, fmt.Errorf("the answer is %s, not an object", Kind(data))
	}
	return parsed(data, repeats)
}
