package smartflo

import (
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/smartfloivr"
)

// described gives the members of a document for the interactive page.
func described(d smartfloivr.Document) []dialect.Field {
	var list []dialect.Field
	for _, f := range d.Fields() {
		list = append(list, dialect.Field{Name: f.Name, In: "body", Type: f.Type, Text: f.Text, Required: f.Required})
	}
	return list
}

// optional gives fields of which none has to be given.
func optional(fields []dialect.Field) []dialect.Field {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Required = false
	}
	return fields
}

func in(place, name, kind, text string) dialect.Field {
	return dialect.Field{Name: name, In: place, Type: kind, Text: text}
}

func must(f dialect.Field) dialect.Field {
	f.Required = true
	return f
}

// Describe describes the API for the interactive page.
func (d *Dialect) Describe() dialect.Description {
	desc := dialect.Description{Name: "Smartflo", Base: "/" + string(Kind),
		Auth: "Log in below with the e-mail and password of a credential for smartflo (tandem credential create --for smartflo), " +
			"then press Set Token. It is sent as Authorization: Bearer and is good for one hour.\n" +
			"Bodies are JSON or forms. Failures have \"success\": false and the field at fault in \"message\"."}
	for _, rt := range d.routes {
		if rt.title == "" {
			continue
		}
		e := dialect.Endpoint{Section: rt.section, Method: rt.method, Path: "/v1/" + rt.pattern, Title: rt.title, Open: rt.open, Fields: rt.fields, Example: rt.example}
		if slices.ContainsFunc(rt.fields, func(f dialect.Field) bool { return f.In == "body" }) {
			e.Type = "application/json"
		}
		if slices.ContainsFunc(rt.fields, func(f dialect.Field) bool { return f.In == "file" }) {
			e.Type = "multipart/form-data"
		}
		desc.Endpoints = append(desc.Endpoints, e)
	}
	return desc
}

// allRoutes lists every call. One without a title is another way to write the
// one before.
func allRoutes() []route {
	list := slices.Concat(loginRoutes(), ivrRoutes(), accountRoutes(), callRoutes())
	for _, c := range collections() {
		list = append(list, routesOf(c)...)
	}
	return list
}

func loginRoutes() []route {
	const section = "Login"
	return []route{
		{method: "POST", pattern: "auth/login", title: "Get a token", section: section, open: true, handle: postLogin,
			fields:  []dialect.Field{must(in("body", "email", "string", "log-in")), must(in("body", "password", "string", "password"))},
			example: `{"email":"ops@example.com","password":"…"}`},
		{method: "POST", pattern: "auth/refresh", title: "Get a fresh token", section: section, handle: postRefresh},
		{method: "POST", pattern: "auth/logout", title: "Log out", section: section, handle: postLogout},
	}
}

// sample is the body of the vendor's page on creating an IVR, with its own values.
const sample = `{"name":"Election IVR","description":"Election IVR Description","recording":"recording|28935","timeout":30,
"option":["1"],"destination":["extension|05047530000"],"sms_template":[35642],
"incorrect_count":2,"invalid_recording":"recording|28955","recording_invalid":"recording|28934","invalid_destination":"extension|05047530099",
"timeout_tries":2,"timeout_retry_recording":"recording|28977","timeout_recording":"recording|28955","timeout_destination":"extension|05047530675"}`

func ivrRoutes() []route {
	const section = "IVR"
	id := must(in("path", "id", "integer", "number of the IVR"))
	fields := described(&smartfloivr.IVR{})
	return []route{
		{method: "POST", pattern: "ivr", title: "Create an IVR", section: section, admin: true, handle: postIVR, fields: fields, example: sample},
		{method: "GET", pattern: "ivrs", title: "List IVRs", section: section, handle: listIVRs},
		{method: "GET", pattern: "ivr/{id}", title: "Read an IVR", section: section, handle: getIVR, fields: []dialect.Field{id}},
		{method: "PUT", pattern: "ivr/{id}", title: "Change an IVR", section: section, admin: true, handle: putIVR,
			fields: append([]dialect.Field{id}, optional(fields)...), example: `{"timeout":20}`},
		{method: "DELETE", pattern: "ivr/{id}", title: "Delete an IVR", section: section, admin: true, handle: deleteIVR, fields: []dialect.Field{id}},
	}
}

