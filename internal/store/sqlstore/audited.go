package sqlstore

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tandem/internal/voice"
)

// Every change passes tx.exec, whoever makes it: a vendor's API, our own, the page or
// the command line. So the audit log is written there, in the same transaction, of the
// statement itself: which table, which rows, which columns, from what to what.

// auditTables are the tables whose changes are noted, with what their rows are called
// and the columns that hold their id and, in order, their name.
var auditTables = map[string]struct {
	kind, id string
	names    []string
}{
	"tenants":       {"account", "id", []string{"name"}},
	"users":         {"user", "id", []string{"first_name", "last_name", "email"}},
	"tokens":        {"credential", "id", []string{"kind", "name"}},
	"access_tokens": {"key", "", []string{"kind", "name"}},
	"links":         {"link", "", []string{"purpose"}},
	"apps":          {"app", "id", []string{"name"}},
	"sounds":        {"sound", "id", []string{"name"}},
	"numbers":       {"number", "e164", nil},
	"extensions":    {"extension", "number", nil},
	"trunks":        {"trunk", "id", []string{"name"}},
	"resources":     {"resource", "serial", []string{"kind", "name"}},
	"recordings":    {"recording", "id", nil},
	"captures":      {"capture", "id", nil},
	"messages":      {"message", "id", nil},

	"second_factors": {"second factor", "user_id", nil},
	"passkeys":       {"passkey", "id", []string{"name"}},
}

// Columns that say nothing to people, are secret, or too long to be shown: of the
// last it is said that they were changed.
var (
	auditSilent = []string{"tenant", "created", "updated", "used", "version", "name_key", "email_key", "serial", "blob_key", "ref", "heard", "last_step", "credential", "public_key", "transports", "sign_count"}
	auditSecret = []string{"hash", "sealed", "ha1_md5", "ha1_sha256", "key_hash"}
	auditLong   = []string{"document", "data", "body", "canary"}
)

// changing is what a statement changes.
type changing struct {
	table  string
	action string
	set    map[string]int // column → index of its argument
	where  string         // numbered from $1
	args   []int          // indexes of the arguments of where
}

var (
	insertText = regexp.MustCompile(`(?s)^\s*INSERT INTO (\w+) \(([^)]*)\)\s*VALUES \(([^)]*)\)`)
	updateText = regexp.MustCompile(`(?s)^\s*UPDATE (\w+) SET (.*?)\s+WHERE (.*)$`)
	deleteText = regexp.MustCompile(`(?s)^\s*DELETE FROM (\w+) WHERE (.*)$`)
	setText    = regexp.MustCompile(`(\w+) = \$(\d+)`)
	argText    = regexp.MustCompile(`\$(\d+)`)

	changings sync.Map // query → *changing, nil = it is not noted; the queries are constants
)

func changingOf(query string) *changing {
	if c, ok := changings.Load(query); ok {
		return c.(*changing)
	}
	c := parseChanging(query)
	changings.Store(query, c)
	return c
}

func parseChanging(query string) *changing {
	if m := insertText.FindStringSubmatch(query); m != nil {
		c := &changing{table: m[1], action: "created", set: map[string]int{}}
		values := strings.Split(m[3], ",")
		for i, column := range strings.Split(m[2], ",") {
			if i >= len(values) {
				break
			}
			if a := argText.FindStringSubmatch(strings.TrimSpace(values[i])); a != nil {
				c.set[strings.TrimSpace(column)] = number(a[1])
			}
		}
		return c.known()
	}
	if m := updateText.FindStringSubmatch(query); m != nil {
		c := &changing{table: m[1], action: "changed", set: map[string]int{}}
		for _, a := range setText.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(auditSilent, a[1]) {
				c.set[a[1]] = number(a[2])
			}
		}
		if len(c.set) == 0 {
			return nil
		}
		return c.only(m[3]).known()
	}
	if m := deleteText.FindStringSubmatch(query); m != nil {
		return (&changing{table: m[1], action: "deleted"}).only(m[2]).known()
	}
	return nil
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n - 1
}

// only sets which rows are meant.
func (c *changing) only(where string) *changing {
	where, _, _ = strings.Cut(where, " RETURNING ")
	c.where = argText.ReplaceAllStringFunc(where, func(a string) string {
		at := slices.Index(c.args, number(a[1:]))
		if at < 0 {
			at = len(c.args)
			c.args = append(c.args, number(a[1:]))
		}
		return "$" + strconv.Itoa(at+1)
	})
	return c
}

