package sonetel

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// MaxName bounds the name of a voice app or prompt, in characters.
const MaxName = 100

// readOnly are the fields that replies hold and requests may send back.
func readOnly() []string {
	return []string{"app_id", "account_id", "shortcode", "sip_address", "tts_allowed", "app_type"}
}

// newDocument gives an app of a type with its defaults.
func newDocument(appType string) document {
	d := document{Type: appType}
	switch appType {
	case typeIVR:
		d.Voice, d.PlayWelcome, d.PlayMenu, d.GetExtension = "en", "yes", "yes", "no"
		d.Menu = map[string]action{}
	case typeMailbox:
		d.Voice, d.Greeting, d.Goodbye, d.DeliverTo = "en", "yes", "no", "user"
	case typeSystem:
		d.ErrorVoice, d.UserMailboxVoice = "en", "en"
	}
	return d
}

// field is one field of a voice app: how it is read and written.
type field struct {
	name string
	set  func(raw json.RawMessage) error
	get  func() any
}

// fields lists those of d's type in the order of replies.
func (d *document) fields() []field {
	name := field{"name", func(raw json.RawMessage) error { return d.setName(raw) }, func() any { return d.Name }}
	switch d.Type {
	case typeIVR:
		list := []field{name,
			voiceField("voice", &d.Voice, false),
			flagField("play_welcome", &d.PlayWelcome),
			flagField("get_extension", &d.GetExtension),
			flagField("play_menu", &d.PlayMenu),
			{"menu", d.setMenu, func() any { return d.menuReply() }},
		}
		final := field{"final_action", d.setFinal, func() any { return d.FinalAction }}
		if d.PlayMenu == "yes" { // then it can't be set, and replies leave it out
			final.get = nil
		}
		return append(list, final)
	case typeMailbox:
		return []field{name,
			voiceField("voice", &d.Voice, false),
			flagField("greeting_prompt", &d.Greeting),
			flagField("goodbye_prompt", &d.Goodbye),
			{"deliver_to", d.setDeliverTo, func() any { return d.DeliverTo }},
			{"deliver_to_details", d.setDetails, func() any { return d.DeliverToDetails }},
		}
	}
	return []field{name,
		voiceField("error_voice", &d.ErrorVoice, false),
		voiceField("error_repeat_voice", &d.ErrorRepeatVoice, true),
		voiceField("usermailbox_voice", &d.UserMailboxVoice, false),
	}
}

func flagField(name string, p *string) field {
	return field{name, func(raw json.RawMessage) error {
		v, err := input.YesNo(raw, name)
		if err != nil {
			return failf(codeField, "%s", err)
		}
		*p = v
		return nil
	}, func() any { return *p }}
}

func voiceField(name string, p *string, mayBeEmpty bool) field {
	return field{name, func(raw json.RawMessage) error {
		v, err := input.Text(raw, name)
		if err != nil {
			return failf(codeVoice, "%s", err)
		}
		if v = strings.ToLower(v); (v != "" || !mayBeEmpty) && !slices.Contains(voiceCodes(), v) {
			return failf(codeVoice, "%s: %q is none of %s", name, v, strings.Join(voiceCodes(), " "))
		}
		*p = v
		return nil
	}, func() any { return *p }}
}

// merge lays the fields of a request over d. Nothing is half-merged: d is to be
// dropped when there is an error. What refers to something is checked by Compile.
func (d *document) merge(body input.Fields) error {
	known := d.fields()
	for _, name := range body.Names() {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == name })
		switch {
		case i >= 0:
			// null leaves a field as it is, but for those where it means nothing set.
			if input.IsNull(body[name]) && name != "final_action" && name != "error_repeat_voice" && name != "name" {
				continue
			}
			if err := known[i].set(body[name]); err != nil {
				return err
			}
		case slices.Contains(readOnly(), name), input.IsNull(body[name]):
		case d.isOtherTypes(name):
			return failf(codeField, "%s: the field does not belong to an app of type %s", name, d.Type)
		default:
			return failf(codeField, "%s: the field is unknown", name)
		}
	}
	return d.check(body)
}

