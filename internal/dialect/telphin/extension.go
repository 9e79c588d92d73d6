package telphin

import (
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// numberPrefix stands before "*" and the internal number in names. Numbers are
// an account's own, so every account has the same.
const numberPrefix = "000"

// extensionLen is how long the internal numbers of an account are as a rule.
const extensionLen = 3

// timeForm is how the vendor writes times.
const timeForm = "2006-01-02 15:04:05"

func stamp(t time.Time) string { return t.UTC().Format(timeForm) }

func extensionRoutes() []route {
	const one = "client/{client}/extension/{extension}"
	return []route{
		{"GET", "client/{client}/extension", true, listExtensions},
		{"POST", "client/{client}/extension", false, postExtension},
		{"GET", one, true, getExtension},
		{"PUT", one, false, putExtension},
		{"DELETE", one, false, deleteExtension},
		{"GET", "extension/{extension}", true, getExtension},
		{"GET", "extension/{extension}/phone", false, getPhone},
		{"PUT", "extension/{extension}/phone", false, putPhone},
		{"GET", "extension/{extension}/queue", false, getQueue},
		{"PUT", "extension/{extension}/queue", false, putQueue},
		{"GET", "extension/{extension}/queue/agent", false, listAgents},
		{"POST", "extension/{extension}/queue/agent", false, postAgent},
		{"DELETE", "extension/{extension}/queue/agent/{agent}", false, deleteAgent},
		{"GET", "extension/{extension}/fax", false, getFax},
		{"GET", "extension/{extension}/ani", false, getANI},
	}
}

// extension is one of any type: of types ivr, queue and fax an app, of type phone
// a telephone's line with what the vendor has beside it.
type extension struct {
	app   voice.App
	doc   telphinivr.Document
	line  voice.Extension
	phone telphinivr.Phone
	kept  voice.Resource // of phone; Serial 0 = nothing is kept yet
}

func (e *extension) isApp() bool { return e.app.ID != "" }

func (e *extension) serial() int64 {
	if e.isApp() {
		return e.app.Serial
	}
	return e.line.Serial
}

func (e *extension) created() time.Time {
	if e.isApp() {
		return e.app.Created
	}
	return e.line.Created
}

// fields are those that every extension has.
func (e *extension) fields() *telphinivr.Extension {
	if e.isApp() {
		return &e.doc.Extension
	}
	return &e.phone.Extension
}

func (q *request) extensionAnswer(e *extension) map[string]any {
	answer := telphinivr.Answer(e.fields())
	answer["name"] = numberPrefix + "*" + e.fields().Name
	answer["id"], answer["client_id"] = e.serial(), q.clientID()
	answer["domain"], answer["create_date"] = q.d.cfg.SIPDomain, stamp(e.created())
	return answer
}

// extensions lists the account's, in order of their ids.
func (q *request) extensions() ([]*extension, error) {
	var list []*extension
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	for _, a := range apps {
		if a.Kind != Kind {
			continue
		}
		doc, err := telphinivr.Parse(a.Document)
		if err != nil {
			return nil, voice.E("telphin.extensions", voice.Internal, err)
		}
		list = append(list, &extension{app: a, doc: doc})
	}
	lines, err := q.d.cfg.Extensions.Extensions(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	kept, err := dialect.AllResources(q.Context(), q.d.cfg.Resources, q.tenant, telphinivr.PhoneTopic)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		e := &extension{line: line}
		e.phone.Extension = telphinivr.Extension{Name: line.Number, Type: telphinivr.TypePhone, Status: telphinivr.Active}
		if i := slices.IndexFunc(kept, func(r voice.Resource) bool { return r.Name == line.Number }); i >= 0 {
			e.kept = kept[i]
			if e.phone, err = telphinivr.ParsePhone(kept[i].Data); err != nil {
				return nil, voice.E("telphin.extensions", voice.Internal, err)
			}
			e.phone.Name, e.phone.Type = line.Number, telphinivr.TypePhone
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *extension) int { return cmp.Compare(a.serial(), b.serial()) })
	return list, nil
}

// extension finds the extension of the path: by its id, by "@" and its internal
// number, or "@me" for that of the token's user.
func (q *request) extension() (*extension, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	name := q.params["extension"]
	gone := missing(statusExtension, "extension %s does not exist", name)
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	number, byNumber := strings.CutPrefix(name, "@")
	switch {
	case name == "@me":
		if q.token.User == "" {
			return nil, missing(statusExtension, "@me: the access token is no user's, so it has no extension of its own")
		}
		u, err := q.d.cfg.Users.User(q.Context(), q.tenant, q.token.User)
		if err != nil {
			return nil, ifNotExist(err, gone)
		}
		number = u.Extension
	case byNumber:
		if short, ok := telphinivr.ShortNumber(number); ok {
			number = short
		}
	}
	for _, e := range list {
		if byNumber && e.fields().Name == number || !byNumber && strconv.FormatInt(e.serial(), 10) == name {
			return e, nil
		}
	}
	return nil, gone
}

func listExtensions(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	query := q.URL.Query()
	answers := []map[string]any{}
	for _, e := range list {
		f := e.fields()
		number, _ := telphinivr.ShortNumber(query.Get("name"))
		if kinds := query["type"]; len(kinds) > 0 && !slices.Contains(kinds, f.Type) ||
			query.Get("name") != "" && number != f.Name || query.Get("status") != "" && query.Get("status") != f.Status {
			continue
		}
		answers = append(answers, q.extensionAnswer(e))
	}
	return paged(q, answers)
}

func getExtension(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	return q.extensionAnswer(e), nil
}

func postExtension(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	f := telphinivr.Extension{Type: telphinivr.TypePhone, Status: telphinivr.Blocked}
	if err := telphinivr.Merge(&f, body, ""); err != nil {
		return nil, err
	}
	if f.Name == "" {
		return nil, badf("name: it is missing")
	}
	if err := q.named(&f); err != nil {
		return nil, err
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	q.d.making.Lock()
	defer q.d.making.Unlock()
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(e *extension) bool { return e.fields().Name == f.Name }) {
		return nil, conflictf(statusExists, "name: internal number %s exists already", f.Name)
	}
	if f.Type == telphinivr.TypePhone {
		return q.makePhone(f)
	}
	return q.makeApp(f)
}

// named reads the internal number out of a name, with or without the prefix.
func (q *request) named(f *telphinivr.Extension) error {
	short, ok := telphinivr.ShortNumber(f.Name)
	if prefix, _, has := strings.Cut(f.Name, "*"); !ok || has && prefix != numberPrefix {
		return badf("name: %q is no internal number of 2 to 6 digits, nor one after %s*", cut(f.Name), numberPrefix)
	}
	f.Name = short
	return nil
}

// cut shortens what a client sent for a message.
func cut(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func (q *request) makeApp(f telphinivr.Extension) (any, error) {
	doc := telphinivr.NewDocument(f.Type)
	doc.Extension = f
	raw, err := doc.Marshal()
	if err != nil {
		return nil, err
	}
	now := q.d.cfg.Now()
	a := voice.App{ID: voice.AppID(voice.NewID("TP")), Tenant: q.tenant, Kind: Kind, Type: f.Type, Name: f.AppName(),
		Document: raw, Created: now, Updated: now}
	if err := q.d.cfg.Apps.CreateApp(q.Context(), a, nil); err != nil {
		return nil, err
	}
	if a, err = q.d.cfg.Apps.App(q.Context(), q.tenant, a.ID); err != nil {
		return nil, err
	}
	return q.extensionAnswer(&extension{app: a, doc: doc}), nil
}

// makePhone makes a telephone's line. Its password is in this one answer only.
func (q *request) makePhone(f telphinivr.Extension) (any, error) {
	line, password := q.newLine(f.Name, voice.NewSecret())
	e := &extension{line: line}
	e.phone.Extension = f
	if err := q.d.cfg.Extensions.AddExtension(q.Context(), e.line); err != nil {
		return nil, err
	}
	err := q.keepPhone(e)
	if err == nil {
		e.line, err = q.d.cfg.Extensions.Extension(q.Context(), q.tenant, f.Name)
	}
	if err != nil { // nothing half-made stays
		_ = q.d.cfg.Extensions.RemoveExtension(context.WithoutCancel(q.Context()), q.tenant, f.Name)
		return nil, err
	}
	answer := q.extensionAnswer(e)
	answer["login"], answer["password"] = e.line.Username, password
	return answer, nil
}

// newLine gives the SIP account of an internal number.
func (q *request) newLine(number, password string) (voice.Extension, string) {
	username := string(q.tenant) + "-" + number
	a1 := []byte(username + ":" + q.d.cfg.SIPRealm + ":" + password) // RFC 7616 §3.4.2
	md, sha := md5.Sum(a1), sha256.Sum256(a1)
	return voice.Extension{Tenant: q.tenant, Number: number, Username: username, Realm: q.d.cfg.SIPRealm,
		HA1MD5: hex.EncodeToString(md[:]), HA1SHA256: hex.EncodeToString(sha[:]), Created: q.d.cfg.Now()}, password
}

// keepPhone stores what a telephone has beside its line.
func (q *request) keepPhone(e *extension) error {
	data, err := e.phone.Marshal()
	if err != nil {
		return err
	}
	now := q.d.cfg.Now()
	if e.kept.Serial == 0 {
		e.kept, err = q.d.cfg.Resources.CreateResource(q.Context(), voice.Resource{Tenant: q.tenant, Kind: telphinivr.PhoneTopic,
			Name: e.phone.Name, Data: data, Created: now, Updated: now})
		if !voice.IsKind(err, voice.Exists) {
			return err
		}
		// What was kept of a line of this number that another API removed.
		old, err := q.d.cfg.Resources.Resources(q.Context(), q.tenant, voice.ResourceFilter{Kind: telphinivr.PhoneTopic, Name: e.phone.Name, Limit: 1})
		if err != nil {
			return err
		}
		if len(old) == 0 {
			return voice.Errorf("telphin.keepPhone", voice.Conflict, "extension %s was changed by somebody else meanwhile", e.phone.Name)
		}
		e.kept = old[0]
	}
	e.kept.Data, e.kept.Updated = data, now
	e.kept.Version, err = q.d.cfg.Resources.UpdateResource(q.Context(), e.kept)
	return err
}

func putExtension(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	return q.changeExtension(func(e *extension) error { return q.mergeExtension(e.fields(), body) })
}

// mergeExtension lays a request over the fields of an extension. Its number and
// type never change.
func (q *request) mergeExtension(f *telphinivr.Extension, body input.Fields) error {
	name, kind := f.Name, f.Type
	if err := telphinivr.Merge(f, body, ""); err != nil {
		return err
	}
	if _, given := body["name"]; given {
		if err := q.named(f); err != nil {
			return err
		}
	}
	switch {
	case f.Name != name:
		return badf("name: the number of an extension can't be changed")
	case f.Type != kind:
		return badf("type: the type of an extension can't be changed")
	}
	return f.Check()
}

// maxTries bounds how often a change is made anew because another came between.
const maxTries = 20

// changeExtension makes a change to the extension of the path and stores it in one
// write.
func (q *request) changeExtension(do func(e *extension) error) (any, error) {
	e, err := q.changed(do)
	if err != nil {
		return nil, err
	}
	return q.extensionAnswer(e), nil
}

func (q *request) changed(do func(e *extension) error) (*extension, error) {
	for range maxTries {
		e, err := q.extension()
		if err != nil {
			return nil, err
		}
		if err := do(e); err != nil {
			return nil, err
		}
		if e.isApp() {
			e.app.Name = e.doc.Extension.AppName()
			if e.app.Document, err = e.doc.Marshal(); err != nil {
				return nil, err
			}
			e.app.Updated = q.d.cfg.Now()
			_, err = q.d.cfg.Apps.UpdateApp(q.Context(), e.app)
		} else {
			err = q.keepPhone(e)
		}
		if !voice.IsKind(err, voice.Conflict) {
			return e, err
		}
	}
	return nil, conflictf(statusInUse, "the extension is being changed by others; try again")
}

func deleteExtension(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	if user, err := q.numberOf(e); err != nil {
		return nil, err
	} else if user != "" {
		return nil, conflictf(statusInUse, "external number %s is connected to the extension", user)
	}
	if e.isApp() {
		return nil, q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, e.app.ID)
	}
	if e.line.User != "" {
		return nil, conflictf(statusInUse, "the extension is that of user %s", e.line.User)
	}
	if err := q.d.cfg.Extensions.RemoveExtension(q.Context(), q.tenant, e.line.Number); err != nil {
		return nil, err
	}
	if e.kept.Serial == 0 {
		return nil, nil
	}
	err = q.d.cfg.Resources.DeleteResource(q.Context(), q.tenant, telphinivr.PhoneTopic, e.kept.Serial)
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return nil, err
}

// of refuses an extension of another type.
func (e *extension) of(kind string) error {
	if got := e.fields().Type; got != kind {
		return failf(http.StatusBadRequest, statusInvalid, "the extension is of type %s, not %s", got, kind)
	}
	return nil
}
