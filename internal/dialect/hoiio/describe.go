package hoiio

import (
	"net/http"

	"tandem/internal/dialect"
)

// words explain parameters.
func words() map[string]string {
	return map[string]string{
		"dest": "number with +; of a transfer an extension too", "msg": "text, or <speech> and <url>", "caller_id": "number of the account, or private",
		"max_duration": "seconds", "tag": "at most 256 characters, comes back", "notify_url": "where results go", "session": "of the notification",
		"max_digits": "0 to 255; 0 = until #", "timeout": "seconds", "attempts": "1 to 100", "monitor_notify_url": "where monitor_url goes",
		"on_failure": "hangup or continue", "force": "enabled: at once", "txn_ref": "reference of the call", "dest1": "number", "dest2": "number",
		"from": "YYYY-MM-DD HH:MM:SS", "to": "YYYY-MM-DD HH:MM:SS", "page": "from 1", "number": "number of the account",
		"forward_to": "notify URL of its sessions", "forward_sms_to": "kept and told", "mode": "voice",
		"gather_timeout_hangup": "enabled or disabled", "notify_in_query": "enabled or disabled: notifications in the query too",
		"voice_hangups_per_minute": "0 = not bounded", "timezone": "IANA name of the zone of times, or default (+08:00)",
	}
}

// Describe lists the methods for the interactive page.
func (d *Dialect) Describe() dialect.Description {
	const form = "application/x-www-form-urlencoded"
	out := dialect.Description{Name: "Hoiio", Base: "/hoiio/open",
		Auth: "Every call carries app_id and access_token of `tandem credential create --for hoiio` as ordinary parameters; GET and POST are alike."}
	text := words()
	for _, m := range allMethods() {
		e := dialect.Endpoint{Section: m.section, Method: http.MethodPost, Path: "/" + m.path, Title: m.title, Type: form}
		add := func(required bool, names ...string) {
			for _, n := range names {
				e.Fields = append(e.Fields, dialect.Field{Name: n, In: "body", Type: "string", Text: text[n], Required: required})
			}
		}
		add(true, append([]string{"app_id", "access_token"}, m.required...)...)
		add(false, m.optional...)
		out.Endpoints = append(out.Endpoints, e)
	}
	return out
}
