package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const mailColumns = `id, tenant, message, call, to_addr, subject, text, attachment, file_name, state, attempts, next_at, words, created`

// messageDeleted is why a mail is given up whose message is gone.
const messageDeleted = "the message was deleted"

func scanMail(r row) (m voice.Mail, err error) {
	err = r.Scan(&m.ID, &m.Tenant, &m.Message, &m.Call, &m.To, &m.Subject, &m.Text, &m.Attachment, &m.FileName,
		&m.State, &m.Attempts, timeCol{&m.Next}, &m.Words, timeCol{&m.Created})
	return m, err
}

func insertMail(ctx context.Context, x tx, m voice.Mail) error {
	_, err := x.exec(ctx,
		`INSERT INTO mails (`+mailColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		m.ID, m.Tenant, m.Message, m.Call, m.To, m.Subject, m.Text, m.Attachment, m.FileName,
		m.State, m.Attempts, due(m.Next, m.Created), m.Words, micros(m.Created))
	return err
}

// due gives when something of an outbox is due, as it is stored. It is never 0,
// which is kept for "nothing waits".
func due(next, created time.Time) int64 {
	if next.IsZero() {
		next = created
	}
	return max(micros(next), 1)
}

// DueMails implements voice.MailStore; limit 0 = 100.
func (s *Store) DueMails(ctx context.Context, now time.Time, limit int) ([]voice.Mail, error) {
	return many(ctx, s, "store.DueMails", scanMail,
		`SELECT `+mailColumns+` FROM mails WHERE state = 'queued' AND next_at <= $1 ORDER BY created, id LIMIT $2`,
		micros(now), bound(limit, 100))
}

// UpdateMail implements voice.MailStore. A message that was deleted meanwhile
// is no error: the mail's own state still counts, but it is not queued again.
func (s *Store) UpdateMail(ctx context.Context, m voice.Mail, msg *voice.Message) error {
	const op = "store.UpdateMail"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		if err := x.must(ctx, op, "mail "+string(m.ID),
			`UPDATE mails SET state = $3, attempts = $4, next_at = $5, words = $6 WHERE tenant = $1 AND id = $2`,
			m.Tenant, m.ID, m.State, m.Attempts, due(m.Next, m.Created), m.Words); err != nil {
			return err
		}
		_, err := x.exec(ctx,
			`UPDATE mails SET state = $3, words = $4 WHERE tenant = $1 AND id = $2 AND state = $5
				AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.tenant = mails.tenant AND messages.id = mails.message)`,
			m.Tenant, m.ID, voice.MailDead, messageDeleted, voice.MailQueued)
		if err != nil || msg == nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE messages SET state = $3, words = $4 WHERE tenant = $1 AND id = $2`,
			m.Tenant, msg.ID, msg.State, msg.Words)
		return err
	})
}

// NextMail implements voice.MailStore.
func (s *Store) NextMail(ctx context.Context) (time.Time, error) {
	return one(ctx, s, "store.NextMail", "a queue", func(r row) (next time.Time, err error) {
		return next, r.Scan(timeCol{&next})
	}, `SELECT COALESCE(MIN(next_at), 0) FROM mails WHERE state = 'queued'`)
}
