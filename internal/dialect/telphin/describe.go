package telphin

import (
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/telphinivr"
)

// Describe gives the API for the interactive page.
func (d *Dialect) Describe() dialect.Description {
	desc := dialect.Description{
		Name: "Telphin (RingMe)", Base: "/telphin/" + base,
		Auth: "Get a token with client_id and client_secret of an application of yours at /telphin/oauth/token, put access_token " +
			"into the field Access Token at the top and press Set Token. It is sent as Authorization: Bearer …, and is good for an hour.",
		Endpoints: []dialect.Endpoint{{Section: "authentication", Method: "POST", Path: "//telphin/oauth/token", Title: "Get an access token", Open: true,
			Text: "Application types: trusted (client_credentials), password_credentials (password), public (authorization_code, refresh_token).",
			Type: form, Fields: []dialect.Field{
				{Name: "grant_type", In: "body", Type: "string", Required: true, Text: "client_credentials, password, authorization_code or refresh_token"},
				{Name: "client_id", In: "body", Type: "string", Required: true, Text: "App ID"},
				{Name: "client_secret", In: "body", Type: "string", Required: true, Text: "App Secret"},
				{Name: "username", In: "body", Type: "string", Text: "for password"}, {Name: "password", In: "body", Type: "string", Text: "for password"},
				{Name: "code", In: "body", Type: "string", Text: "for authorization_code"}, {Name: "redirect_uri", In: "body", Type: "string", Text: "for authorization_code"},
				{Name: "refresh_token", In: "body", Type: "string", Text: "for refresh_token"},
			}}},
	}
	for _, rt := range d.routes {
		e := dialect.Endpoint{Section: section(rt.pattern), Method: rt.method, Path: pathOf(rt.pattern), Title: titleOf(rt)}
		for part := range strings.SplitSeq(e.Path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				name = strings.TrimSuffix(name, "}")
				e.Fields = append(e.Fields, dialect.Field{Name: name, In: "path", Type: "string", Required: true, Text: pathText(name)})
			}
		}
		e.Fields = append(e.Fields, bodyOf(rt)...)
		for _, f := range e.Fields {
			switch f.In {
			case "file":
				e.Type = "multipart/form-data"
			case "body":
				if e.Type == "" {
					e.Type = "application/json"
				}
			}
		}
		e.Example = exampleOf(rt)
		desc.Endpoints = append(desc.Endpoints, e)
	}
	return desc
}

// parameterNames are the vendor's names of the parameters of paths.
func parameterNames() map[string]string {
	return map[string]string{"{client}": "{client_id}", "{extension}": "{extension_id}", "{context}": "{context_id}",
		"{option}": "{option_digits}", "{rule}": "{rule_id}", "{sound}": "{sound_id}", "{event}": "{event_id}", "{did}": "{did_id}",
		"{call}": "{call_uuid}", "{record}": "{record_uuid}", "{agent}": "{agent_id}"}
}

// pathOf writes a pattern as the vendor does: collections end in a slash.
func pathOf(pattern string) string {
	for ours, theirs := range parameterNames() {
		pattern = strings.ReplaceAll(pattern, ours, theirs)
	}
	if !strings.HasSuffix(pattern, "}") {
		pattern += "/"
	}
	return "/" + pattern
}

func pathText(name string) string {
	return map[string]string{"client_id": "the number of your account, or @me", "extension_id": "id, @ and the internal number, or @me",
		"option_digits": "start, timeout, invalid, or the digits"}[name]
}

func section(pattern string) string {
	for _, s := range []struct{ part, name string }{{"/ivr", "Voice menu (ivr)"}, {"/queue", "Queue"}, {"/event", "Events"},
		{"/callback", "Calls"}, {"current_calls", "Calls"}, {"call_history", "Calls"}, {"/record", "Call records"}, {"quality_rate", "Quality rates"},
		{"/sound", "Sound files"}, {"/did", "External numbers"}, {"extension", "Internal numbers"}} {
		if strings.Contains(pattern, s.part) {
			return s.name
		}
	}
	return "Client"
}

func titleOf(rt route) string {
	what := map[string]string{"user": "who the token is for", "client": "the client", "limit": "the limits of the client",
		"extension_group": "groups of extensions", "did": "external numbers", "extension": "internal numbers", "phone": "the settings of a telephone",
		"queue": "the settings of a queue", "agent": "agents of a queue", "fax": "the settings of a fax", "ani": "the number shown",
		"ivr": "the voice menu's configuration", "context": "contexts of a voice menu", "options": "options of a context",
		"rules": "rules of an option", "order": "the order of rules", "sound": "sound files", "download": "the audio", "callback": "a call-back",
		"event": "event subscriptions", "current_calls": "calls that are up", "call_history": "calls", "record": "recorded calls",
		"storage_url": "a link to the audio", "quality_rate": "ratings of quality", "client_info": "the client"}
	parts := strings.Split(rt.pattern, "/")
	last := parts[len(parts)-1]
	one := strings.HasPrefix(last, "{") && len(parts) > 1
	if one {
		last = parts[len(parts)-2]
	}
	verb := map[string]string{"GET": "Get ", "POST": "Add to ", "PUT": "Change ", "DELETE": "Delete "}[rt.method]
	title := verb + what[last]
	if one && last != "client" && last != "client_info" {
		title = verb + "one of: " + what[last]
	}
	return title
}

