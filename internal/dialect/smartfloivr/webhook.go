package smartfloivr

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tandem/internal/flow"
)

// Webhook asks for requests to the account's own server when something happens
// on a call. Template is the body, with $variables: an object, or its text.
type Webhook struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	URL         string            `json:"url"`
	Method      string            `json:"method"` // get or post
	Type        string            `json:"type"`   // json or form
	Triggers    []string          `json:"trigger"`
	Template    json.RawMessage   `json:"template,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Disabled    bool              `json:"disabled,omitempty"`
}

// Fields implements Document.
func (d *Webhook) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		textField("description", "description", false, maxText, &d.Description),
		urlField("url", "where requests are sent", &d.URL),
		choiceField("method", "how they are sent", &d.Method, "get", "post"),
		choiceField("type", "form of the body", &d.Type, "json", "form"),
		listField("trigger", "when: "+strings.Join(Triggers(), "; "), true, 30, readTrigger, &d.Triggers),
		{Name: "template", Type: "object", Text: "body with $variables; the common ones when empty",
			empty: func() bool { return len(d.Template) == 0 }, set: d.setTemplate},
		{Name: "headers", Type: "object", Text: "headers of the request", empty: func() bool { return len(d.Headers) == 0 }, set: d.setHeaders},
		boolField("disabled", "1 sends nothing", &d.Disabled),
	}
}

func readTrigger(raw json.RawMessage) (string, error) {
	s, err := scalar(raw)
	if err != nil {
		return "", err
	}
	for _, t := range Triggers() {
		if strings.EqualFold(strings.ReplaceAll(s, " ", ""), strings.ReplaceAll(t, " ", "")) {
			return t, nil
		}
	}
	return "", fmt.Errorf("%q is no trigger", cut(s))
}

func (d *Webhook) setTemplate(raw json.RawMessage) error {
	text := []byte(unquoted(raw))
	if len(text) == 0 {
		d.Template = nil
		return nil
	}
	if len(text) > 20_000 {
		return errors.New("it is longer than 20000 bytes")
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return errors.New("a JSON object of names and texts with $variables is needed")
	}
	if name, ok := unknownVariable(string(text), WebhookVariables()); ok {
		return fmt.Errorf("%s is no variable of a webhook", name)
	}
	d.Template = text
	return nil
}

func (d *Webhook) setHeaders(raw json.RawMessage) error {
	h := map[string]string{}
	if err := json.Unmarshal([]byte(unquoted(raw)), &h); err != nil {
		return errors.New("a JSON object of names and texts is needed")
	}
	for name, value := range h {
		if len(h) > 20 || !flow.IsName(name) || strings.ContainsAny(value, "\r\n") || len(value) > 2000 {
			return fmt.Errorf("%q is no header that can be sent", cut(name))
		}
		if slices.Contains([]string{"host", "content-length", "content-type", "transfer-encoding", "connection"}, strings.ToLower(name)) {
			return fmt.Errorf("the header %s can't be chosen", name)
		}
	}
	d.Headers = h
	return nil
}

// References implements Document.
func (d *Webhook) References() []Reference { return nil }

// Check implements Document.
func (d *Webhook) Check() error { return nil }

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return fmt.Errorf("%q is no http or https address", cut(s))
	}
	return nil
}
