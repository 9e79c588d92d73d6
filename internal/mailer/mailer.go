package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"time"

	"tandem/internal/blob"
	"tandem/internal/clock"
	"tandem/internal/voice"
)

// SMTP is the mail server.
type SMTP struct {
	Host     string // "" = mails stay in the outbox
	Port     int
	User     string // "" = no log-in
	Password string
	From     string // "tandem@example.com" or "Tandem <tandem@example.com>"
	TLS      string // "starttls", "tls", "opportunistic" or "none"
	// TLSConfig is for servers with a certificate of their own; nil = the
	// system's authorities.
	TLSConfig *tls.Config
}

// Messages finds the voicemail message that a mail delivers.
type Messages interface {
	Message(ctx context.Context, t voice.TenantID, id voice.MessageID) (voice.Message, error)
}

// Config is what a Mailer works with.
type Config struct {
	Store    voice.MailStore
	Messages Messages
	Blobs    blob.Store
	SMTP     SMTP
	Lame     string      // path of lame, to attach MP3; "" = WAV
	Clock    clock.Clock // nil = the machine's
	Log      *slog.Logger
	// OnResult is told of every attempt, after it was stored: State is MailSent,
	// MailDead, or MailQueued for one that is tried again. words say it for a
	// timeline. msg is nil when the mail delivers none. It must not block.
	OnResult func(m voice.Mail, msg *voice.Message, words string)
}

// Bounds.
const (
	sendTime   = 5 * time.Minute  // one mail, all in all
	stepTime   = 30 * time.Second // one answer of the server
	batch      = 50
	storePause = 30 * time.Second // after the store failed
	idle       = time.Hour        // look again, whatever the store said
	storeTime  = 10 * time.Second // to write an outcome while closing
)

// Schedule gives the pauses before each further attempt: three days in all.
func Schedule() []time.Duration {
	return []time.Duration{
		time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 12 * time.Hour, 12*time.Hour + 24*time.Minute,
	}
}

// NoServer is why a mail waits when no mail server is set.
const NoServer = "no mail server is set (smtp.host): the message is kept here"

// Mailer works the outbox.
type Mailer struct {
	cfg    Config
	from   *mail.Address
	kick   chan struct{} // in: there may be something to do
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the goroutine is over

	// Of the goroutine alone: outcomes that the store did not take yet.
	unsaved map[voice.MailID]outcome
}

type outcome struct {
	mail  voice.Mail
	msg   *voice.Message
	words string
	store bool // msg changed too
}

