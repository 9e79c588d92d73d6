package smartflo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// collection is a kind of resource with its paths. The vendor refers to these
// things and publishes no calls to make them: the calls are ours, in its style.
type collection struct {
	kind    string
	many    string // path of the list, and its member in the answer
	one     string // path of one
	title   string
	example string
}

func collections() []collection {
	return []collection{
		{smartfloivr.KindDepartment, "departments", "department", "Department", `{"name":"Sales","agents":["extension|101","agent|9876543210"],"ring_strategy":"simultaneous","ring_timeout":30}`},
		{smartfloivr.KindTimeGroup, "time_groups", "time_group", "Time group", `{"name":"Office","hours":[{"days":["mon","tue","wed","thu","fri"],"from":"09:00","to":"17:30"}],"destination":"department|17","closed_destination":"hangup|1"}`},
		{smartfloivr.KindCondition, "time_conditions", "time_condition", "Time condition", `{"name":"When","time_group":[18],"destination":["department|17"],"default_destination":"voicemail|21"}`},
		{smartfloivr.KindAttendant, "auto_attendants", "auto_attendant", "Auto attendant", `{"name":"Dial","recording":"recording|28935","timeout_tries":2,"timeout_destination":"hangup|1"}`},
		{smartfloivr.KindVoicemail, "voicemails", "voicemail", "Voicemail", `{"name":"Sales","recording":"recording|28935","email":"sales@example.com"}`},
		{smartfloivr.KindTemplate, "sms_templates", "sms_template", "SMS template", `{"name":"Thanks","text":"Thank you for calling, $caller_name."}`},
		{smartfloivr.KindDialplan, "custom_dialplans", "custom_dialplan", "Custom dialplan", `{"name":"masking","url":"https://app.example.com/route"}`},
		{smartfloivr.KindWebhook, "webhooks", "webhook", "Webhook", `{"name":"hangup","url":"https://app.example.com/hook","method":"post","type":"json","trigger":["Call hangup (Missed or Answered)"],"template":{"uuid":"$uuid","status":"$call_status"}}`},
		{smartfloivr.KindAPIKey, "api_keys", "api_key", "API key", `{"name":"website","destination":"department|17"}`},
	}
}

// routesOf lists the calls of a collection.
func routesOf(c collection) []route {
	fields := described(smartfloivr.New(c.kind))
	section := "Departments and other things (ours)"
	list := func(q *request) (any, error) { return q.listResources(c) }
	one := []dialect.Field{{Name: "id", In: "path", Type: "integer", Text: "number", Required: true}}
	return []route{
		{method: "GET", pattern: c.many, title: c.title + ": list", section: section, handle: list},
		{method: "POST", pattern: c.one, title: c.title + ": make", section: section, admin: true, fields: fields, example: c.example,
			handle: func(q *request) (any, error) { return q.postResource(c) }},
		{method: "POST", pattern: c.many, admin: true, handle: func(q *request) (any, error) { return q.postResource(c) }},
		{method: "GET", pattern: c.one + "/{id}", title: c.title + ": read", section: section, fields: one,
			handle: func(q *request) (any, error) { return q.getResource(c) }},
		{method: "PUT", pattern: c.one + "/{id}", title: c.title + ": change", section: section, admin: true, fields: slices.Concat(one, optional(fields)), example: c.example,
			handle: func(q *request) (any, error) { return q.putResource(c) }},
		{method: "DELETE", pattern: c.one + "/{id}", title: c.title + ": delete", section: section, admin: true, fields: one,
			handle: func(q *request) (any, error) { return q.deleteResource(c) }},
	}
}

// resource finds the resource of the path.
func (q *request) resource(c collection) (voice.Resource, smartfloivr.Document, error) {
	n, err := q.number(c.title)
	if err != nil {
		return voice.Resource{}, nil, err
	}
	r, err := q.d.cfg.Resources.Resource(q.Context(), q.tenant, c.kind, n)
	if err != nil {
		return r, nil, ifNotExist(err, notFound(c.title))
	}
	d, err := smartfloivr.Parse(r)
	return r, d, err
}

// viewResource is the document with its number.
func viewResource(r voice.Resource, d smartfloivr.Document) (json.RawMessage, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, voice.E("smartflo.viewResource", voice.Internal, err)
	}
	var b bytes.Buffer
	b.WriteString(`{"id":` + strconv.FormatInt(r.Serial, 10) + ",")
	b.Write(raw[1:])
	return b.Bytes(), nil
}

