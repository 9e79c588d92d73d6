package apidocs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tandem/internal/apidocs"
	"tandem/internal/dialect"
)

// browser starts headless Chromium and gives its context.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: apt-get install chromium (make test installs it)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil { // the browser itself must outlive the test's time-outs
		t.Fatalf("chromium does not start: %v", err)
	}
	return ctx
}

// seen is what a fake vendor got.
type seen struct {
	method, path, query, auth, kind, cookie, body string
}

// vendor is a fake API that notes each request.
type vendor struct {
	mu   sync.Mutex
	last seen
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	v.last = seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("Cookie"), string(body)}
	v.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/token"):
		fmt.Fprint(w, `{"access_token": "a-token-of-the-vendor", "expires_in": 3600}`)
	case r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message": "Unauthorized"}`)
	case r.Method == http.MethodGet:
		json.NewEncoder(w).Encode(map[string]string{"name": `<img src=x id=hostile onerror="document.title='owned'">`})
	default:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id": 51}`)
	}
}

func (v *vendor) took() seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

const openAPI = `{"openapi": "3.1.0", "info": {"title": "T", "description": "Send a key."}, "paths": {
 "/api/v1/numbers/{number}": {"get": {"summary": "Read a number", "tags": ["Numbers"], "parameters": [
   {"name": "number", "in": "path", "required": true, "schema": {"type": "string"}}]}},
 "/api/v1/numbers": {"post": {"summary": "Add a number", "tags": ["Numbers"], "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Number"}}}}}}},
 "components": {"schemas": {"Number": {"type": "object", "required": ["number"], "properties": {
   "$schema": {"type": "string"}, "number": {"type": "string", "description": "E.164", "examples": ["+46850000001"]}, "app": {"type": ["string", "null"]}}}}}}`

func fake() dialect.Description {
	return dialect.Description{Name: "Fake", Base: "/fake/api", Auth: "Ask for a token.\nThen use it.", Endpoints: []dialect.Endpoint{
		{Section: "authentication", Method: "POST", Path: "//fake/token", Title: "Get a token", Open: true, Type: "application/x-www-form-urlencoded",
			Fields: []dialect.Field{{Name: "client_id", In: "body", Required: true}, {Name: "client_secret", In: "body", Required: true}}},
		{Section: "things", Method: "GET", Path: "/thing/{thing_id}", Title: "Read a thing", Fields: []dialect.Field{{Name: "thing_id", In: "path"}, {Name: "tag", In: "query", Type: "array"}}},
		{Section: "things", Method: "POST", Path: "/thing/", Title: "Make a thing", Type: "application/json", Fields: []dialect.Field{{Name: "digits", In: "body"}}, Example: `{"digits": "1"}`},
		{Section: "sounds", Method: "POST", Path: "/sound/", Title: "Upload a sound", Type: "multipart/form-data",
			Fields: []dialect.Field{{Name: "title", In: "body", Required: true}, {Name: "file", In: "file", Required: true}}},
	}}
}

// later is an API that is not served.
func later() dialect.Description {
	return dialect.Description{Name: "Later", Base: "/later", Missing: "This version does not serve this API yet.",
		Endpoints: []dialect.Endpoint{{Section: "sounds", Method: "POST", Path: "/play", Title: "Play a message",
			Fields: []dialect.Field{{Name: "msg", In: "body"}}}}}
}

// page serves the documentation beside the fake vendor.
func page(t *testing.T) (*vendor, string) {
	t.Helper()
	docs, err := apidocs.New(apidocs.Config{APIs: []dialect.Description{fake(), later()},
		OpenAPI: func() ([]byte, error) { return []byte(openAPI), nil }, Base: "/api/v1"}, "/docs/api")
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{}
	mux := http.NewServeMux()
	mux.Handle("/docs/", docs)
	mux.Handle("/fake/", v)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return v, server.URL
}

// run runs actions of a person at the page.
func run(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	get(t, ctx, chromedp.Steps(actions...))
}

