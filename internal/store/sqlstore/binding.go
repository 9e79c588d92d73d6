package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const bindingColumns = `tenant, extension, contact, source, transport, call_id, cseq, user_agent, expires, path`

// readBindings has the policy of their extension too.
const readBindings = bindingColumns + `, COALESCE((SELECT srtp FROM extensions e WHERE e.tenant = bindings.tenant AND e.number = bindings.extension), '')`

func scanBinding(r row) (b voice.Binding, err error) {
	var cseq int64
	err = r.Scan(&b.Tenant, &b.Extension, &b.Contact, &b.Source, &b.Transport, &b.CallID, &cseq, &b.UserAgent, timeCol{&b.Expires}, jsonCol{&b.Path}, &b.SRTP)
	b.CSeq = uint32(cseq)
	return b, err
}

// PutBinding implements voice.BindingStore. NotExist when the tenant has no
// such extension.
func (s *Store) PutBinding(ctx context.Context, b voice.Binding) error {
	return s.insert(ctx, "store.PutBinding", relaxedWrite, names{parent: "extension " + b.Extension},
		`INSERT INTO bindings (`+bindingColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (tenant, extension, contact) DO UPDATE SET source = excluded.source, transport = excluded.transport,
			call_id = excluded.call_id, cseq = excluded.cseq, user_agent = excluded.user_agent, expires = excluded.expires,
			path = excluded.path`,
		b.Tenant, b.Extension, b.Contact, b.Source, b.Transport, b.CallID, int64(b.CSeq), b.UserAgent, micros(b.Expires), jsonText(b.Path))
}

// RemoveBinding implements voice.BindingStore. Removing what is not there is
// no error: the phone is gone either way.
func (s *Store) RemoveBinding(ctx context.Context, t voice.TenantID, extension, contact string) error {
	return s.insert(ctx, "store.RemoveBinding", relaxedWrite, names{},
		`DELETE FROM bindings WHERE tenant = $1 AND extension = $2 AND ($3 = '' OR contact = $3)`, t, extension, contact)
}

// Bindings implements voice.BindingStore: the one that lasts longest first.
func (s *Store) Bindings(ctx context.Context, t voice.TenantID, extension string, now time.Time) ([]voice.Binding, error) {
	return many(ctx, s, "store.Bindings", scanBinding,
		`SELECT `+readBindings+` FROM bindings WHERE tenant = $1 AND ($2 = '' OR extension = $2) AND expires > $3
		ORDER BY extension, expires DESC, contact`, t, extension, micros(now))
}
