package sonetel

import "tandem/internal/dialect"

var _ dialect.Documented = (*Dialect)(nil)

// Describe describes the API for the interactive page.
func (d *Dialect) Describe() dialect.Description {
	return dialect.Description{
		Name: "Sonetel", Base: "/" + string(Kind),
		Auth: "Get a token below with the user name and password of a credential for sonetel (tandem credential create --for sonetel), " +
			"then press Set Token. It is sent as Authorization: Bearer, is good for 24 hours and can be refreshed.\n" +
			"Failures have HTTP 200 and status \"failed\"; a bad token has 401.",
		Endpoints: described(),
	}
}

const (
	jsonBody = "application/json"
	formBody = "application/x-www-form-urlencoded"
	fileBody = "multipart/form-data"
)

func acc() dialect.Field {
	return dialect.Field{Name: "acc", In: "path", Type: "string", Text: "account id: acc_id of the token"}
}

func inPath(name, text string) dialect.Field {
	return dialect.Field{Name: name, In: "path", Type: "string", Text: text}
}

func inBody(name, kind, text string) dialect.Field {
	return dialect.Field{Name: name, In: "body", Type: kind, Text: text}
}

func needed(f dialect.Field) dialect.Field {
	f.Required = true
	return f
}

func described() []dialect.Endpoint {
	list := describedApps()
	list = append(list, describedPrompts()...)
	list = append(list, describedNumbersAndUsers()...)
	return append(list, describedRest()...)
}

func describedApps() []dialect.Endpoint {
	const section = "Voice apps"
	app := inPath("app", "app_id, VA…")
	fields := []dialect.Field{
		inBody("app_type", "string", "ivr or mailbox; can't be changed"),
		inBody("name", "string", "1 to 100 characters"),
		inBody("voice", "string", "language of the standard prompts, of /globaldata/voiceprompts"),
		inBody("play_welcome", "string", "yes or no"),
		inBody("play_menu", "string", "yes or no"),
		inBody("get_extension", "string", "yes: callers may key an extension"),
		inBody("menu", "object", "digit_0 to digit_9 and timeout, each {action, to, id}; keys that are not named stay"),
		inBody("final_action", "object", "{action, to, id}, only with play_menu no"),
		inBody("greeting_prompt", "string", "mailbox: yes or no"),
		inBody("goodbye_prompt", "string", "mailbox: yes or no"),
		inBody("deliver_to", "string", "mailbox: user or email"),
		inBody("deliver_to_details", "string", "mailbox: user id or e-mail address"),
	}
	example := "{\n  \"app_type\": \"ivr\",\n  \"name\": \"Reception\",\n  \"play_menu\": \"yes\",\n  \"menu\": {\n    \"digit_1\": {\"action\": \"call\", \"to\": \"phnum\", \"id\": \"+46850000001\"}\n  }\n}"
	return []dialect.Endpoint{
		{Section: "Token", Method: "POST", Path: "/SonetelAuth/beta/oauth/token", Title: "Get a token", Open: true, Type: formBody, Fields: []dialect.Field{
			needed(inBody("grant_type", "string", "password or refresh_token")), inBody("username", "string", "for password"),
			inBody("password", "string", "for password"), inBody("refresh_token", "string", "for refresh_token; each is good once"),
			inBody("refresh", "string", "yes (default) or no: give a refresh token")}},
		{Section: section, Method: "GET", Path: "/account/{acc}/voiceapp", Title: "List voice apps", Fields: []dialect.Field{acc()}},
		{Section: section, Method: "POST", Path: "/account/{acc}/voiceapp", Title: "Make a voice app", Type: jsonBody, Fields: append([]dialect.Field{acc()}, fields...), Example: example},
		{Section: section, Method: "GET", Path: "/account/{acc}/voiceapp/{app}", Title: "Read a voice app", Fields: []dialect.Field{acc(), app}},
		{Section: section, Method: "PUT", Path: "/account/{acc}/voiceapp/{app}", Title: "Change a voice app", Type: jsonBody, Fields: append([]dialect.Field{acc(), app}, fields...),
			Example: "{\n  \"menu\": {\n    \"digit_3\": {\"action\": \"disconnect\", \"to\": null, \"id\": null}\n  }\n}"},
		{Section: section, Method: "DELETE", Path: "/account/{acc}/voiceapp/{app}", Title: "Delete a voice app", Fields: []dialect.Field{acc(), app}},
	}
}

