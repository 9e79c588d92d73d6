package input_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/dialect/input"
)

func TestReadBody(t *testing.T) {
	const multi = "multipart/form-data; boundary=b"
	tests := []struct{ name, media, body, want string }{
		{"JSON", "application/json", `{"option":[1,"2"],"name":"x"}`, `{"name":"x","option":[1,"2"]}`},
		{"JSON whatever the type says", "application/x-www-form-urlencoded", ` {"a":1}`, `{"a":1}`},
		{"form", "application/x-www-form-urlencoded", "name=a+b%26&option[]=1&destination[0]=x%7C1&destination[1]=y&agent=1&agent=2", `{"agent":["1","2"],"destination":["x|1","y"],"name":"a b\u0026","option":["1"]}`},
		{"empty form", "application/x-www-form-urlencoded", "", `{}`},
		{"multipart", multi, "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nfile\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n--b--\r\n", `{"type":"file"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.media)
			files := ""
			f, err := input.ReadBody(r, func(f input.File) error {
				data, err := io.ReadAll(f)
				files += f.Field + " " + f.Name + " " + string(data)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(f)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s %v\nwant %s", got, err, tt.want)
			}
			if want := "file a.wav RIFF"; tt.media == multi && files != want {
				t.Errorf("files %q, want %q", files, want)
			}
		})
	}
}

func TestReadBodyRefuses(t *testing.T) {
	tests := []struct{ name, media, body, want string }{
		{"broken JSON", "application/json", `{"a":`, "ends too early"},
		{"a field twice", "application/json", `{"a":{"b":1,"b":2}}`, "a.b: the field is given twice"},
		{"a list", "application/json", `[1]`, "not a JSON object"},
		{"too deep", "application/json", strings.Repeat(`{"a":`, 30) + "1" + strings.Repeat("}", 30), "nested more than"},
		{"too long", "application/json", `{"a":"` + strings.Repeat("x", input.MaxBody) + `"}`, "larger than"},
		{"broken escape", "application/x-www-form-urlencoded", "a=%zz", "the form is broken"},
		{"long form", "application/x-www-form-urlencoded", strings.Repeat("a=1&", 3000), "members"},
		{"no boundary", "multipart/form-data", "x", "boundary"},
		{"cut off", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "EOF"},
		{"a file where none is taken", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n", "f: a file is not taken here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.media)
			if f, err := input.ReadBody(r, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v %v, want %q", f, err, tt.want)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	segments, err := input.Segments("//v1//ivr/7%2F1/")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := input.Match("v1/ivr/{id}", segments)
	if !ok || p["id"] != "7/1" {
		t.Errorf("got %v %v", p, ok)
	}
	if _, ok := input.Match("v1/ivr", segments); ok {
		t.Error("a longer path matches")
	}
	if _, err := input.Segments("/%zz"); err == nil {
		t.Error("a broken escape is taken")
	}
}
