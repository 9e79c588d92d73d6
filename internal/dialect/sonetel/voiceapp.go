package sonetel

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

func listApps(q *request) (any, error) {
	apps, err := q.apps()
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, a := range apps {
		doc, err := parseDocument(a)
		if err != nil {
			return nil, err
		}
		list = append(list, q.appReply(a, doc))
	}
	return list, nil
}

// apps lists the account's voice apps; apps of other kinds are not this API's.
func (q *request) apps() ([]voice.App, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	return slices.DeleteFunc(apps, func(a voice.App) bool { return a.Kind != Kind }), err
}

// app finds the app of the path.
func (q *request) app() (voice.App, document, error) {
	if err := q.account(); err != nil {
		return voice.App{}, document{}, err
	}
	return q.appByID(q.params["app"])
}

func (q *request) appByID(id string) (voice.App, document, error) {
	gone := failf(codeAppNotFound, "app_id: voice app %q does not exist in this account", id)
	a, err := q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(id))
	if err != nil {
		return a, document{}, ifNotExist(err, gone)
	}
	if a.Kind != Kind {
		return a, document{}, gone
	}
	doc, err := parseDocument(a)
	return a, doc, err
}

// appReply is an app as replies show it.
func (q *request) appReply(a voice.App, doc document) reply {
	shown := doc.Type
	if a.Default && doc.Type == typeSystem {
		shown = "sysprompts" // as the vendor's own examples
	}
	head := reply{{"app_id", a.ID}, {"account_id", q.tenant}, {"name", doc.Name}, {"app_type", shown},
		{"shortcode", a.Shortcode}, {"sip_address", string(a.ID) + "@" + q.d.cfg.SIPDomain}}
	for _, m := range doc.reply() {
		if m.name != "app_type" && m.name != "name" {
			head = append(head, m)
		}
	}
	return append(head, member{"tts_allowed", "yes"})
}

func getApp(q *request) (any, error) {
	a, doc, err := q.app()
	if err != nil {
		return nil, err
	}
	return q.appReply(a, doc), nil
}

// appType reads app_type; "" when it is not given.
func appType(body input.Fields) (string, error) {
	t, err := input.Text(body["app_type"], "app_type")
	if err != nil {
		return "", failf(codeAppType, "%s", err)
	}
	switch t = strings.ToLower(t); t {
	case "sysprompts":
		return typeSystem, nil
	case "", typeIVR, typeMailbox, typeSystem:
		return t, nil
	}
	return "", failf(codeAppType, "app_type: %q is none of ivr, mailbox, sysprompt", t)
}

func postApp(q *request) (any, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	t, err := appType(body)
	switch {
	case err != nil:
		return nil, err
	case t == "":
		return nil, failf(codeAppType, "app_type: the type is missing; ivr or mailbox")
	case t == typeSystem:
		return nil, failf(codeAppType, "app_type: an app of system prompts can't be created; every account has one")
	}
	doc := newDocument(t)
	if err := doc.merge(body); err != nil {
		return nil, err
	}
	if doc.DeliverTo == "user" && doc.DeliverToDetails == "" {
		if doc.DeliverToDetails, err = q.owner(); err != nil {
			return nil, err
		}
	}
	if err := q.d.checkReferences(q.Context(), voice.App{Tenant: q.tenant, Type: t, Name: doc.Name}, document{}, doc); err != nil {
		return nil, err
	}
	q.d.making.Lock()
	defer q.d.making.Unlock()
	a, err := createApp(q.Context(), q.d.cfg.Apps, q.d.cfg.Sounds, q.tenant, doc, false, q.d.cfg.Now())
	if err != nil {
		return nil, err
	}
	return q.appReply(a, doc), nil
}

// owner is the account's first administrator, to whom messages go by default.
func (q *request) owner() (string, error) {
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	for _, u := range users {
		if u.Role == voice.RoleAdmin {
			return string(u.ID), nil
		}
	}
	return string(q.user.ID), err
}

