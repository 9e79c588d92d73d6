package input_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/dialect/input"
)

// A body of any kind is read or refused, whatever its type says, and what is read
// is valid JSON under names that are given once.
func FuzzBody(f *testing.F) {
	f.Add("application/json", `{"a":{"b":[1,"c"]},"d":null}`)
	f.Add("application/x-www-form-urlencoded", "a=1&a=2&b%20c=%ff&d[]=x&e[f]=g&=")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.wav\"\r\n\r\nRIFF\r\n--b--\r\n")
	f.Add("multipart/form-data; boundary=", "--\r\n")
	f.Add("text/plain; charset=utf-16", "\xff\xfe{\x00}\x00")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		fields, err := input.ReadBody(r, func(file input.File) error { return nil }, "rules")
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		for _, name := range fields.Names() {
			if input.Kind(fields[name]) == "" {
				t.Fatalf("%q has no kind: %s", name, fields[name])
			}
		}
	})
}

// A form's text has the same fields when it is written again.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=1&a=2", "a%5B%5D=1", "%", "a=%zz", "&&=&a", "a[b][c]=1", strings.Repeat("a=1&", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fields, err := input.ParseForm(s)
		if err != nil {
			return
		}
		for name, raw := range fields {
			if _, err := input.ParseObject([]byte(`{"x":` + string(raw) + `}`)); err != nil {
				t.Fatalf("%q is no JSON value: %s", name, raw)
			}
		}
	})
}

// An object that is read is read the same when it is written again.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{}`, ``, `{"a":1,"a":2}`, `{"rules":1,"rules":[2]}`, "\ufeff{\"a\":\"\\u0000\"}", `{"a":1e999999}`, strings.Repeat(`{"a":`, 40)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := input.ParseObject(data, "rules")
		if err != nil {
			return
		}
		for _, name := range fields.Names() {
			if _, err := input.ParseObject([]byte(`{"x":` + string(fields[name]) + `}`)); err != nil {
				t.Fatalf("%q is read and then refused: %v", fields[name], err)
			}
		}
	})
}
