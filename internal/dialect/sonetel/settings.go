package sonetel

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Bounds of ring_time.
const (
	minRing = 5 * time.Second
	maxRing = 30 * time.Second
)

func getCallSettings(q *request) (any, error) {
	u, found, err := q.findUser()
	if err != nil || !found {
		return nil, err
	}
	return callReply(u), nil
}

func getPhones(q *request) (any, error) {
	u, found, err := q.findUser()
	if err != nil || !found {
		return nil, err
	}
	return phonesReply(u), nil
}

func putCallSettings(q *request) (any, error) {
	u, err := q.changedUser()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	before := u.Incoming
	if err := setCallFields(&u, body); err != nil {
		return nil, err
	}
	if err := q.checkRules(before, u, ""); err != nil {
		return nil, err
	}
	if err := q.d.cfg.Users.UpdateUser(q.Context(), u); err != nil {
		return nil, ifNotExist(err, failf(codeUser, "user_id: user %q does not exist in this account", u.ID))
	}
	return callReply(u), nil
}

func callReply(u voice.User) reply {
	return reply{
		{"incoming", reply{{"first_action", ruleReply(u.Incoming.First)}, {"second_action", ruleReply(u.Incoming.Second)},
			{"standard_action", ruleReply(u.Incoming.App)}}},
		{"outgoing", reply{{"show", u.ShowID}}},
	}
}

func ruleReply(c voice.CallRule) reply {
	ring := ""
	if c.RingTime > 0 {
		ring = strconv.Itoa(int(c.RingTime / time.Second))
	}
	return reply{{"action", c.Action}, {"to", c.To}, {"id", c.ID}, {"show", c.Show}, {"ring_time", ring}}
}

func phonesReply(u voice.User) []reply {
	yes := map[bool]string{true: "yes", false: "no"}
	list := []reply{}
	for _, p := range u.Phones {
		list = append(list, reply{{"phone_id", p.ID}, {"phnum", p.Number.Digits()}, {"phone_type", p.Type}, {"phone_name", p.Name},
			{"receive_calls", yes[p.Receives]}, {"verified", "yes"}, {"is_primary", yes[p.Primary]}})
	}
	return list
}

