package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tandem/internal/auditchain"
	"tandem/internal/config"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type auditCmd struct {
	Verify auditVerify `cmd:"" help:"Check that no entry of the audit logs was changed, removed or put in beside the program."`
	List   auditList   `cmd:"" help:"Show the newest entries of an account's audit log, or of the server's."`
}

type auditVerify struct {
	Account string `placeholder:"ID" help:"The account (default all, and the server)."`
	Head    string `placeholder:"HASH" help:"A head that was noted before, which the account's log has to hold yet."`
}

type auditFaultJSON struct {
	Kind   auditchain.Kind `json:"kind"`
	Number int64           `json:"number"`
	ID     string          `json:"id,omitempty"`
	At     *time.Time      `json:"at,omitempty"`
	Words  string          `json:"words"`
}

type auditReportJSON struct {
	Account  voice.TenantID  `json:"account,omitempty"` // missing = the server
	Unbroken bool            `json:"unbroken"`
	Entries  int64           `json:"entries"`
	Head     string          `json:"head,omitempty"`
	Removed  int64           `json:"removed,omitempty"`
	Fault    *auditFaultJSON `json:"fault,omitempty"`
}

func (c *auditVerify) Run(p *program) error {
	if c.Head != "" && c.Account == "" {
		return voice.InvalidField("tandem", "head", "name the account whose head it was: --account ID")
	}
	return p.withStore(func(_ config.Config, st *sqlstore.Store) error {
		heads := []voice.AuditHead{{Tenant: voice.TenantID(c.Account)}}
		if c.Account == "" {
			var err error
			if heads, err = st.AuditHeads(p.ctx); err != nil {
				return err
			}
		} else if err := known(p, st, heads[0].Tenant); err != nil {
			return err
		}
		out, broken := []auditReportJSON{}, false
		for _, h := range heads {
			r, err := auditchain.Verify(p.ctx, st, h.Tenant, strings.ToLower(c.Head))
			if err != nil {
				return err
			}
			v := auditReportJSON{Account: h.Tenant, Unbroken: r.Fault == nil, Entries: r.Entries, Head: r.Head, Removed: r.Anchor}
			if f := r.Fault; f != nil {
				broken = true
				v.Fault = &auditFaultJSON{f.Kind, f.Number, f.ID, moment(f.At), r.Fault.Words}
			}
			out = append(out, v)
		}
		err := p.show(out, func(w io.Writer) {
			for _, r := range out {
				words := auditchain.Report{Entries: r.Entries, Head: r.Head}.Words()
				if r.Fault != nil {
					words = "broken: " + r.Fault.Words
				}
				row(w, logName(r.Account), words)
			}
		})
		if err == nil && broken {
			return statusError(1)
		}
		return err
	})
}

// known refuses an account that neither is nor has left entries.
func known(p *program, st *sqlstore.Store, t voice.TenantID) error {
	h, err := st.AuditHead(p.ctx, t)
	if err != nil || h.Number > 0 {
		return err
	}
	_, err = st.Tenant(p.ctx, t)
	return err
}

func logName(t voice.TenantID) string {
	if t == "" {
		return "server"
	}
	return string(t)
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

type auditList struct {
	Account string `placeholder:"ID" help:"The account (default the server's own log: refused log-ins and credentials that are no account's)."`
	Limit   int    `default:"50" help:"How many entries, from 1 to 1000."`
}

type auditEntryJSON struct {
	Number  int64               `json:"number"`
	At      time.Time           `json:"at"`
	Actor   string              `json:"actor,omitempty"`
	Kind    voice.ActorKind     `json:"actor_kind"`
	Via     string              `json:"via"`
	Source  string              `json:"source,omitempty"`
	Action  string              `json:"action"`
	Object  string              `json:"object_kind"`
	ID      string              `json:"object,omitempty"`
	Name    string              `json:"name,omitempty"`
	Changes []voice.AuditChange `json:"changes,omitempty"`
}

func (c *auditList) Run(p *program) error {
	if c.Limit < 1 || c.Limit > 1000 {
		return voice.InvalidField("tandem", "limit", "%d is not between 1 and 1000", c.Limit)
	}
	return p.withStore(func(_ config.Config, st *sqlstore.Store) error {
		t := voice.TenantID(c.Account)
		if t != "" {
			if err := known(p, st, t); err != nil {
				return err
			}
		}
		list, err := st.Audit(p.ctx, voice.AuditFilter{Tenant: t, Limit: c.Limit})
		if err != nil {
			return err
		}
		out := make([]auditEntryJSON, len(list))
		for i, e := range list {
			out[i] = auditEntryJSON{e.Number, e.At, e.Actor.Name, e.Actor.Kind, e.Actor.Via, e.Actor.Source, e.Action, e.Kind, e.Object, e.Name, e.Changes}
		}
		return p.show(out, func(w io.Writer) {
			for _, e := range out {
				var changes []string
				for _, c := range e.Changes {
					changes = append(changes, fmt.Sprintf("%s: %s → %s", c.Field, c.From, c.To))
				}
				name := e.Name
				if name == "" {
					name = e.ID
				}
				row(w, strconv.FormatInt(e.Number, 10), e.At.Local().Format("2006-01-02 15:04:05"), e.Actor, e.Via, e.Source,
					strings.TrimSpace(e.Action+" "+e.Object+" "+name), strings.Join(changes, "; "))
			}
		})
	})
}