// known gives c when it is to be noted: changes of one account's rows. What sweeps over
// all accounts is the server's own.
func (c *changing) known() *changing {
	if _, ok := auditTables[c.table]; !ok {
		return nil
	}
	if c.action != "deleted" && (c.table == "recordings" || c.table == "captures" || c.table == "messages") {
		return nil // calls make them
	}
	if c.where != "" && c.table != "tenants" && !strings.Contains(c.where, "tenant = ") {
		return nil
	}
	return c
}

// maxAuditRows bounds the rows of one statement that are noted.
const maxAuditRows = 50

// noted gives what to note of a statement that is about to run; nil for nothing.
func (t tx) noted(ctx context.Context, query string, args []any) ([]voice.AuditEntry, error) {
	actor, ok := voice.ActorOf(ctx)
	if !ok {
		return nil, nil
	}
	c := changingOf(query)
	if c == nil {
		return nil, nil
	}
	set := map[string]any{}
	for column, i := range c.set {
		if i < len(args) {
			set[column] = storable(args[i : i+1])[0]
		}
	}
	rows := []map[string]any{nil}
	if c.where != "" {
		var some []any
		for _, i := range c.args {
			if i >= len(args) {
				return nil, nil
			}
			some = append(some, args[i])
		}
		var err error
		if rows, err = t.rowsOf(ctx, `SELECT * FROM `+c.table+` WHERE `+c.where+` LIMIT `+strconv.Itoa(maxAuditRows), some); err != nil {
			return nil, err
		}
	}
	var list []voice.AuditEntry
	for _, was := range rows {
		if e, ok := c.entry(was, set); ok {
			e.Actor = actor
			list = append(list, e)
		}
	}
	return list, nil
}

// rowsOf reads rows by the names of their columns.
func (t tx) rowsOf(ctx context.Context, query string, args []any) (list []map[string]any, err error) {
	rows, err := t.QueryContext(ctx, query, storable(args)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		m := map[string]any{}
		for i, column := range columns {
			m[column] = values[i]
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// entry says what becomes of a row; false when nothing that is shown does.
func (c *changing) entry(was, set map[string]any) (voice.AuditEntry, bool) {
	about := auditTables[c.table]
	value := func(column string) string {
		if v, ok := set[column]; ok && c.action == "created" {
			return auditText(v)
		}
		return auditText(was[column])
	}
	e := voice.AuditEntry{Action: c.action, Kind: about.kind, Tenant: voice.TenantID(value("tenant"))}
	if c.table == "tenants" {
		e.Tenant = voice.TenantID(value("id"))
	}
	if about.id != "" {
		e.Object = value(about.id)
	}
	var names []string
	for _, column := range about.names {
		if v := value(column); v != "" {
			names = append(names, v)
		}
	}
	e.Name = strings.Join(names, " ")
	if c.action == "deleted" {
		return e, true
	}
	for column, v := range set {
		from, to := auditText(was[column]), auditText(v)
		switch {
		case slices.Contains(auditSilent, column) || column == about.id || sameValue(was[column], v):
			continue
		case slices.Contains(auditSecret, column):
			if to == "" && from == "" {
				continue
			}
			from, to = "", "new, not shown"
		case slices.Contains(auditLong, column):
			from, to = sizeOf(from), sizeOf(to)
		}
		if from == "" && to == "" {
			continue
		}
		e.Changes = append(e.Changes, voice.AuditChange{Field: column, From: short(from), To: short(to)})
	}
	slices.SortFunc(e.Changes, func(a, b voice.AuditChange) int { return strings.Compare(a.Field, b.Field) })
	return e, c.action == "created" || len(e.Changes) > 0
}

func sizeOf(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%d bytes", len(s))
}

// sameValue compares what is stored with what will be; databases keep booleans in
// several ways.
func sameValue(a, b any) bool {
	if t, ok := b.(bool); ok {
		switch n := a.(type) {
		case int64:
			return (n != 0) == t
		case bool:
			return n == t
		}
	}
	return auditText(a) == auditText(b)
}

func auditText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}