// bodyOf lists the members of a route's body.
func bodyOf(rt route) []dialect.Field {
	if rt.method != "POST" && rt.method != "PUT" {
		return nil
	}
	pattern := strings.TrimSuffix(rt.pattern, "/{rule}")
	switch {
	case strings.HasSuffix(pattern, "/order"):
		return []dialect.Field{{Name: "order", In: "body", Type: "array", Required: true, Text: "the ids of all rules"}}
	case strings.HasSuffix(pattern, "/rules"):
		return fieldsOf(&telphinivr.Rule{}, "action")
	case strings.HasSuffix(pattern, "/options"):
		return []dialect.Field{{Name: "digits", In: "body", Type: "string", Required: true}}
	case strings.HasSuffix(pattern, "/ivr"):
		return fieldsOf(telphinivr.NewIVR(), "")
	case strings.Contains(pattern, "/ivr/context"):
		return fieldsOf(&telphinivr.Context{}, "name")
	case strings.HasSuffix(pattern, "/queue"):
		return fieldsOf(&telphinivr.Queue{}, "")
	case strings.Contains(pattern, "client/{client}/extension"):
		return fieldsOf(&telphinivr.Extension{}, "name")
	case strings.Contains(pattern, "/sound") && rt.method == "POST":
		return []dialect.Field{{Name: "title", In: "body", Type: "string", Required: true}, {Name: "file", In: "file", Type: "string", Required: true, Text: "WAV or MP3, up to 10 MB"}}
	}
	return otherBody(pattern)
}

func otherBody(pattern string) []dialect.Field {
	named := func(text string, names ...string) []dialect.Field {
		var list []dialect.Field
		for _, n := range names {
			list = append(list, dialect.Field{Name: n, In: "body", Type: "string", Text: text})
		}
		return list
	}
	switch {
	case strings.Contains(pattern, "/sound"):
		return named("", "title")
	case strings.Contains(pattern, "/did"):
		return named("id of the extension that gets the calls, or null", "extension_id")
	case strings.Contains(pattern, "/phone"):
		return named("8 to 64 characters", "password")
	case strings.Contains(pattern, "/agent"):
		return named("internal number", "extension")
	case strings.Contains(pattern, "/event"):
		return named("", "url", "event_type", "method")
	}
	return append([]dialect.Field{{Name: "src_num", In: "body", Type: "array", Required: true}}, named("", "dst_num", "caller_id_number",
		"src_caller_id_number", "dst_ani", "src_ani", "dst_dtmf", "call_duration", "wait_for_pickup", "announce_sound_id", "dst_announce_sound_id")...)
}

func fieldsOf(rec telphinivr.Record, required string) []dialect.Field {
	var list []dialect.Field
	for _, name := range rec.Names() {
		if name == "id" {
			continue
		}
		kind := "string"
		switch rec.Field(name).(type) {
		case *int64, **int64:
			kind = "integer"
		case *bool, **bool:
			kind = "boolean"
		case *[]string, *[]telphinivr.Phrase:
			kind = "array"
		}
		list = append(list, dialect.Field{Name: name, In: "body", Type: kind, Required: name == required})
	}
	return list
}

// exampleOf gives bodies of the vendor's worked example.
func exampleOf(rt route) string {
	return map[string]string{
		"POST client/{client}/extension":                                               `{"status": "active", "name": "071", "label": "test IVR", "type": "ivr"}`,
		"POST extension/{extension}/ivr/context":                                       `{"digit_len": 3, "allow_any_dial": true, "inter_digit_timeout": 2000, "name": "Main context", "timeout": 5000}`,
		"PUT extension/{extension}/ivr":                                                `{"sleep_time": 5000, "entry_context": 1}`,
		"POST extension/{extension}/ivr/context/{context}/options":                     `{"digits": "1"}`,
		"POST extension/{extension}/ivr/context/{context}/options/{option}/rules":      `{"transfer_dst": "050", "action": "transfer"}`,
		"PUT extension/{extension}/ivr/context/{context}/options/{option}/rules/order": `{"order": [2, 1]}`,
		"POST extension/{extension}/event":                                             `{"url": "https://example.com/event", "event_type": "dial-in", "method": "POST"}`,
		"POST extension/{extension}/callback":                                          `{"src_num": ["101"], "dst_num": "+79876543210"}`,
	}[rt.method+" "+rt.pattern]
}
