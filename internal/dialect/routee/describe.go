package routee

import (
	"strings"

	"tandem/internal/dialect"
)

// Describe lists the API for the interactive page.
func (d *Dialect) Describe() dialect.Description {
	out := dialect.Description{Name: "Routee", Base: "/" + string(Kind),
		Auth: "A token comes from POST /oauth/token with the application's id and secret by HTTP Basic; it is sent as Authorization: Bearer."}
	out.Endpoints = append(out.Endpoints, dialect.Endpoint{Section: "Token", Method: "POST", Path: "/oauth/token", Title: "Get a token", Open: true,
		Type: "application/x-www-form-urlencoded", Fields: []dialect.Field{
			{Name: "grant_type", In: "body", Type: "string", Text: "client_credentials", Required: true},
			{Name: "scope", In: "body", Type: "string", Text: "voice"}}})
	for _, r := range d.routes {
		e := dialect.Endpoint{Section: r.section, Method: r.method, Path: "/" + r.pattern, Title: r.title, Example: r.example}
		if r.example != "" {
			e.Type = "application/json"
		}
		for part := range strings.SplitSeq(r.pattern, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				words := "the tracking id of a conversation, or the message id of a leg"
				switch {
				case strings.HasPrefix(r.pattern, "numbers"):
					words = "the number without +"
				case strings.HasPrefix(r.pattern, "recordings"):
					words = "the tracking id of the recording; .mp3 or .wav after it says the format"
				}
				e.Fields = append(e.Fields, dialect.Field{Name: strings.TrimSuffix(name, "}"), In: "path", Type: "string", Text: words, Required: true})
			}
		}
		if r.method == "GET" && (strings.Contains(r.pattern, "tracking") || r.pattern == "numbers/my") || r.pattern == "voice/tracking" {
			for _, name := range []string{"page", "size"} {
				e.Fields = append(e.Fields, dialect.Field{Name: name, In: "query", Type: "integer", Text: "from 0; 20 of a page"})
			}
		}
		out.Endpoints = append(out.Endpoints, e)
	}
	return out
}