// phonesOf reads a user's list of outside telephones.
func phonesOf(raw json.RawMessage) ([]voice.Phone, error) {
	list, err := input.Array(raw, "phones")
	if err != nil {
		return nil, err
	}
	if len(list) > voice.MaxTargets {
		return nil, failf(codeUserData, "phones: at most %d are allowed", voice.MaxTargets)
	}
	var phones []voice.Phone
	for i, entry := range list {
		p, err := phoneOf(entry, "phones."+strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		phones = append(phones, p)
	}
	return phones, nil
}

func phoneOf(raw json.RawMessage, path string) (voice.Phone, error) {
	p := voice.Phone{Receives: true}
	o, err := input.Object(raw, path)
	if err != nil {
		return p, err
	}
	for _, name := range o.Names() {
		at := input.Join(path, name)
		var v string
		var err error
		switch name {
		case "phone_id":
			p.ID, err = input.Text(o[name], at)
		case "phnum":
			if v, err = input.Text(o[name], at); err == nil {
				p.Number, err = voice.ParseE164(v)
			}
		case "phone_type":
			p.Type, err = input.Text(o[name], at)
		case "phone_name":
			p.Name, err = input.Text(o[name], at)
		case "receive_calls":
			v, err = input.YesNo(o[name], at)
			p.Receives = v == "yes"
		case "is_primary":
			v, err = input.YesNo(o[name], at)
			p.Primary = v == "yes"
		case "verified":
		default:
			err = failf(codeUserData, "%s: the field is unknown", at)
		}
		if err != nil {
			return p, err
		}
	}
	if p.Number == "" {
		return p, failf(codeUserData, "%s.phnum: the number is missing", path)
	}
	if p.ID == "" {
		p.ID = voice.NewNumericID(10)
	}
	return p, nil
}

// setCall reads call settings inside a user.
func setCall(u *voice.User, raw json.RawMessage) error {
	o, err := input.Object(raw, "call")
	if err != nil {
		return failf(codePhone, "%s", err)
	}
	return setCallFields(u, o)
}

// setCallFields lays call settings over u's; rules that are not given stay.
func setCallFields(u *voice.User, body input.Fields) error {
	for _, name := range body.Names() {
		o, err := input.Object(body[name], name)
		if err != nil {
			return failf(codePhone, "%s", err)
		}
		if name != "incoming" && name != "outgoing" {
			return failf(codePhone, "%s: the field is unknown", name)
		}
		for _, inner := range o.Names() {
			path := input.Join(name, inner)
			rules := map[string]*voice.CallRule{"incoming.first_action": &u.Incoming.First,
				"incoming.second_action": &u.Incoming.Second, "incoming.standard_action": &u.Incoming.App}
			switch {
			case rules[path] != nil:
				err = setRule(rules[path], o[inner], path)
			case path == "outgoing.show":
				u.ShowID, err = showOf(o[inner], path, "auto")
			default:
				err = failf(codePhone, "%s: the field is unknown", path)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func setRule(c *voice.CallRule, raw json.RawMessage, path string) error {
	o, err := input.Object(raw, path)
	if err != nil {
		return failf(codePhone, "%s", err)
	}
	next := *c
	if input.IsNull(raw) {
		next = voice.CallRule{}
	}
	for _, name := range o.Names() {
		at := input.Join(path, name)
		var err error
		switch name {
		case "action":
			next.Action, err = oneOf(o[name], at, "", "ring", "forward", "disconnect")
		case "to":
			next.To, err = oneOf(o[name], at, "", "myphones", "sipphones", "phone", "voicemail", "user", "phnum", "voiceapp", "sip")
		case "id":
			next.ID, err = input.Text(o[name], at)
		case "show":
			next.Show, err = showOf(o[name], at, "caller")
		case "ring_time":
			next.RingTime, err = ringTime(o[name], at)
		default:
			err = failf(codePhone, "%s: the field is unknown", at)
		}
		if err != nil {
			return failf(codePhone, "%s", voice.Reason(err))
		}
	}
	switch {
	case next.Action == "":
		next = voice.CallRule{}
	case next.Action == "disconnect":
		next = voice.CallRule{Action: "disconnect"}
	case next.To == "" && next.Action == "ring":
		next.To = "myphones"
	case next.To == "":
		return failf(codePhone, "%s.to: the destination is missing", path)
	case slices.Contains([]string{"phone", "user", "phnum", "voiceapp", "sip"}, next.To) && next.ID == "":
		return failf(codePhone, "%s.id: the id is missing", path)
	}
	*c = next
	return nil
}

func oneOf(raw json.RawMessage, path string, words ...string) (string, error) {
	v, err := input.Text(raw, path)
	if err != nil {
		return "", err
	}
	if v = strings.ToLower(v); !slices.Contains(words, v) {
		return "", failf(codePhone, "%s: %q is none of %s", path, v, strings.TrimSpace(strings.Join(words, " ")))
	}
	return v, nil
}

// showOf reads who is shown as the caller: automatic, none or a number.
func showOf(raw json.RawMessage, path, auto string) (string, error) {
	v, err := input.Text(raw, path)
	if err != nil || v == "" || v == auto || v == "none" {
		return v, err
	}
	e, err := voice.ParseE164(v)
	if err != nil {
		return "", failf(codePhone, "%s: %q is neither %s nor none nor a number", path, v, auto)
	}
	return string(e), nil
}

func ringTime(raw json.RawMessage, path string) (time.Duration, error) {
	v, err := input.Text(raw, path)
	if err != nil || v == "" {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	d := time.Duration(n) * time.Second
	if err != nil || d < minRing || d > maxRing {
		return 0, failf(codePhone, "%s: %q is not a number of seconds from 5 to 30", path, v)
	}
	return d, nil
}

// checkRules refuses call settings that lead to what does not exist, unless they
// did so before.
func (q *request) checkRules(before voice.CallSettings, u voice.User, path string) error {
	rules := []struct {
		name      string
		old, rule voice.CallRule
	}{{"first_action", before.First, u.Incoming.First}, {"second_action", before.Second, u.Incoming.Second}, {"standard_action", before.App, u.Incoming.App}}
	for _, r := range rules {
		if r.rule == r.old {
			continue
		}
		if err := q.checkRule(u, r.rule, path+"incoming."+r.name); err != nil {
			return err
		}
	}
	return nil
}

// checkRule refuses a rule that leads to what does not exist.
func (q *request) checkRule(u voice.User, c voice.CallRule, path string) error {
	kinds := map[string]string{"user": "user", "phnum": "phnum", "voiceapp": "app", "sip": "sip"}
	if kind, ok := kinds[c.To]; ok {
		_, err := q.checkedDestination(kind, c.ID, path+".id")
		return err
	}
	if c.To == "phone" && !slices.ContainsFunc(u.Phones, func(p voice.Phone) bool { return p.ID == c.ID || p.Number.Digits() == strings.TrimPrefix(c.ID, "+") }) {
		return failf(codePhone, "%s.id: the user has no phone %q", path, c.ID).at(http.StatusOK)
	}
	return nil
}