func describedPrompts() []dialect.Endpoint {
	const section = "Prompts and speech"
	app, prompt := inPath("app", "app_id, VA…"), inPath("prompt", "prompt_id, PR…")
	name := needed(inBody("name", "string", "of the prompt"))
	file := dialect.Field{Name: "file", In: "file", Type: "string", Text: "WAV, uncompressed PCM of 16 bits, at most 10 MB", Required: true}
	list := []dialect.Endpoint{
		{Section: section, Method: "GET", Path: "/account/{acc}/voiceapp/{app}/prompt", Title: "List prompts", Fields: []dialect.Field{acc(), app}},
		{Section: section, Method: "POST", Path: "/account/{acc}/voiceapp/{app}/prompt", Title: "Make a prompt", Type: jsonBody, Fields: []dialect.Field{acc(), app, name}, Example: "{\"name\": \"Offer\"}"},
	}
	for _, base := range []struct {
		path string
		more []dialect.Field
	}{{"/account/{acc}/voiceapp/{app}/prompt/{prompt}", []dialect.Field{acc(), app, prompt}}, {"/prompt/{prompt}", []dialect.Field{prompt}}} {
		list = append(list,
			dialect.Endpoint{Section: section, Method: "GET", Path: base.path, Title: "Read a prompt", Fields: base.more},
			dialect.Endpoint{Section: section, Method: "PUT", Path: base.path, Title: "Rename a prompt", Type: jsonBody, Fields: append(base.more[:len(base.more):len(base.more)], name), Example: "{\"name\": \"Offer\"}"},
			dialect.Endpoint{Section: section, Method: "DELETE", Path: base.path, Title: "Delete a prompt", Fields: base.more},
			dialect.Endpoint{Section: section, Method: "POST", Path: base.path + "/message", Title: "Upload the audio of a prompt", Type: fileBody, Fields: append(base.more[:len(base.more):len(base.more)], file)})
	}
	return append(list,
		dialect.Endpoint{Section: section, Method: "POST", Path: "/tts/prompt/convert", Title: "Speak a text", Type: jsonBody, Fields: []dialect.Field{
			inBody("prompt_id", "string", "takes the speech; without it a link to a file is given"), needed(inBody("text", "string", "1 to 1000 characters")),
			inBody("language", "string", "en-US, sv-SE, …"), inBody("voice", "string", "of /tts/prompt/voice"), inBody("gender", "string", "female or male")},
			Example: "{\"text\": \"Welcome to our company.\", \"language\": \"en-US\"}"},
		dialect.Endpoint{Section: section, Method: "GET", Path: "/tts/prompt/voice", Title: "List the voices"})
}