// get runs an action and gives its value.
func get[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// setToken puts a token into its field in place of what is there, and sets it.
func setToken(t *testing.T, ctx context.Context, token string) {
	t.Helper()
	get(t, ctx, chromedp.Evaluate[string](`document.getElementById("token").value = "`+token+`"`))
	run(t, ctx, chromedp.Click(`//button[text()="Set Token"]`))
}

// in gives the XPath of something within the endpoint of a title.
func in(title, what string) string {
	return `//details[summary/span[text()="` + title + `"]]` + what
}

// field gives the XPath of the input of a field of an endpoint.
func field(title, name string) string {
	return in(title, `//tr[.//code[text()="`+name+`"]]//input`)
}

func TestPage(t *testing.T) {
	v, url := page(t)
	ctx := browser(t)
	run(t, ctx, chromedp.Navigate(url+"/docs/api"), chromedp.WaitVisible("#apis button"))
	names := get(t, ctx, chromedp.Text("#apis"))
	for _, name := range []string{"Tandem", "Fake", "Later"} {
		if !strings.Contains(names, name) {
			t.Errorf("%s is not among %q", name, names)
		}
	}

	// A token by "Try it out!", set from the answer.
	try := in("Get a token", `//button[text()="Try it out!"]`)
	run(t, ctx, chromedp.Click(`//button[text()="Fake"]`), chromedp.Click(in("Get a token", "/summary")),
		chromedp.Click(try), chromedp.WaitVisible(in("Get a token", `//p[@class="failed"]`)))
	if text := get(t, ctx, chromedp.Text(in("Get a token", `//p[@class="failed"]`))); !strings.Contains(text, "client_id, client_secret") {
		t.Errorf("empty fields: %q", text)
	}
	run(t, ctx, chromedp.SendKeys(field("Get a token", "client_id"), "app 1"), chromedp.SendKeys(field("Get a token", "client_secret"), "s&cret"),
		chromedp.Click(try), chromedp.Click(in("Get a token", `//button[@class="use-token"]`)))
	if got := v.took(); got.body != "client_id=app+1&client_secret=s%26cret" || got.auth != "" || got.method != "POST" {
		t.Errorf("the token was asked for by %+v", got)
	}
	if state := get(t, ctx, chromedp.Text("#token-state")); state != "token set for Fake" {
		t.Errorf("after the token: %q", state)
	}

	// What comes back is text, whatever it holds.
	run(t, ctx, chromedp.Click(in("Read a thing", "/summary")), chromedp.SendKeys(field("Read a thing", "thing_id"), "a/b"),
		chromedp.SendKeys(field("Read a thing", "tag"), "x, y"),
		chromedp.Click(in("Read a thing", `//button[text()="Try it out!"]`)))
	text := get(t, ctx, chromedp.Text(in("Read a thing", `//pre[@class="body"]`)))
	if got := v.took(); got.path != "/fake/api/thing/a%2Fb" || got.query != "tag=x&tag=y" || got.auth != "Bearer a-token-of-the-vendor" || got.cookie != "" {
		t.Errorf("the thing was asked for by %+v", got)
	}
	hostile, title := get(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("#hostile").length`)), get(t, ctx, chromedp.Title())
	if !strings.Contains(text, "<img src=x") || hostile != 0 || title == "owned" {
		t.Errorf("hostile text: %q, %d elements, title %q", text, hostile, title)
	}

	// A token set by hand, and taken away.
	setToken(t, ctx, "by-hand")
	run(t, ctx, chromedp.Click(in("Make a thing", "/summary")), chromedp.Click(in("Make a thing", `//button[text()="Try it out!"]`)),
		chromedp.WaitVisible(in("Make a thing", `//span[contains(@class, "good")]`)))
	if got := v.took(); got.auth != "Bearer by-hand" || got.body != `{"digits": "1"}` || got.kind != "application/json" {
		t.Errorf("a thing was made by %+v", got)
	}
	setToken(t, ctx, "")
	run(t, ctx, chromedp.Click(in("Make a thing", `//button[text()="Try it out!"]`)), chromedp.WaitVisible(in("Make a thing", `//span[contains(@class, "bad")]`)))
	if text := get(t, ctx, chromedp.Text(in("Make a thing", `//span[contains(@class, "bad")]`))); !strings.HasPrefix(text, "401") {
		t.Errorf("without a token: %q", text)
	}
}

func TestPageUploadsAndShowsWhatIsNotServed(t *testing.T) {
	v, url := page(t)
	ctx := browser(t)
	file := filepath.Join(t.TempDir(), "hello.wav")
	if err := os.WriteFile(file, []byte("RIFF…"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.Navigate(url+"/docs/api#Fake"), chromedp.WaitVisible("#apis button"))
	setToken(t, ctx, "T")
	run(t, ctx, chromedp.SendKeys("#filter", "upload"), chromedp.WaitNotPresent(in("Read a thing", "")),
		chromedp.Click(in("Upload a sound", "/summary")), chromedp.SendKeys(field("Upload a sound", "title"), "Привет"),
		chromedp.SetUploadFiles(field("Upload a sound", "file"), []string{file}),
		chromedp.Click(in("Upload a sound", `//button[text()="Try it out!"]`)), chromedp.WaitVisible(in("Upload a sound", `//span[contains(@class, "good")]`)))
	if got := v.took(); !strings.HasPrefix(got.kind, "multipart/form-data; boundary=") || !strings.Contains(got.body, "RIFF…") || !strings.Contains(got.body, "Привет") || !strings.Contains(got.body, `filename="hello.wav"`) {
		t.Errorf("uploaded by %+v", got)
	}
	run(t, ctx, chromedp.Click(`//button[text()="Later"]`), chromedp.Click(in("Play a message", "/summary")), chromedp.WaitVisible(in("Play a message", "//table")))
	text, disabled := get(t, ctx, chromedp.Text(".missing")), get(t, ctx, chromedp.Evaluate[bool](`document.querySelector("details[open] .try").disabled`))
	if !disabled || !strings.Contains(text, "does not serve this API yet") {
		t.Errorf("an API that is not served: %q, button disabled %v", text, disabled)
	}
	run(t, ctx, chromedp.Click(`//button[text()="Tandem"]`), chromedp.Click(in("Add a number", "/summary")))
	if text := get(t, ctx, chromedp.Value(in("Add a number", "//textarea"))); !strings.Contains(text, `"number": "+46850000001"`) {
		t.Errorf("the example from OpenAPI: %q", text)
	}
}

// TestPageOnASmallScreen wants the page to fit 360 pixels, to load nothing from
// elsewhere, and to be usable by keyboard.
func TestPageOnASmallScreen(t *testing.T) {
	_, url := page(t)
	ctx := browser(t)
	run(t, ctx, chromedp.EmulateViewport(360, 800), chromedp.Navigate(url+"/docs/api#Fake"), chromedp.WaitVisible("#apis button"),
		chromedp.Click(in("Read a thing", "/summary")), chromedp.WaitVisible(field("Read a thing", "thing_id")))
	if width := get(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)); width > 360 {
		t.Errorf("the page is %d pixels wide", width)
	}
	sources := get(t, ctx, chromedp.Evaluate[[]string](`performance.getEntriesByType("resource").map((e) => e.name)`))
	if len(sources) < 3 {
		t.Errorf("loaded: %v", sources)
	}
	for _, s := range sources {
		if !strings.HasPrefix(s, url+"/docs/api/") {
			t.Errorf("the page loads %s", s)
		}
	}
	run(t, ctx, chromedp.Focus("#endpoints summary"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(in("Get a token", "//table")))
	focused := get(t, ctx, chromedp.Evaluate[string](`document.activeElement.closest("details").open ? document.activeElement.textContent : ""`))
	if !strings.Contains(focused, "Get a token") {
		t.Errorf("Enter on an endpoint does not open it: %q", focused)
	}
}

func TestFiles(t *testing.T) {
	_, url := page(t)
	for path, kind := range map[string]string{"": "text/html", "/": "text/html", "/app.js": "text/javascript", "/request.js": "text/javascript", "/style.css": "text/css", "/apis.json": "application/json"} {
		res, err := http.Get(url + "/docs/api" + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) || !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d, %v", path, res.StatusCode, res.Header)
		}
	}
	for _, path := range []string{"/none", "/../apidocs.go", "/page/app.js"} {
		res, err := http.Get(url + "/docs/api" + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if _, err := apidocs.New(apidocs.Config{OpenAPI: func() ([]byte, error) { return []byte("{"), nil }}, "/docs/api"); err == nil {
		t.Error("a broken OpenAPI document is taken")
	}
}
