package e2e_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// visitor is a person at the interactive page of the APIs, with a real browser.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

func visit(t *testing.T, url string) visitor {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: apt-get install chromium (make test installs it)")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	v := visitor{t, ctx}
	v.do(chromedp.Navigate(url), chromedp.WaitVisible("#apis button"))
	return v
}

func (v visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, stop := context.WithTimeout(v.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// endpoint gives the XPath of something within the endpoint of a method and path.
func endpoint(method, path, what string) string {
	return `//details[summary/span[text()="` + method + `"] and summary/code[text()="` + path + `"]]` + what
}

// try opens an endpoint, fills its fields in, presses "Try it out!" and gives
// the status and body of the answer.
func (v visitor) try(method, path string, fields map[string]string) (status, body string) {
	v.t.Helper()
	v.do(chromedp.Click(endpoint(method, path, "/summary")), chromedp.WaitVisible(endpoint(method, path, `//button[text()="Try it out!"]`)))
	for name, value := range fields {
		v.do(chromedp.SendKeys(endpoint(method, path, `//tr[.//code[text()="`+name+`"]]//input`), value))
	}
	v.do(chromedp.Click(endpoint(method, path, `//button[text()="Try it out!"]`)), chromedp.WaitVisible(endpoint(method, path, `//pre[@class="body"]`)))
	ctx, stop := context.WithTimeout(v.ctx, 30*time.Second)
	defer stop()
	status, err := chromedp.Run(ctx, chromedp.Text(endpoint(method, path, `//span[contains(@class, "status")]`)))
	if err == nil {
		body, err = chromedp.Run(ctx, chromedp.Text(endpoint(method, path, `//pre[@class="body"]`)))
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return status, body
}

// TestAPIPage walks the vendor's own way at the page: enter the application's
// id and secret in the authentication section, take the token, set it, and call.
func TestAPIPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := text(t, s.fields("account", "create", "Page"), "id")
	app := s.fields("credential", "create", "--account", account, "--for", "telphin")
	v := visit(t, "http://"+s.http+"/docs/api#Telphin")
	v.do(chromedp.Click(`//nav/button[contains(text(), "Telphin")]`))

	status, body := v.try("POST", "/telphin/oauth/token", map[string]string{"grant_type": "client_credentials",
		"client_id": text(t, app, "app_id"), "client_secret": text(t, app, "app_secret")})
	if !strings.HasPrefix(status, "200") || !strings.Contains(body, `"token_type": "Bearer"`) {
		t.Fatalf("token: %s %s", status, body)
	}
	v.do(chromedp.Click(`//button[@class="use-token"]`))
	if status, body = v.try("GET", "/user/", nil); !strings.HasPrefix(status, "200") || !strings.Contains(body, `"client_id": `+account) {
		t.Errorf("user: %s %s", status, body)
	}
	if status, body = v.try("GET", "/client/{client_id}/extension/", map[string]string{"client_id": "@me"}); !strings.HasPrefix(status, "200") || !strings.HasPrefix(body, "[") {
		t.Errorf("extensions: %s %s", status, body)
	}
	if status, body = v.try("GET", "/extension/{extension_id}/ivr/", map[string]string{"extension_id": "999999"}); !strings.HasPrefix(status, "404") {
		t.Errorf("no such extension: %s %s", status, body)
	}
}
