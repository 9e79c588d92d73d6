package dialecttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// RunExchange sends the requests of an archive one after the other and compares
// each answer with the golden file that follows it. Files are named "N
// WORDS.request" and "N WORDS.response". A request is a line "METHOD PATH",
// headers, an empty line and the body. vars gives values for {name} in requests;
// ids in answers that match id are numbered in the order in which they appear
// ("VA1") and may be used in later requests the same way ("{VA1}").
func RunExchange(t *testing.T, path string, h http.Handler, vars map[string]string, id *regexp.Regexp) {
	t.Helper()
	a := Archive(t, path)
	names := map[string]string{} // id → number
	numbered := map[string]int{}
	for i := range a.Files {
		f := a.Files[i]
		name, ok := strings.CutSuffix(f.Name, ".request")
		if !ok {
			continue
		}
		req := request(t, substitute(string(f.Data), vars))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		got := answer(rec.Result())
		got = id.ReplaceAllStringFunc(got, func(s string) string {
			if names[s] == "" {
				prefix := s[:2]
				if prefix != strings.ToUpper(prefix) || s[1] < 'A' { // the second is of the random rest
					prefix = s[:1]
				}
				numbered[prefix]++
				names[s] = fmt.Sprintf("%s%d", prefix, numbered[prefix])
				vars[names[s]] = s
			}
			return names[s]
		})
		for name, value := range vars {
			if len(value) > 5 && names[value] == "" {
				got = strings.ReplaceAll(got, value, "{"+name+"}")
			}
		}
		Compare(t, path, a, name+".response", got)
	}
}

func substitute(s string, vars map[string]string) string {
	for name, value := range vars {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

func request(t *testing.T, s string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(s, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("a request begins with METHOD PATH, not %q", lines[0])
	}
	req := httptest.NewRequest(method, target, strings.NewReader(strings.TrimSpace(body)))
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	return req
}

// volatile are parts of answers that differ from run to run.
var volatile = regexp.MustCompile(`\b\d{8}T\d\d:\d\d:\d\dZ|exp=\d+|sig=[-\w]+|eyJ[-\w.]+|"[a-z_]*password": "[^"]+"`)

func answer(resp *http.Response) string {
	body, _ := io.ReadAll(resp.Body)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d %s\n", resp.StatusCode, resp.Header.Get("Content-Type"))
	var indented bytes.Buffer
	if json.Indent(&indented, bytes.TrimSpace(body), "", " ") == nil {
		body = indented.Bytes()
	}
	b.Write(body)
	b.WriteString("\n")
	return volatile.ReplaceAllStringFunc(b.String(), func(s string) string {
		switch {
		case strings.HasPrefix(s, "exp="):
			return "exp=EXP"
		case strings.HasPrefix(s, "sig="):
			return "sig=SIG"
		case strings.Contains(s, "password"):
			name, _, _ := strings.Cut(s, ":")
			return name + ": \"SECRET\""
		case strings.HasPrefix(s, "eyJ"):
			return "JWT"
		}
		return "TIME"
	})
}
