package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"tandem/internal/auditchain"
	"tandem/internal/voice"
)

// AuditReport says whether the chain of an audit log is whole.
type AuditReport struct {
	Unbroken bool        `json:"unbroken" doc:"No entry was changed, removed, put in or moved beside the program"`
	Words    string      `json:"words" example:"unbroken, 12 entries, head 9f…" doc:"The report in a sentence"`
	Entries  int64       `json:"entries" doc:"Entries that were checked and are whole"`
	Head     string      `json:"head,omitempty" doc:"Hash of the last of them. Who notes it elsewhere can ask later whether the log still holds it"`
	Removed  int64       `json:"removed,omitempty" doc:"Entries at the beginning that their age or number has removed"`
	Fault    *AuditFault `json:"fault,omitempty" doc:"The first that is not as it was written"`
}

// AuditFault is the first entry that is not as it was written.
type AuditFault struct {
	Kind   string     `json:"kind" enum:"changed,removed,inserted,out of order,rewritten"`
	Number int64      `json:"number" doc:"Place in the chain"`
	ID     string     `json:"id,omitempty" doc:"Of the entry there; missing = there is none"`
	At     *time.Time `json:"at,omitempty" doc:"The moment that it bears"`
	Words  string     `json:"words"`
}

// AuditSeen names a hash that the log held before.
type AuditSeen struct {
	Head string `query:"head" maxLength:"64" pattern:"^[0-9a-fA-F]{64}$" patternDescription:"64 hexadecimal digits" doc:"A head that was noted before, which the log has to hold yet"`
}

// auditTime bounds the check of one log, which may have a hundred thousand entries.
const auditTime = 60 * time.Second

func (a *API) registerAuditChains(section string) {
	const text = "Each entry holds the SHA-256 over what it says and over the one before, so entries that were changed, removed, put in or moved in the database are found. Every entry is read."
	handle(a, route{id: "verify-audit", method: http.MethodGet, path: "/audit/chain", section: section, scope: AuditRead,
		title: "Check that the audit log is whole", text: text}, a.verifyAudit)
	handle(a, route{id: "list-server-audit", method: http.MethodGet, path: "/server/audit", section: section, scope: Operator,
		title: "Read the server's own audit log", text: "Log-ins and credentials that were refused and are no account's, summed up where they come in numbers."}, a.listServerAudit)
	handle(a, route{id: "verify-server-audit", method: http.MethodGet, path: "/server/audit/chain", section: section, scope: Operator,
		title: "Check that the server's own audit log is whole", text: text}, a.verifyServerAudit)
}

func (a *API) verifyAudit(ctx context.Context, c caller, in *AuditSeen) (*answer[AuditReport], error) {
	return a.verify(ctx, c.tenant, in.Head)
}

func (a *API) verifyServerAudit(ctx context.Context, _ caller, in *AuditSeen) (*answer[AuditReport], error) {
	return a.verify(ctx, "", in.Head)
}

func (a *API) verify(ctx context.Context, t voice.TenantID, seen string) (*answer[AuditReport], error) {
	r, err := within(ctx, a, t, auditTime, "the check of the audit log", func(ctx context.Context) (auditchain.Report, error) {
		return auditchain.Verify(ctx, a.cfg.AuditChain, t, strings.ToLower(seen))
	})
	if err != nil {
		return nil, err
	}
	v := AuditReport{Unbroken: r.Fault == nil, Words: r.Words(), Entries: r.Entries, Head: r.Head, Removed: r.Anchor}
	if f := r.Fault; f != nil {
		v.Fault = &AuditFault{string(f.Kind), f.Number, f.ID, moment(f.At), f.Words}
	}
	return body(v), nil
}

// listServerAudit gives what belongs to no account.
func (a *API) listServerAudit(ctx context.Context, _ caller, in *AuditFilter) (*answer[Page[AuditEntry]], error) {
	return a.auditOf(ctx, "", in)
}