// Start begins to work the outbox. Invalid when the settings can't be used.
func Start(cfg Config) (*Mailer, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mailer{cfg: cfg, kick: make(chan struct{}, 1), done: make(chan struct{}), unsaved: map[voice.MailID]outcome{}}
	if cfg.SMTP.Host != "" {
		var err error
		if m.from, err = mail.ParseAddress(cfg.SMTP.From); err != nil {
			return nil, voice.InvalidField("mailer.Start", "smtp.from", "%q is not an e-mail address", cfg.SMTP.From)
		}
		if _, err := m.client(); err != nil {
			return nil, voice.InvalidField("mailer.Start", "smtp", "%w", err)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	m.cancel = cancel
	go m.run(ctx)
	return m, nil
}

// Kick says that the outbox has a new mail. It never blocks.
func (m *Mailer) Kick() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// Close stops, in the middle of a mail if need be, and waits until the outcome
// of that is stored.
func (m *Mailer) Close() error {
	m.cancel(errors.New("the mailer is closing"))
	<-m.done
	return nil
}

func (m *Mailer) run(ctx context.Context) {
	defer close(m.done)
	for ctx.Err() == nil {
		next, err := m.round(ctx)
		if err != nil && ctx.Err() == nil {
			m.cfg.Log.Error("outbox of mails", "err", err)
			next = m.cfg.Clock.Now().Add(storePause)
		}
		m.wait(ctx, next)
	}
}

// wait returns at next, at a kick, or when ctx ends; a zero next never comes.
func (m *Mailer) wait(ctx context.Context, next time.Time) {
	d := idle
	if !next.IsZero() {
		d = min(idle, next.Sub(m.cfg.Clock.Now()))
	}
	t := m.cfg.Clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C():
	case <-m.kick:
	case <-ctx.Done():
	}
}

// round sends everything that is due and gives when to come again.
func (m *Mailer) round(ctx context.Context) (next time.Time, err error) {
	if err := m.flush(ctx); err != nil {
		return time.Time{}, err
	}
	if m.cfg.SMTP.Host == "" {
		return time.Time{}, m.explainWaiting(ctx)
	}
	for ctx.Err() == nil {
		due, err := m.cfg.Store.DueMails(ctx, m.cfg.Clock.Now(), batch)
		if err != nil {
			return time.Time{}, err
		}
		if len(due) == 0 {
			break
		}
		for _, mail := range due {
			if ctx.Err() != nil {
				return time.Time{}, nil
			}
			if err := m.attempt(ctx, mail); err != nil {
				return time.Time{}, err
			}
		}
	}
	return m.cfg.Store.NextMail(ctx)
}

// explainWaiting notes on every mail why it waits.
func (m *Mailer) explainWaiting(ctx context.Context) error {
	due, err := m.cfg.Store.DueMails(ctx, m.cfg.Clock.Now(), 1000)
	if err != nil {
		return err
	}
	for _, mail := range due {
		if mail.Words == NoServer {
			continue
		}
		mail.Words = NoServer
		if err := m.cfg.Store.UpdateMail(ctx, mail, nil); err != nil {
			return err
		}
		m.tell(mail, nil, "mail to "+mail.To+" waits: "+NoServer)
	}
	return nil
}

// attempt sends one mail. The try is noted before it is made, so that a crash
// in the middle neither hammers the server nor is forgotten.
func (m *Mailer) attempt(ctx context.Context, mail voice.Mail) error {
	pauses := Schedule()
	last := mail.Attempts >= len(pauses)
	mail.Attempts++
	if last {
		mail.Next = m.cfg.Clock.Now().Add(time.Hour)
	} else {
		mail.Next = m.cfg.Clock.Now().Add(pauses[mail.Attempts-1])
	}
	if err := m.cfg.Store.UpdateMail(ctx, mail, nil); err != nil {
		return err
	}
	msg, err := m.message(ctx, mail)
	if err == nil {
		err = m.send(ctx, mail)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("the program ended while it was sent")
		mail.Next = m.cfg.Clock.Now() // the server is not to blame
		mail.Attempts--
		last = false
	}
	o := outcome{mail: mail, msg: msg}
	o.judge(err, last)
	m.unsaved[mail.ID] = o
	return m.flush(ctx)
}

// judge turns the result of an attempt into what is stored and told.
func (o *outcome) judge(err error, last bool) {
	to := "mail to " + o.mail.To
	state := voice.MessageDelivered
	switch {
	case err == nil:
		o.mail.State, o.mail.Words = voice.MailSent, ""
		o.words = to + " was taken by the mail server"
	case permanent(err) || last:
		o.mail.State, o.mail.Words, state = voice.MailDead, words(err), voice.MessageUndeliver
		if last && !permanent(err) {
			o.mail.Words = fmt.Sprintf("given up after %d attempts: %s", o.mail.Attempts, words(err))
		}
		o.words = to + " can't be delivered: " + o.mail.Words
	default:
		o.mail.Words = words(err)
		o.words = fmt.Sprintf("%s failed and is tried again at %s: %s", to, o.mail.Next.UTC().Format("15:04:05 UTC on 2 January"), o.mail.Words)
		return
	}
	if o.msg != nil {
		o.msg.State, o.msg.Words, o.store = state, o.mail.Words, true
	}
}

// message finds the voicemail message of a mail; one that was deleted makes the
// mail pointless.
func (m *Mailer) message(ctx context.Context, mail voice.Mail) (*voice.Message, error) {
	if mail.Message == "" || m.cfg.Messages == nil {
		return nil, nil
	}
	msg, err := m.cfg.Messages.Message(ctx, mail.Tenant, mail.Message)
	if voice.IsKind(err, voice.NotExist) {
		return nil, &failure{dead: true, words: "the message was deleted before it could be sent"}
	}
	if err != nil {
		return nil, err
	}
	return &msg, nil
}

// flush stores outcomes, also while closing: a mail that went out is not to go
// out again.
func (m *Mailer) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	for id, o := range m.unsaved {
		var msg *voice.Message
		if o.store {
			msg = o.msg
		}
		err := m.cfg.Store.UpdateMail(ctx, o.mail, msg)
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
		delete(m.unsaved, id)
		m.tell(o.mail, o.msg, o.words)
	}
	return nil
}

func (m *Mailer) tell(mail voice.Mail, msg *voice.Message, words string) {
	if m.cfg.OnResult != nil {
		m.cfg.OnResult(mail, msg, words)
	}
}
