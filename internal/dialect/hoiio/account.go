package hoiio

import (
	"cmp"
	"strings"

	"tandem/internal/voice"
)

func accountMethods() []method {
	const calls, numbers, user = "Voice", "Number", "User"
	return []method{
		{path: "voice/call", title: "Connect two numbers", section: calls, required: []string{"dest2"},
			optional: []string{"dest1", "caller_id", "max_duration", "tag", "notify_url"}, handle: voiceCall},
		{path: "voice/hangup", title: "End a call", section: calls, required: []string{"txn_ref"}, handle: voiceHangup},
		{path: "voice/query_status", title: "Read a call", section: calls, required: []string{"txn_ref"}, handle: voiceStatus},
		{path: "voice/get_history", title: "List calls", section: calls, optional: []string{"from", "to", "page"}, handle: voiceHistory},
		{path: "voice/get_rate", title: "Read a price", section: calls, required: []string{"dest1", "dest2"}, handle: voiceRate},
		{path: "voice/conference", title: "Begin a conference", section: calls, required: []string{"dest"}, optional: []string{"room", "caller_id", "tag", "notify_url"}, handle: voiceConference},
		{path: "conference/call", title: "Begin a conference", section: calls, required: []string{"dest"}, optional: []string{"room", "caller_id", "tag", "notify_url"}, handle: conferenceCall},
		{path: "number/get_active", title: "List numbers", section: numbers, handle: activeNumbers},
		{path: "number/update_forwarding", title: "Connect a number to a notify URL", section: numbers, required: []string{"number"},
			optional: []string{"forward_to", "forward_sms_to", "mode"}, handle: updateForwarding},
		{path: "number/get_countries", title: "Countries with numbers for sale: none", section: numbers, handle: nothingForSale},
		{path: "number/get_choices", title: "Numbers for sale: none", section: numbers, handle: nothingForSale},
		{path: "number/get_rates", title: "Prices of numbers: none", section: numbers, handle: nothingForSale},
		{path: "number/subscribe", title: "Buy a number: none is for sale", section: numbers, handle: noNumber},
		{path: "user/get_balance", title: "Read the balance", section: user, handle: balance},
		{path: "user/get_info", title: "Read the account", section: user, handle: userInfo},
		{path: "user/get_settings", title: "Read the application's settings (not the vendor's)", section: user, handle: readSettings},
		{path: "user/update_settings", title: "Change the application's settings (not the vendor's)", section: user, optional: settingNames(), handle: changeSettings},
	}
}

func nothingForSale(*request) (answer, error) {
	return answer{"entries_count": "0", "entries": []any{}}, nil
}

func noNumber(*request) (answer, error) { return nil, refusal("error_no_number_available") }

func balance(q *request) (answer, error) {
	return answer{"currency": q.d.currency(q, q.tenant), "balance": noMoney, "points": noMoney, "bonus": noMoney}, nil
}

func userInfo(q *request) (answer, error) {
	u, err := q.d.cfg.Users.User(q, q.tenant, q.user)
	if err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q, q.tenant)
	if err != nil {
		return nil, err
	}
	mobile := ""
	if len(u.Phones) > 0 {
		mobile = string(u.Phones[0].Number)
	}
	return answer{"uid": string(u.ID), "name": strings.TrimSpace(u.FirstName + " " + u.LastName), "mobile_number": mobile, "email": u.Email,
		"country": t.Country, "prefix": "", "currency": q.d.currency(q, q.tenant)}, nil
}

// entry is a number as the list shows it.
type entry struct {
	Number     voice.E164 `json:"number"`
	ForwardTo  string     `json:"forward_to"`
	ForwardSMS string     `json:"forward_sms_to"`
	Mode       string     `json:"mode"`
	Expiry     string     `json:"expiry"`
	AutoExtend string     `json:"auto_extend_status"`
	Country    string     `json:"country"`
	State      string     `json:"state"`
	Abilities  []string   `json:"capabilities"`
}

// noExpiry is shown for numbers, which stay until they are removed.
const noExpiry = "2099-12-31"

func activeNumbers(q *request) (answer, error) {
	all, err := q.d.cfg.Numbers.Numbers(q, q.tenant)
	if err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q, q.tenant)
	if err != nil {
		return nil, err
	}
	entries := []entry{}
	for _, n := range all {
		e := entry{Number: n.E164, Mode: "voice", Expiry: noExpiry, AutoExtend: "enabled", Country: t.Country, Abilities: []string{"VOICE"}}
		if n.Dest.Kind == voice.ToApp {
			a, err := q.d.cfg.Apps.App(q, q.tenant, voice.AppID(n.Dest.ID))
			if err != nil && !voice.IsKind(err, voice.NotExist) {
				return nil, err
			}
			if doc, bad := parseDocument(a.Document); err == nil && a.Kind == Kind && bad == nil {
				e.ForwardTo, e.ForwardSMS = doc.NotifyURL, doc.SMS
			}
		}
		if n.Dest.Kind == voice.ToNumber {
			e.ForwardTo = n.Dest.ID
		}
		entries = append(entries, e)
	}
	return answer{"entries_count": count(len(entries)), "entries": entries}, nil
}

// updateForwarding has the calls to a number told to an address, by an app of the
// number's own, or forwarded to another number.
func updateForwarding(q *request) (answer, error) {
	e, ok := phone(q.params["number"])
	if !ok {
		return nil, refusal("error_number_invalid")
	}
	to := q.params["forward_to"]
	forward, isPhone := phone(to)
	if to != "" && !isPhone {
		if err := q.address("forward_to", to); err != nil {
			if err == refusal("error_invalid_forward_to") {
				err = refusal("error_forward_to_invalid")
			}
			return nil, err
		}
	}
	if mode := q.params["mode"]; mode != "" && mode != "voice" { // no faxes are received
		return nil, refusal("error_mode_invalid")
	}
	n, err := q.d.cfg.Numbers.NumberByE164(q, e)
	if voice.IsKind(err, voice.NotExist) || err == nil && n.Tenant != q.tenant {
		return nil, refusal("error_number_not_assigned")
	}
	if err != nil {
		return nil, err
	}
	switch {
	case isPhone:
		n.Dest = voice.Destination{Kind: voice.ToNumber, ID: string(forward)}
	case to != "":
		id, err := q.forwardingApp(n, document{NotifyURL: to, App: q.app, SMS: cmp.Or(q.params["forward_sms_to"], q.params["forward_to_sms"])})
		if err != nil {
			return nil, err
		}
		n.Dest = voice.Destination{Kind: voice.ToApp, ID: string(id)}
	default:
		return nil, nil
	}
	return nil, q.d.cfg.Numbers.UpdateNumber(q, n)
}

// forwardingApp makes, or changes, the app of a number.
func (q *request) forwardingApp(n voice.Number, doc document) (voice.AppID, error) {
	name := "Hoiio " + string(n.E164)
	all, err := q.d.cfg.Apps.Apps(q, q.tenant)
	if err != nil {
		return "", err
	}
	now := q.d.cfg.Now()
	for _, a := range all {
		if a.Kind != Kind || a.Name != name {
			continue
		}
		if doc.SMS == "" {
			if old, err := parseDocument(a.Document); err == nil {
				doc.SMS = old.SMS
			}
		}
		if a.Document, err = encode(doc); err != nil {
			return "", err
		}
		a.Updated = now
		_, err := q.d.cfg.Apps.UpdateApp(q, a)
		return a.ID, err
	}
	a, err := create(q, q.d.cfg.Apps, q.tenant, name, doc, now)
	return a.ID, err
}
