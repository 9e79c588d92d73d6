package apidocs

import "tandem/internal/dialect"

// notServed is said of the APIs whose dialects are not part of this program yet.
const notServed = "This version does not serve this API yet; what it will take is listed here, and nothing can be tried out."

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// Planned describes the vendors' APIs that are not served yet, from the vendors'
// public documentation.
func Planned() []dialect.Description {
	return []dialect.Description{hoiio()}
}

func fields(in string, named ...string) []dialect.Field {
	var list []dialect.Field
	for i := 0; i+1 < len(named); i += 2 {
		list = append(list, dialect.Field{Name: named[i], In: in, Type: "string", Text: named[i+1]})
	}
	return list
}

func hoiio() dialect.Description {
	const session = "session of the notification"
	d := dialect.Description{Name: "Hoiio", Base: "/hoiio/open", Missing: notServed,
		Auth: "Every call carries app_id and access_token as ordinary parameters; GET and POST are alike."}
	add := func(section, path, title string, params ...string) {
		d.Endpoints = append(d.Endpoints, dialect.Endpoint{Section: section, Method: "POST", Path: path, Title: title, Type: formType,
			Fields: fields("body", append([]string{"app_id", "your application", "access_token", "its token"}, params...)...)})
	}
	const ivr, voiceAPI, number = "IVR", "Voice", "Number and user"
	add(ivr, "/ivr/start/dial", "Begin a session by calling out", "dest", "number to call", "msg", "text or markup", "caller_id", "number shown, or private", "max_duration", "seconds", "tag", "at most 256 characters", "notify_url", "where results go")
	add(ivr, "/ivr/middle/play", "Play a message", "session", session, "msg", "text or markup", "tag", "", "notify_url", "")
	add(ivr, "/ivr/middle/gather", "Play a message and collect digits", "session", session, "notify_url", "", "msg", "", "max_digits", "0 to 255", "timeout", "seconds", "attempts", "1 or more", "tag", "")
	add(ivr, "/ivr/middle/record", "Record the caller", "session", session, "notify_url", "", "msg", "", "max_duration", "seconds", "tag", "")
	add(ivr, "/ivr/middle/monitor", "Record the whole call from now on", "session", session, "notify_url", "", "monitor_notify_url", "", "msg", "", "tag", "")
	add(ivr, "/ivr/middle/hold", "Put the session on hold", "session", session, "msg", "")
	add(ivr, "/ivr/middle/unhold", "Take the session off hold", "session", session, "notify_url", "", "tag", "")
	add(ivr, "/ivr/end/transfer", "Connect to a number or a room", "session", session, "dest", "number, room:<id> or room:", "msg", "", "caller_id", "", "on_failure", "hangup or continue", "tag", "", "notify_url", "")
	add(ivr, "/ivr/end/hangup", "Hang up", "session", session, "msg", "", "force", "enabled: at once", "tag", "", "notify_url", "")
	add(voiceAPI, "/voice/call", "Connect two numbers", "dest1", "", "dest2", "", "caller_id", "", "max_duration", "", "tag", "", "notify_url", "")
	add(voiceAPI, "/voice/conference", "Begin a conference", "dest", "numbers", "room", "", "tag", "", "notify_url", "")
	add(voiceAPI, "/voice/hangup", "End a call", "txn_ref", "reference of the call")
	add(voiceAPI, "/voice/query_status", "Read a call", "txn_ref", "reference of the call")
	add(voiceAPI, "/voice/get_history", "List calls", "from", "", "to", "", "page", "")
	add(voiceAPI, "/voice/get_rate", "Read a price", "dest1", "", "dest2", "")
	add(number, "/number/update_forwarding", "Connect a number to a notify URL", "number", "", "forward_to", "", "mode", "")
	add(number, "/user/get_info", "Read the account")
	add(number, "/user/get_balance", "Read the balance")
	return d
}