func describedNumbersAndUsers() []dialect.Endpoint {
	const numbers, users = "Numbers", "Users"
	num, user := inPath("phnum", "number without +"), inPath("user", "user id")
	connect := []dialect.Field{inBody("connect_to_type", "string", "user, phnum, sip, app, csg or nowhere"), inBody("connect_to", "object", "user id, number, SIP address, or {app_type, app_id}")}
	number, person := "/account/{acc}/phonenumbersubscription", "/account/{acc}/user"
	return []dialect.Endpoint{
		{Section: numbers, Method: "GET", Path: number, Title: "List numbers", Fields: []dialect.Field{acc()}},
		{Section: numbers, Method: "POST", Path: number, Title: "Add a number", Type: jsonBody, Fields: append([]dialect.Field{acc(), needed(inBody("phnum", "string", "E.164"))}, connect...), Example: "{\"phnum\": \"+46850000001\"}"},
		{Section: numbers, Method: "GET", Path: number + "/{phnum}", Title: "Read a number", Fields: []dialect.Field{acc(), num}},
		{Section: numbers, Method: "PUT", Path: number + "/{phnum}", Title: "Connect a number", Type: jsonBody, Fields: append([]dialect.Field{acc(), num}, connect...),
			Example: "{\"connect_to_type\": \"app\", \"connect_to\": {\"app_type\": \"ivr\", \"app_id\": \"VA…\"}}"},
		{Section: numbers, Method: "DELETE", Path: number + "/{phnum}", Title: "Remove a number", Fields: []dialect.Field{acc(), num}},
		{Section: users, Method: "GET", Path: person, Title: "List users", Fields: []dialect.Field{acc()}},
		{Section: users, Method: "POST", Path: person, Title: "Make a user", Type: jsonBody, Fields: []dialect.Field{acc(), inBody("user_fname", "string", "first name"), inBody("user_lname", "string", "last name"), inBody("email", "string", "log-in"), inBody("password", "string", "8 to 100 characters")},
			Example: "{\"user_fname\": \"Anna\", \"user_lname\": \"Berg\", \"email\": \"anna@example.com\"}"},
		{Section: users, Method: "GET", Path: person + "/{user}", Title: "Read a user", Fields: []dialect.Field{acc(), user}},
		{Section: users, Method: "PUT", Path: person + "/{user}", Title: "Change a user", Type: jsonBody, Fields: []dialect.Field{acc(), user}, Example: "{\"user_fname\": \"Anna\"}"},
		{Section: users, Method: "DELETE", Path: person + "/{user}", Title: "Delete a user", Fields: []dialect.Field{acc(), user}},
		{Section: users, Method: "GET", Path: person + "/{user}/call", Title: "Read how a user is reached", Fields: []dialect.Field{acc(), user}},
		{Section: users, Method: "PUT", Path: person + "/{user}/call", Title: "Change how a user is reached", Type: jsonBody, Fields: []dialect.Field{acc(), user}, Example: "{\"incoming\": {\"first_action\": {\"action\": \"ring\", \"to\": \"sipphones\", \"ring_time\": \"20\"}}}"},
		{Section: users, Method: "GET", Path: person + "/{user}/phones", Title: "List a user's phones", Fields: []dialect.Field{acc(), user}},
	}
}

func describedRest() []dialect.Endpoint {
	rec := inPath("rec", "id of the recording")
	return []dialect.Endpoint{
		{Section: "Account", Method: "GET", Path: "/account", Title: "Read the account"},
		{Section: "Account", Method: "GET", Path: "/account/{acc}", Title: "Read the account by its id", Fields: []dialect.Field{acc()}},
		{Section: "Account", Method: "PUT", Path: "/account", Title: "Change the account", Type: jsonBody, Fields: []dialect.Field{inBody("name", "string", ""), inBody("language", "string", "")}, Example: "{\"name\": \"My company\"}"},
		{Section: "Account", Method: "PUT", Path: "/account/{acc}", Title: "Change the account by its id", Type: jsonBody, Fields: []dialect.Field{acc()}, Example: "{\"name\": \"My company\"}"},
		{Section: "Calls and recordings", Method: "POST", Path: "/make-calls/call/call-back", Title: "Ring one party, then another, and join them", Type: jsonBody, Fields: []dialect.Field{
			needed(inBody("app_id", "string", "your client's name")), needed(inBody("call1", "string", "who is rung first")), needed(inBody("call2", "string", "who is rung then")),
			inBody("show_1", "string", "caller ID for the first"), inBody("show_2", "string", "caller ID for the second")},
			Example: "{\"app_id\": \"my-client\", \"call1\": \"+46850000001\", \"call2\": \"+46850000002\"}"},
		{Section: "Calls and recordings", Method: "GET", Path: "/call-recording", Title: "List call recordings"},
		{Section: "Calls and recordings", Method: "GET", Path: "/call-recording/{rec}", Title: "Read a recording, with a link to its file", Fields: []dialect.Field{rec}},
		{Section: "Calls and recordings", Method: "DELETE", Path: "/call-recording/{rec}", Title: "Delete a recording", Fields: []dialect.Field{rec}},
		{Section: "Global data", Method: "GET", Path: "/globaldata/voiceprompts", Title: "Voices of the standard prompts", Open: true},
		{Section: "Global data", Method: "GET", Path: "/globaldata/timezone", Title: "Time zones", Open: true},
		{Section: "Global data", Method: "GET", Path: "/globaldata/language", Title: "Languages", Open: true},
		{Section: "Global data", Method: "GET", Path: "/globaldata/errors", Title: "Error codes", Open: true},
	}
}
