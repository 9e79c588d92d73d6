package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxParts bounds the members of a form.
const maxParts = 2000

// ReadObject reads a body of at most MaxBody bytes as a JSON object.
func ReadObject(r io.Reader) (Fields, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	return ParseObject(data)
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("the body could not be read: %w", err)
	}
	if len(data) > MaxBody {
		return nil, fmt.Errorf("the body is larger than %d bytes", MaxBody)
	}
	return data, nil
}

// File is an uploaded file of a form. Open it by reading on; it is void when
// ReadBody's callback has returned.
type File struct {
	Field, Name string
	io.Reader
}

// ReadBody reads the body of a request, whatever form it has: a JSON object, a
// URL-encoded form or a multipart form. Form values are JSON strings; a name
// that is given more than once, or ends in "[]" or "[0]", is a list. Files are
// given to each in turn, nil = files are refused; an error of its is passed on.
// repeats are as in ParseObject.
func ReadBody(r *http.Request, each func(File) error, repeats ...string) (Fields, error) {
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") {
		if params["boundary"] == "" {
			return nil, errors.New("the multipart form has no boundary")
		}
		return readMultipart(multipart.NewReader(r.Body, params["boundary"]), each)
	}
	data, err := readAll(r.Body)
	if err != nil {
		return nil, err
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if media == "application/x-www-form-urlencoded" && (len(trimmed) == 0 || trimmed[0] != '{') {
		return ParseForm(string(trimmed))
	}
	return ParseObject(data, repeats...)
}

// ParseForm reads a URL-encoded form.
func ParseForm(s string) (Fields, error) {
	var form form
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		v, verr := url.QueryUnescape(value)
		if err = errors.Join(err, verr); err != nil {
			return nil, fmt.Errorf("the form is broken at %q", Join("", pair))
		}
		if err := form.add(n, v); err != nil {
			return nil, err
		}
	}
	return form.fields()
}

func readMultipart(mr *multipart.Reader, each func(File) error) (Fields, error) {
	var form form
	for {
		part, err := mr.NextPart()
		if err == io.EOF {
			return form.fields()
		}
		if err != nil {
			return nil, fmt.Errorf("the multipart form is broken: %w", err)
		}
		if part.FileName() != "" {
			if each == nil {
				return nil, fmt.Errorf("%s: a file is not taken here", part.FormName())
			}
			if err := each(File{Field: part.FormName(), Name: part.FileName(), Reader: part}); err != nil {
				return nil, err
			}
			continue
		}
		value, err := readAll(part)
		if err != nil {
			return nil, err
		}
		if err := form.add(part.FormName(), string(value)); err != nil {
			return nil, err
		}
	}
}

// form is a form on its way to Fields.
type form struct {
	names  []string
	values map[string][]string
	lists  []string // names that are lists however often they are given
	size   int
	count  int
}

func (f *form) add(name, value string) error {
	f.size += len(name) + len(value)
	f.count++
	if f.size > MaxBody || f.count > maxParts {
		return fmt.Errorf("the form is larger than %d bytes or %d members", MaxBody, maxParts)
	}
	base, index, listed := strings.Cut(strings.TrimSpace(name), "[")
	if listed = listed && strings.Trim(strings.TrimSuffix(index, "]"), "0123456789") == ""; listed {
		name = base
	}
	if f.values == nil {
		f.values = map[string][]string{}
	}
	if _, known := f.values[name]; !known {
		f.names = append(f.names, name)
	}
	if listed && !slices.Contains(f.lists, name) {
		f.lists = append(f.lists, name)
	}
	f.values[name] = append(f.values[name], value)
	return nil
}

func (f *form) fields() (Fields, error) {
	fields := Fields{}
	for _, name := range f.names {
		var v any = f.values[name]
		if len(f.values[name]) == 1 && !slices.Contains(f.lists, name) {
			v = f.values[name][0]
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Join("", name), err)
		}
		fields[name] = raw
	}
	return fields, nil
}

// ReadValue reads a body of at most MaxBody bytes as one JSON value of any kind.
func ReadValue(r io.Reader) (json.RawMessage, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return nil, nil
	}
	return data, checkJSON(data, nil)
}