func (d *document) isOtherTypes(name string) bool {
	for _, t := range []string{typeIVR, typeMailbox, typeSystem} {
		other := newDocument(t)
		if slices.ContainsFunc(other.fields(), func(f field) bool { return f.name == name }) {
			return true
		}
	}
	return false
}

// check holds the rules between fields.
func (d *document) check(body input.Fields) error {
	if d.Name == "" {
		return failf(codeName, "name: the name is missing")
	}
	if d.Type == typeIVR && d.PlayMenu == "yes" && !d.FinalAction.isZero() {
		if _, asked := body["final_action"]; asked {
			return failf(codeFinalAction, "final_action: it can only be set when play_menu is no")
		}
		d.FinalAction = action{}
	}
	if d.Type != typeMailbox {
		return nil
	}
	if d.DeliverTo == "email" {
		a, err := mail.ParseAddress(d.DeliverToDetails)
		if err != nil || a.Address != d.DeliverToDetails {
			return failf(codeField, "deliver_to_details: %q is not an e-mail address", d.DeliverToDetails)
		}
	}
	return nil
}

func (d *document) setName(raw json.RawMessage) error {
	name, err := cleanName(raw)
	if err != nil {
		return err
	}
	d.Name = name
	return nil
}

// cleanName reads a name of 1 to MaxName printable characters.
func cleanName(raw json.RawMessage) (string, error) {
	name, err := input.Text(raw, "name")
	if err != nil {
		return "", failf(codeName, "%s", err)
	}
	switch {
	case name == "":
		return "", failf(codeName, "name: the name is missing")
	case len([]rune(name)) > MaxName:
		return "", failf(codeName, "name: %d characters are too many; at most %d", len([]rune(name)), MaxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", failf(codeName, "name: it holds a control character")
	}
	return name, nil
}

func (d *document) setMenu(raw json.RawMessage) error {
	entries, err := input.Object(raw, "menu")
	if err != nil {
		return failf(codeAction, "%s", err)
	}
	menu := maps.Clone(d.Menu)
	for _, key := range entries.Names() {
		path := input.Join("menu", key)
		if !slices.Contains(keys(), key) {
			return failf(codeAction, "%s: the key is unknown; there are digit_0 to digit_9 and timeout", path)
		}
		a, err := readAction(entries[key], path)
		if err != nil {
			return err
		}
		delete(menu, key)
		if !a.isZero() {
			menu[key] = a
		}
	}
	d.Menu = menu
	return nil
}

func (d *document) setFinal(raw json.RawMessage) error {
	if s, err := input.Text(raw, ""); err == nil { // some write the action alone, as text
		raw, _ = json.Marshal(action{Action: s})
	}
	a, err := readAction(raw, "final_action")
	d.FinalAction = a
	return err
}

// readAction reads an action and holds it to the table of actions.
func readAction(raw json.RawMessage, path string) (action, error) {
	entry, err := input.Object(raw, path)
	if err != nil {
		return action{}, failf(codeAction, "%s", err)
	}
	var a action
	parts := map[string]*string{"action": &a.Action, "to": &a.To, "id": &a.ID}
	for _, name := range entry.Names() {
		part, ok := parts[name]
		if !ok {
			return a, failf(codeAction, "%s: the field is unknown", input.Join(path, name))
		}
		if *part, err = input.Text(entry[name], input.Join(path, name)); err != nil {
			return a, failf(codeAction, "%s", err)
		}
	}
	a.Action, a.To = strings.ToLower(a.Action), strings.ToLower(a.To)
	return a, checkAction(&a, path)
}

// checkAction holds a to the table of actions: which goes where, by which id.
func checkAction(a *action, path string) error {
	to := map[string][]string{"call": {"user", "phnum", "csg", "other"}, "connect": {"app"}, "play": {"prompt"}}
	switch {
	case a.Action == "disconnect":
		*a = action{Action: "disconnect"}
		return nil
	case a.Action == "" && a.To == "" && a.ID == "":
		return nil
	case a.Action == "":
		return failf(codeAction, "%s.action: the action is missing", path)
	case to[a.Action] == nil:
		return failf(codeAction, "%s.action: %q is none of call, connect, play, disconnect", path, a.Action)
	case !slices.Contains(to[a.Action], a.To):
		return failf(codeAction, "%s.to: %q does not go with action %s, which takes %s",
			path, a.To, a.Action, strings.Join(to[a.Action], ", "))
	case a.ID == "":
		return failf(codeAction, "%s.id: the id is missing", path)
	}
	switch a.To {
	case "user":
		if _, err := strconv.ParseUint(a.ID, 10, 63); err != nil {
			return failf(codeDestination, "%s.id: user %q does not exist: a user's id is a number", path, a.ID)
		}
	case "phnum", "other":
		if _, err := calledAddress(a.To, a.ID); err != nil {
			return failf(codeAction, "%s.id: %s", path, voice.Reason(err))
		}
	}
	return nil
}

// calledAddress is the destination of call phnum and call other.
func calledAddress(to, id string) (voice.Destination, error) {
	if to == "other" && strings.Contains(id, "@") {
		return sipDestination(id)
	}
	e, err := voice.ParseE164(id)
	if err != nil {
		return voice.Destination{}, err
	}
	return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, nil
}

// sipDestination reads [sip:]user@host[:port].
func sipDestination(s string) (voice.Destination, error) {
	const op = "sonetel.sipDestination"
	a := s
	if i := strings.IndexByte(a, ':'); i >= 0 && (strings.EqualFold(a[:i], "sip") || strings.EqualFold(a[:i], "sips")) {
		a = a[i+1:]
	}
	user, host, ok := strings.Cut(a, "@")
	bad := func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("<>\"'\\^`{|}?&,", r)
	}
	if !ok || user == "" || host == "" || len(a) > 255 || strings.ContainsFunc(a, bad) || strings.ContainsAny(host, "@/;") {
		return voice.Destination{}, voice.Errorf(op, voice.Invalid, "%q is not a SIP address: user@host[:port] is needed", s)
	}
	return voice.Destination{Kind: voice.ToSIP, ID: a}, nil
}