func accountRoutes() []route {
	const recordings, numbers, users = "Recordings", "Numbers", "Users"
	id := must(in("path", "id", "integer", "number"))
	audio := []dialect.Field{must(in("body", "audio_name", "string", "name")), must(in("body", "type", "string", "url, tts or file")),
		in("body", "data", "string", "address, or text to be spoken"), in("body", "speech", "string", "language of the speech: en-IN"),
		in("body", "voice", "string", "voice of the speech"), in("body", "moh_status", "integer", "1 marks music on hold"), in("file", "file", "string", "WAV or MP3, at most 10 MB")}
	speech := `{"audio_name":"Welcome","type":"tts","data":"Welcome to our office."}`
	return []route{
		{method: "POST", pattern: "recording", title: "Make a recording", section: recordings, admin: true, handle: postRecording, fields: audio, example: speech},
		{method: "GET", pattern: "recordings", title: "List recordings", section: recordings, handle: listRecordings},
		{method: "GET", pattern: "recording/{id}", title: "Read a recording", section: recordings, handle: getRecording, fields: []dialect.Field{id}},
		{method: "PUT", pattern: "recording/{id}", title: "Change a recording", section: recordings, admin: true, handle: putRecording, fields: append([]dialect.Field{id}, optional(audio)...), example: `{"audio_name":"Hello"}`},
		{method: "DELETE", pattern: "recording/{id}", title: "Delete a recording", section: recordings, admin: true, handle: deleteRecording, fields: []dialect.Field{id}},
		{method: "GET", pattern: "my_number", title: "List numbers", section: numbers, handle: listNumbers},
		{method: "GET", pattern: "my_number/{id}", title: "Read a number", section: numbers, handle: getNumber, fields: []dialect.Field{id}},
		{method: "PUT", pattern: "my_number/{id}", title: "Point a number somewhere", section: numbers, admin: true, handle: putNumber,
			fields: append([]dialect.Field{id}, described(&numberBody{notes: &numberNotes{}})...), example: `{"destination":"ivr||7927"}`},
		{method: "GET", pattern: "users", title: "List users", section: users, handle: listUsers,
			fields: []dialect.Field{in("query", "last_seen_id", "integer", "users after it"), in("query", "limit", "integer", "at most 1000; 50 when empty")}},
	}
}

func callRoutes() []route {
	const section = "Calls"
	click := []dialect.Field{in("body", "caller_id", "string", "number of the account that the customer sees"), in("body", "async", "integer", "1"),
		in("body", "call_timeout", "integer", "seconds that the talk may last"), in("body", "custom_identifier", "string", "comes back in webhooks and records")}
	call := must(in("body", "call_id", "string", "call_id, or ref_id of the order"))
	query := func(names ...string) (list []dialect.Field) {
		for _, n := range names {
			name, words, _ := strings.Cut(n, ": ")
			list = append(list, in("query", name, "string", words))
		}
		return list
	}
	return []route{
		{method: "POST", pattern: "click_to_call", title: "Call an agent, then a customer", section: section, handle: postClickToCall,
			fields:  append([]dialect.Field{must(in("body", "agent_number", "string", "agent's id, EID, extension, number or log-in")), must(in("body", "destination_number", "string", "customer's number"))}, click...),
			example: `{"agent_number":"101","destination_number":"+919876543210","async":1}`},
		{method: "POST", pattern: "click_to_call_support", title: "Call a customer, then the destination of an API key", section: section, open: true, handle: postSupport,
			fields:  append([]dialect.Field{must(in("body", "api_key", "string", "of POST /v1/api_key")), must(in("body", "customer_number", "string", "customer's number")), in("body", "customer_ring_timeout", "integer", "10 to 30 seconds")}, click...),
			example: `{"api_key":"…","customer_number":"+919876543210","async":1}`},
		{method: "POST", pattern: "call/hangup", title: "Hang up a call", section: section, handle: postHangup, fields: []dialect.Field{call}, example: `{"call_id":"…"}`},
		{method: "POST", pattern: "call/options", title: "Monitor, whisper, barge in, transfer", section: section, handle: postOptions,
			fields: []dialect.Field{must(in("body", "type", "integer", "1 monitor, 2 whisper, 3 barge, 4 transfer")), call,
				in("body", "agent_id", "string", "who listens, for 1 to 3"), in("body", "intercom", "string", "where it is transferred, for 4")},
			example: `{"type":4,"call_id":"…","intercom":"101"}`},
		{method: "POST", pattern: "dialer/disconnect_call", title: "Hang up a call (dialer)", section: section, handle: postDisconnect, fields: []dialect.Field{call}, example: `{"call_id":"…"}`},
		{method: "GET", pattern: "live_calls", title: "List live calls", section: section, handle: listLive,
			fields: query("agent_number: of the agent", "extension: of the agent", "did_number: that was called", "call_id: of the call")},
		{method: "GET", pattern: "call/records", title: "List call records", section: section, handle: listRecords,
			fields: query("from_date: YYYY-MM-DD HH:MM:SS", "to_date: YYYY-MM-DD HH:MM:SS", "page: from 1", "limit: 20 when empty", "agents[]: EIDs, numbers or names", "ivr[]: numbers of IVRs", "department[]: numbers", "call_type: c answered, m missed", "callerid: customer's number", "destination: number that was called", "did_number: the same", "direction: inbound, outbound or clicktocall", "duration: least seconds")},
		{method: "GET", pattern: "call/records/{id}", title: "Read a call record", section: section, handle: getRecord, fields: []dialect.Field{must(in("path", "id", "string", "call_id"))}},
	}
}
