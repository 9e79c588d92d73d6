package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/voice"
)

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	ID      string        `json:"id"`
	Number  int64         `json:"number" doc:"Place in the chain of the log, from 1"`
	Hash    string        `json:"hash" doc:"SHA-256 over what the entry says and the hash of the one before"`
	At      time.Time     `json:"at"`
	Actor   AuditActor    `json:"actor"`
	Action  string        `json:"action" doc:"What was done: created, changed, deleted, logged in, logged out, log-in failed, second factor failed, used, listened to, exported …"`
	Kind    string        `json:"kind" doc:"Of the object: account, user, second factor, passkey, credential, key, link, app, sound, number, extension, trunk, resource, recording, capture, message"`
	Object  string        `json:"object,omitempty" doc:"Its id"`
	Name    string        `json:"name,omitempty" doc:"What people call it"`
	Changes []AuditChange `json:"changes,omitempty" doc:"What is different; secrets and long texts are not shown"`
}

// AuditActor is who did it.
type AuditActor struct {
	Kind   string `json:"kind" enum:"user,key,credential,host,unknown" doc:"A person at the web app; a key of this API; a credential of a vendor's API; the command line on the server's host; somebody whose log-in failed"`
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	Via    string `json:"via" doc:"page, api, cli or the vendor whose API it was"`
	Source string `json:"source,omitempty" doc:"Address that it came from; missing = the server's host"`
}

// AuditChange is a field before and after.
type AuditChange struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// AuditQuery chooses entries.
type AuditQuery struct {
	After  time.Time `query:"after" doc:"At or after it"`
	Before time.Time `query:"before" doc:"Before it"`
	Action string    `query:"action" maxLength:"60"`
	Kind   string    `query:"kind" maxLength:"60" doc:"Of the object"`
	Object string    `query:"object" maxLength:"255" doc:"Id of the object"`
	Actor  string    `query:"actor" maxLength:"255" doc:"Id or name of who did it"`
	Search string    `query:"search" maxLength:"100" doc:"Part of who did it, from where, the object's id or its name; case does not count"`
}

// AuditFilter chooses a part of the entries.
type AuditFilter struct {
	AuditQuery
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"100" doc:"Next of the part before"`
}

// maxAuditCSV bounds an exported file, in entries.
const maxAuditCSV = 20_000

func (a *API) registerAudit() {
	const section = "Audit log"
	const text = "Every change over this API, the vendors' APIs, the page and the command line, log-ins and what was listened to or exported. Entries can't be changed; the setting audit_days says how long they are kept."
	handle(a, route{id: "list-audit", method: http.MethodGet, path: "/audit", section: section, scope: AuditRead, title: "Read the audit log, newest first", text: text}, a.listAudit)
	handle(a, route{id: "export-audit", method: http.MethodGet, path: "/audit.csv", section: section, scope: AuditRead, content: csvType, noted: "exported",
		title: "Export the audit log as CSV", text: fmt.Sprintf("The newest %d entries that fit. Values that a spreadsheet would take for formulas begin with an apostrophe.", maxAuditCSV)}, a.exportAudit)
	a.registerAuditChains(section)
}

const csvType = "text/csv"

// noting notes in the audit log that an operation was done, once it was.
func (a *API) noting(r route) func(ctx huma.Context, next func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		next(ctx)
		actor, ok := voice.ActorOf(ctx.Context())
		if !ok || !carriedOut(ctx) {
			return
		}
		first, rest, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
		first, _, _ = strings.Cut(first, ".")
		e := voice.AuditEntry{Tenant: callerOf(ctx.Context()).tenant, At: a.cfg.Now(), Actor: actor, Action: r.noted, Kind: strings.TrimSuffix(first, "s")}
		if name, _, ok := strings.Cut(strings.TrimPrefix(rest, "{"), "}"); ok {
			e.Object = ctx.Param(name)
		}
		if err := a.cfg.Audit.AppendAudit(context.WithoutCancel(ctx.Context()), e); err != nil {
			a.cfg.Log.Error("not noted in the audit log", "operation", r.id, "err", err)
		}
	}
}

// carriedOut says whether an operation was. One whose answer is a file has no status, and
// of the parts that a player asks for one by one the first counts.
func carriedOut(ctx huma.Context) bool {
	switch status := ctx.Status(); status {
	case 0:
		part := ctx.Header("Range")
		return part == "" || strings.HasPrefix(part, "bytes=0-")
	default:
		return status >= 200 && status <= 299
	}
}

func (q AuditQuery) filter(t voice.TenantID) voice.AuditFilter {
	return voice.AuditFilter{Tenant: t, After: q.After, Before: q.Before, Action: q.Action, Kind: q.Kind, Object: q.Object, Actor: q.Actor, Search: q.Search}
}

func (a *API) listAudit(ctx context.Context, c caller, in *AuditFilter) (*answer[Page[AuditEntry]], error) {
	return a.auditOf(ctx, c.tenant, in)
}

func (a *API) auditOf(ctx context.Context, t voice.TenantID, in *AuditFilter) (*answer[Page[AuditEntry]], error) {
	f := in.filter(t)
	f.Limit = in.Limit + 1
	if in.Cursor != "" {
		var micros int64
		raw, err := base64.RawURLEncoding.DecodeString(in.Cursor)
		if err == nil {
			_, err = fmt.Sscanf(string(raw), "%d/%s", &micros, &f.BeforeID)
		}
		if err != nil {
			return nil, invalid("query.cursor", "it is not the next of a list")
		}
		f.Before = time.UnixMicro(micros)
	}
	list, err := a.cfg.Audit.Audit(ctx, f)
	if err != nil {
		return nil, err
	}
	page := all(list[:min(len(list), in.Limit)], showAudit)
	if len(list) > in.Limit {
		last := list[in.Limit-1]
		page.Body.Next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%s", last.At.UnixMicro(), last.ID))
	}
	return page, nil
}

func showAudit(e voice.AuditEntry) AuditEntry {
	v := AuditEntry{ID: e.ID, Number: e.Number, Hash: e.Hash, At: e.At.UTC(), Action: e.Action, Kind: e.Kind, Object: e.Object, Name: e.Name,
		Actor: AuditActor{string(e.Actor.Kind), e.Actor.ID, e.Actor.Name, e.Actor.Via, e.Actor.Source}}
	for _, c := range e.Changes {
		v.Changes = append(v.Changes, AuditChange(c))
	}
	return v
}

// file is an answer that is saved as a file.
type file struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) exportAudit(ctx context.Context, c caller, in *AuditQuery) (*file, error) {
	f := in.filter(c.tenant)
	f.Limit = maxAuditCSV
	list, err := a.cfg.Audit.Audit(ctx, f)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.UseCRLF = true
	rows := [][]string{{"time", "who", "kind of who", "by way of", "from", "action", "kind", "object", "name", "changes"}}
	for _, e := range list {
		var changes []string
		for _, c := range e.Changes {
			changes = append(changes, fmt.Sprintf("%s: %q → %q", c.Field, c.From, c.To))
		}
		rows = append(rows, []string{e.At.UTC().Format(time.RFC3339), e.Actor.Name, string(e.Actor.Kind), e.Actor.Via, e.Actor.Source,
			e.Action, e.Kind, e.Object, e.Name, strings.Join(changes, "; ")})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = inert(row[i])
		}
		_ = w.Write(row) // into memory
	}
	w.Flush()
	return &file{csvType + "; charset=utf-8", `attachment; filename="audit.csv"`, text.Bytes()}, nil
}

// inert keeps spreadsheets from taking a cell for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