func putApp(q *request) (any, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	t, err := appType(body)
	if err != nil {
		return nil, err
	}
	const tries = 5 // two clients may change different keys of one menu at once
	for range tries {
		a, doc, err := q.app()
		if err != nil {
			return nil, err
		}
		if t != "" && t != a.Type {
			return nil, failf(codeAppType, "app_type: the type is %s and can't be changed to %s", a.Type, t)
		}
		before := doc
		if err := doc.merge(body); err != nil {
			return nil, err
		}
		if doc.DeliverTo == "user" && doc.DeliverToDetails == "" {
			if doc.DeliverToDetails, err = q.owner(); err != nil {
				return nil, err
			}
		}
		if err := q.d.checkReferences(q.Context(), a, before, doc); err != nil {
			return nil, err
		}
		if a.Document, err = doc.marshal(); err != nil {
			return nil, voice.E("sonetel.putApp", voice.Internal, err)
		}
		a.Name, a.Updated = doc.Name, q.d.cfg.Now()
		_, err = q.d.cfg.Apps.UpdateApp(q.Context(), a)
		if voice.IsKind(err, voice.Conflict) {
			continue
		}
		if err != nil {
			return nil, ifNotExist(err, failf(codeAppNotFound, "app_id: voice app %q does not exist in this account", a.ID))
		}
		return q.appReply(a, doc), nil
	}
	return nil, failf(codeBusy, "the app is being changed by someone else; try again")
}

// checkReferences refuses what refers to nothing, unless it was so before: an
// app keeps working, and can be changed, when something it names is deleted.
func (d *Dialect) checkReferences(ctx context.Context, a voice.App, before, doc document) error {
	raw, err := doc.marshal()
	if err != nil {
		return voice.E("sonetel.checkReferences", voice.Internal, err)
	}
	a.Document = raw
	_, diags, err := d.Compile(ctx, a, d.resolver(a.Tenant))
	if err != nil {
		return err
	}
	for _, diag := range diags {
		if diag.Severity != flow.Error || unchanged(diag.Pointer, before, doc) {
			continue
		}
		code := map[string]string{diagDestination: codeDestination, diagPrompt: codePrompt}[diag.Code]
		return failf(cmp.Or(code, codeField), "%s", diag.Text)
	}
	return nil
}

// unchanged reports whether the field at pointer is the same in both documents.
func unchanged(pointer string, before, after document) bool {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	switch parts[0] {
	case "menu":
		return len(parts) > 1 && before.Menu[parts[1]] == after.Menu[parts[1]]
	case "final_action":
		return before.FinalAction == after.FinalAction
	case "deliver_to_details":
		return before.DeliverToDetails == after.DeliverToDetails && before.DeliverTo == after.DeliverTo
	}
	return reflect.DeepEqual(before, after)
}

func deleteApp(q *request) (any, error) {
	a, _, err := q.app()
	if err != nil {
		return nil, err
	}
	if a.Default {
		return nil, failf(codeDefaultApp, "app_id: %s is a default app and can't be deleted", a.Name)
	}
	if err := q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, a.ID); err != nil {
		return nil, ifNotExist(err, failf(codeAppNotFound, "app_id: voice app %q does not exist in this account", a.ID))
	}
	return "Voice App deleted successfully", nil
}

// Check compiles a voice app document that is in no store yet and says what is
// wrong with it: body is what a client would POST.
func (d *Dialect) Check(ctx context.Context, body json.RawMessage, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return check(ctx, body, r, d.cfg.Timers)
}

func check(ctx context.Context, body json.RawMessage, r dialect.Resolver, timers Timers) (flow.Program, flow.Diagnostics, error) {
	var diags flow.Diagnostics
	app, err := checkedApp(body)
	if err != nil {
		diags.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return flow.Program{}, diags, nil
	}
	return compile(ctx, app, r, timers)
}

func checkedApp(body json.RawMessage) (voice.App, error) {
	f, err := input.ParseObject(body)
	if err != nil {
		return voice.App{}, err
	}
	t, err := appType(f)
	if err != nil {
		return voice.App{}, err
	}
	if t == "" {
		return voice.App{}, failf(codeAppType, "app_type: the type is missing")
	}
	doc := newDocument(t)
	if err := doc.merge(f); err != nil {
		return voice.App{}, err
	}
	raw, err := doc.marshal()
	return voice.App{ID: "VAchecked", Kind: Kind, Type: t, Name: doc.Name, Document: raw}, err
}
