package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const messageColumns = `id, tenant, app, user_id, call, recording, from_addr, from_name, to_addr, duration, state, words, created, heard`

func scanMessage(r row) (m voice.Message, err error) {
	err = r.Scan(&m.ID, &m.Tenant, &m.App, &m.User, &m.Call, &m.Recording, &m.From, &m.FromName, &m.To,
		spanCol{&m.Duration}, &m.State, &m.Words, timeCol{&m.Created}, timeCol{&m.Heard})
	return m, err
}

// CreateMessage implements voice.MessageStore. The mail belongs to the
// message: its tenant and message are set from m.
func (s *Store) CreateMessage(ctx context.Context, m voice.Message, mail *voice.Mail) error {
	const op = "store.CreateMessage"
	if m.ID == "" || m.Tenant == "" {
		return voice.InvalidField(op, "id", "a message needs an id and an account")
	}
	n := names{taken: map[string]string{"messages_id": "message id " + string(m.ID), "mails_id": "the id of the mail"}}
	return s.transact(ctx, op, recordWrite, n, func(x tx) error {
		if _, err := x.exec(ctx,
			`INSERT INTO messages (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			m.ID, m.Tenant, m.App, m.User, m.Call, m.Recording, m.From, m.FromName, m.To,
			m.Duration.Microseconds(), m.State, m.Words, micros(m.Created), micros(m.Heard)); err != nil || mail == nil {
			return err
		}
		queued := *mail
		queued.Tenant, queued.Message = m.Tenant, m.ID
		return insertMail(ctx, x, queued)
	})
}

// Message implements voice.MessageStore.
func (s *Store) Message(ctx context.Context, t voice.TenantID, id voice.MessageID) (voice.Message, error) {
	return one(ctx, s, "store.Message", "message "+string(id), scanMessage,
		`SELECT `+messageColumns+` FROM messages WHERE tenant = $1 AND id = $2`, t, id)
}

// Messages implements voice.MessageStore; limit 0 = 100.
func (s *Store) Messages(ctx context.Context, t voice.TenantID, app voice.AppID, limit int) ([]voice.Message, error) {
	return many(ctx, s, "store.Messages", scanMessage,
		`SELECT `+messageColumns+` FROM messages WHERE tenant = $1 AND ($2 = '' OR app = $2)
		ORDER BY created DESC, id DESC LIMIT $3`, t, app, bound(limit, 100))
}

// UpdateMessage implements voice.MessageStore: everything but id, tenant and creation.
func (s *Store) UpdateMessage(ctx context.Context, m voice.Message) error {
	return s.change(ctx, "store.UpdateMessage", recordWrite, names{}, "message "+string(m.ID),
		`UPDATE messages SET app = $3, user_id = $4, call = $5, recording = $6, from_addr = $7, from_name = $8, to_addr = $9,
			duration = $10, state = $11, words = $12, heard = $13
		WHERE tenant = $1 AND id = $2`,
		m.Tenant, m.ID, m.App, m.User, m.Call, m.Recording, m.From, m.FromName, m.To,
		m.Duration.Microseconds(), m.State, m.Words, micros(m.Heard))
}

// DeleteMessage implements voice.MessageStore. A mail that still waits to
// deliver it is given up.
func (s *Store) DeleteMessage(ctx context.Context, t voice.TenantID, id voice.MessageID) error {
	const op = "store.DeleteMessage"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		if err := x.must(ctx, op, "message "+string(id),
			`DELETE FROM messages WHERE tenant = $1 AND id = $2`, t, id); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE mails SET state = $3, words = $4 WHERE tenant = $1 AND message = $2 AND state = $5`,
			t, id, voice.MailDead, messageDeleted, voice.MailQueued)
		return err
	})
}