func (q *request) listResources(c collection) (any, error) {
	list, err := dialect.AllResources(q.Context(), q.d.cfg.Resources, q.tenant, c.kind)
	if err != nil {
		return nil, err
	}
	views := []json.RawMessage{}
	for _, r := range list {
		d, err := smartfloivr.Parse(r)
		if err != nil {
			return nil, err
		}
		v, err := viewResource(r, d)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return map[string]any{c.many: views}, nil
}

func (q *request) getResource(c collection) (any, error) {
	r, d, err := q.resource(c)
	if err != nil {
		return nil, err
	}
	return viewResource(r, d)
}

// hashed is how the store keeps an API key.
func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func (q *request) postResource(c collection) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	d := smartfloivr.New(c.kind)
	if err := smartfloivr.Merge(d, body, true); err != nil {
		return nil, err
	}
	if err := q.check(nil, d.References()); err != nil {
		return nil, err
	}
	key := ""
	r := voice.Resource{Tenant: q.tenant, Kind: c.kind, Name: nameOf(d), Created: q.d.cfg.Now(), Updated: q.d.cfg.Now()}
	switch d := d.(type) {
	case *smartfloivr.APIKey:
		key = voice.NewSecret()
		d.Shown, r.Name = key[len(key)-4:], hashed(key)
	case *smartfloivr.Dialplan:
		if d.Key == "" {
			d.Key = hashed(voice.NewSecret())[:16]
		}
	}
	if r.Data, err = json.Marshal(d); err != nil {
		return nil, voice.E("smartflo.postResource", voice.Internal, err)
	}
	r, err = q.d.cfg.Resources.CreateResource(q.Context(), r)
	if err != nil {
		return nil, taken(err)
	}
	return done{Success: true, Message: c.title + " added successfully.", ID: r.Serial, Key: key}, nil
}

// taken gives words to a name that is in use.
func taken(err error) error {
	if voice.IsKind(err, voice.Exists) {
		return bad("The name has already been taken.")
	}
	return err
}

// nameOf gives the name of a resource's document.
func nameOf(d smartfloivr.Document) string {
	raw, err := json.Marshal(d)
	var named struct {
		Name string `json:"name"`
	}
	if err != nil || json.Unmarshal(raw, &named) != nil {
		return ""
	}
	return named.Name
}

func (q *request) putResource(c collection) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	err = again(func() error {
		r, d, err := q.resource(c)
		if err != nil {
			return err
		}
		before := slices.Clone(d.References())
		if err := smartfloivr.Merge(d, body, false); err != nil {
			return err
		}
		if err := q.check(before, d.References()); err != nil {
			return err
		}
		if c.kind != smartfloivr.KindAPIKey {
			r.Name = nameOf(d)
		}
		if r.Data, err = json.Marshal(d); err != nil {
			return voice.E("smartflo.putResource", voice.Internal, err)
		}
		r.Updated = q.d.cfg.Now()
		_, err = q.d.cfg.Resources.UpdateResource(q.Context(), r)
		return taken(ifNotExist(err, notFound(c.title)))
	})
	if err != nil {
		return nil, err
	}
	return done{Success: true, Message: c.title + " updated successfully."}, nil
}

func (q *request) deleteResource(c collection) (any, error) {
	r, _, err := q.resource(c)
	if err != nil {
		return nil, err
	}
	used, err := q.used(func(ref smartfloivr.Ref) bool { return ref.Names(r) }, "")
	if err != nil {
		return nil, err
	}
	if used {
		return nil, inUse(c.title)
	}
	if err := q.d.cfg.Resources.DeleteResource(q.Context(), q.tenant, c.kind, r.Serial); err != nil {
		return nil, ifNotExist(err, notFound(c.title))
	}
	return done{Success: true, Message: c.title + " deleted successfully."}, nil
}

// byKey finds the API key that a client without an account sends.
func (d *Dialect) byKey(q *request, key string) (voice.Resource, *smartfloivr.APIKey, error) {
	refused := failf(http.StatusUnauthorized, "Invalid api_key.")
	if key = strings.TrimSpace(key); key == "" {
		return voice.Resource{}, nil, refused
	}
	list, err := d.cfg.Resources.Resources(q.Context(), "", voice.ResourceFilter{Kind: smartfloivr.KindAPIKey, Name: hashed(key), Limit: 1})
	if err != nil {
		return voice.Resource{}, nil, err
	}
	if len(list) == 0 {
		return voice.Resource{}, nil, refused
	}
	doc, err := smartfloivr.Parse(list[0])
	if err != nil {
		return voice.Resource{}, nil, err
	}
	k, ok := doc.(*smartfloivr.APIKey)
	if !ok {
		return voice.Resource{}, nil, refused
	}
	return list[0], k, nil
}
