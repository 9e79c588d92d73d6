package sonetel

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// number finds the number of the path.
func (q *request) number() (voice.Number, error) {
	if err := q.account(); err != nil {
		return voice.Number{}, err
	}
	gone := failf(codeNumber, "phnum: number %q is not in this account", q.params["phnum"])
	e, err := voice.ParseE164(q.params["phnum"])
	if err != nil {
		return voice.Number{}, gone
	}
	n, err := q.d.cfg.Numbers.NumberByE164(q.Context(), e)
	if err != nil {
		return n, ifNotExist(err, gone)
	}
	if n.Tenant != q.tenant {
		return voice.Number{}, gone
	}
	return n, nil
}

func (q *request) numberReply(n voice.Number) (reply, error) {
	kind, to, err := q.connectedTo(n.Dest)
	if err != nil {
		return nil, err
	}
	country, area := countryCode(n.E164)
	return reply{{"phnum", n.E164.Digits()}, {"account_id", q.tenant}, {"country_code", country}, {"area_code", area},
		{"connect_to_type", kind}, {"connect_to", to}, {"service_status", "active"},
		{"created_date", n.Created.UTC().Format(timeForm)}}, nil
}

// connectedTo writes a destination in the vendor's words.
func (q *request) connectedTo(d voice.Destination) (kind string, to any, err error) {
	switch d.Kind {
	case voice.ToUser:
		return "user", d.ID, nil
	case voice.ToNumber:
		return "phnum", d.ID, nil
	case voice.ToSIP:
		return "sip", d.ID, nil
	case voice.ToExtension:
		return "sip", d.ID + "@" + q.d.cfg.SIPDomain, nil
	case voice.ToGroup:
		return "csg", d.ID, nil
	case voice.ToApp:
		appType := ""
		a, err := q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(d.ID))
		if err == nil {
			appType = a.Type
		} else if !voice.IsKind(err, voice.NotExist) {
			return "", nil, err
		}
		return "app", reply{{"app_type", appType}, {"app_id", d.ID}}, nil
	}
	return "nowhere", "", nil
}

// countryCode splits off the country code (ITU-T E.164 annex): +1 and +7 have
// one digit, zones with free ranges two or three.
func countryCode(e voice.E164) (country, rest string) {
	d := e.Digits()
	two := strings.Fields("20 27 28 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98")
	switch {
	case d[0] == '1':
		return "1", d[1:min(4, len(d))] // North America has area codes of three digits
	case d[0] == '7':
		return "7", d[1:min(4, len(d))]
	case slices.Contains(two, d[:2]):
		return d[:2], ""
	}
	return d[:3], ""
}

func listNumbers(q *request) (any, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return "No entries found", nil
	}
	list := []reply{}
	for _, n := range numbers {
		r, err := q.numberReply(n)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func getNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	return q.numberReply(n)
}

func postNumber(q *request) (any, error) {
	body, err := q.change()
	if err != nil {
		return nil, err
	}
	raw, err := input.Text(body["phnum"], "phnum")
	if err != nil {
		return nil, failf(codeNumberField, "%s", err)
	}
	e, err := voice.ParseE164(raw)
	if err != nil {
		return nil, failf(codeNumberField, "phnum: %s", voice.Reason(err))
	}
	n := voice.Number{E164: e, Tenant: q.tenant, Created: q.d.cfg.Now()}
	if n.Dest, err = q.destination(body, voice.Destination{}); err != nil {
		return nil, err
	}
	err = q.d.cfg.Numbers.AddNumber(q.Context(), n)
	if voice.IsKind(err, voice.Exists) {
		return nil, failf(codeNumberTaken, "phnum: number %s is taken", e)
	}
	if err != nil {
		return nil, err
	}
	return q.numberReply(n)
}

func putNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	if err := q.admin(); err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	if n.Dest, err = q.destination(body, n.Dest); err != nil {
		return nil, err
	}
	if err := q.d.cfg.Numbers.UpdateNumber(q.Context(), n); err != nil {
		return nil, ifNotExist(err, failf(codeNumber, "phnum: number %s is not in this account", n.E164))
	}
	return q.numberReply(n)
}

func deleteNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	if err := q.admin(); err != nil {
		return nil, err
	}
	if err := q.d.cfg.Numbers.RemoveNumber(q.Context(), q.tenant, n.E164); err != nil {
		return nil, ifNotExist(err, failf(codeNumber, "phnum: number %s is not in this account", n.E164))
	}
	return fmt.Sprintf("Successfully removed subscription of phone number %s from account %s", n.E164.Digits(), q.tenant), nil
}

// destination reads connect_to_type and connect_to; without either, it stays.
func (q *request) destination(body input.Fields, before voice.Destination) (voice.Destination, error) {
	known := []string{"phnum", "account_id", "country_code", "area_code", "connect_to_type", "connect_to", "service_status", "created_date"}
	for _, name := range body.Names() {
		if !slices.Contains(known, name) {
			return before, failf(codeNumberField, "%s: the field is unknown", name)
		}
	}
	_, hasTo := body["connect_to"]
	kind, err := input.Text(body["connect_to_type"], "connect_to_type")
	switch {
	case err != nil:
		return before, failf(codeNumberField, "%s", err)
	case kind == "" && hasTo && !input.IsNull(body["connect_to"]):
		return before, failf(codeNumberField, "connect_to_type: the type is missing")
	case kind == "":
		return before, nil
	}
	if kind = strings.ToLower(kind); kind == "nowhere" {
		return voice.Destination{}, nil
	}
	id, err := connectTo(body["connect_to"])
	switch {
	case err != nil:
		return before, err
	case !slices.Contains([]string{"user", "phnum", "sip", "app", "csg"}, kind):
		return before, failf(codeNumberField, "connect_to_type: %q is none of user, phnum, sip, app, csg, nowhere", kind)
	case id == "":
		return before, failf(codeNumberField, "connect_to: the destination is missing")
	}
	return q.checkedDestination(kind, id, "connect_to")
}

// connectTo reads an id, or the id of an app in its object form.
func connectTo(raw json.RawMessage) (string, error) {
	if len(raw) > 0 && raw[0] == '{' {
		o, err := input.Object(raw, "connect_to")
		if err != nil {
			return "", failf(codeNumberField, "%s", err)
		}
		for _, name := range o.Names() {
			if name != "app_id" && name != "app_type" {
				return "", failf(codeNumberField, "%s: the field is unknown", input.Join("connect_to", name))
			}
		}
		raw = o["app_id"]
	}
	id, err := input.Text(raw, "connect_to")
	if err != nil {
		return "", failf(codeNumberField, "%s", err)
	}
	return id, nil
}

// checkedDestination makes a destination that exists in the account; field is
// named when it does not.
func (q *request) checkedDestination(kind, id, field string) (voice.Destination, error) {
	r := q.d.resolver(q.tenant)
	var d voice.Destination
	var err error
	switch kind {
	case "user":
		d = voice.Destination{Kind: voice.ToUser, ID: id}
		_, err = r.User(q.Context(), voice.UserID(id))
	case "app":
		d = voice.Destination{Kind: voice.ToApp, ID: id}
		var a voice.App
		if a, err = q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(id)); err == nil && a.Type == typeSystem {
			return d, failf(codeDestination, "%s: app %s holds system prompts and takes no calls", field, id)
		}
	case "csg":
		d = voice.Destination{Kind: voice.ToGroup, ID: id}
		var ok bool
		if ok, err = r.Group(q.Context(), id); err == nil && !ok {
			err = voice.Errorf("sonetel.destination", voice.NotExist, "no team %s", id)
		}
	case "phnum":
		d, err = calledAddress("phnum", id)
	case "sip":
		d, err = sipDestination(id)
	}
	switch {
	case voice.IsKind(err, voice.NotExist):
		return d, failf(codeDestination, "%s: %s %q does not exist in this account", field, kind, id)
	case voice.IsKind(err, voice.Invalid):
		return d, failf(codeNumberField, "%s: %s", field, voice.Reason(err))
	}
	return d, err
}