func (d *document) setDeliverTo(raw json.RawMessage) error {
	v, err := input.Text(raw, "deliver_to")
	if err != nil {
		return failf(codeField, "%s", err)
	}
	if v = strings.ToLower(v); v != "user" && v != "email" {
		return failf(codeField, "deliver_to: %q is neither user nor email", v)
	}
	d.DeliverTo = v
	return nil
}

func (d *document) setDetails(raw json.RawMessage) error {
	v, err := input.Text(raw, "deliver_to_details")
	if err != nil {
		return failf(codeField, "%s", err)
	}
	d.DeliverToDetails = v
	return nil
}

// menuReply lists all keys, the unassigned ones empty.
func (d *document) menuReply() reply {
	var r reply
	for _, key := range keys() {
		r = append(r, member{key, d.Menu[key]})
	}
	return r
}

// reply lists the fields of the app's type, without what the store adds.
func (d *document) reply() reply {
	r := reply{{"app_type", d.Type}}
	for _, f := range d.fields() {
		if f.get != nil {
			r = append(r, member{f.name, f.get()})
		}
	}
	return r
}

// marshal gives the normal form that is stored.
func (d *document) marshal() (json.RawMessage, error) { return json.Marshal(d.reply()) }

// parseDocument reads a stored normal form.
func parseDocument(app voice.App) (document, error) {
	const op = "sonetel.parseDocument"
	body, err := input.ParseObject(app.Document)
	if err != nil {
		return document{}, voice.E(op, voice.Invalid, err)
	}
	d := newDocument(app.Type)
	if app.Type != typeIVR && app.Type != typeMailbox && app.Type != typeSystem {
		return d, voice.Errorf(op, voice.Invalid, "app_type: %q is none of ivr, mailbox, sysprompt", app.Type)
	}
	if err := d.merge(body); err != nil {
		return d, voice.E(op, voice.Invalid, fmt.Errorf("app %s: %w", app.ID, err))
	}
	return d, nil
}
