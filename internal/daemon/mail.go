package daemon

import (
	"context"
	"os/exec"
	"sync"
	"time"

	"tandem/internal/mailer"
	"tandem/internal/voice"
)

// lame is the program that makes MP3; its absence means WAV.
const lame = "lame"

// lamePath finds it; "" = it is not installed.
func lamePath() string {
	path, err := exec.LookPath(lame)
	if err != nil {
		return ""
	}
	return path
}

func (d *Daemon) startMailer(context.Context) error {
	from := d.cfg.SMTP.From
	if from == "" {
		from = "Tandem <tandem@" + d.cfg.Host() + ">"
	}
	m, err := mailer.Start(mailer.Config{
		Store: d.store, Messages: d.store, Blobs: d.blobs, Log: d.log, OnResult: d.mailed, Lame: lamePath(),
		SMTP: mailer.SMTP{Host: d.cfg.SMTP.Host, Port: d.cfg.SMTP.Port, User: d.cfg.SMTP.User,
			Password: d.cfg.SMTP.Password, From: from, TLS: d.cfg.SMTP.TLS},
	})
	if err != nil {
		return err
	}
	d.mailer = m
	d.closing(func() { m.Close() })
	return nil
}

// mailed puts what became of a mail on the timeline of its call, which may be
// over for days.
func (d *Daemon) mailed(m voice.Mail, _ *voice.Message, words string) {
	e := voice.Event{Call: m.Call, Tenant: m.Tenant, At: time.Now().Truncate(time.Microsecond), Kind: voice.EventMailFailed, Text: words}
	if m.State == voice.MailSent {
		e.Kind = voice.EventMailSent
	}
	d.note(e)
}

// note puts an event on the timeline of its call, which may be over for days.
func (d *Daemon) note(e voice.Event) {
	if d.board.Note(e.Call, e) {
		return
	}
	e.At = e.At.Truncate(time.Microsecond)
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := d.noteLate(ctx, e); err != nil {
		d.log.Error("timeline not written", "call", e.Call, "event", e.Kind, "text", e.Text, "err", err)
	}
}

// lateNote is an event that waits to be put on the timeline of a call that is over.
type lateNote struct {
	event voice.Event
	err   error
	done  bool
}

// lateNotes are those that wait; whoever has the turn writes all of them.
type lateNotes struct {
	turn sync.Mutex // one after the other, for the order of Seq
	mu   sync.Mutex
	list []*lateNote
}

// noteLate puts an event at the end of the timeline of a call that is over.
func (d *Daemon) noteLate(ctx context.Context, e voice.Event) error {
	l, n := &d.late, &lateNote{event: e}
	l.mu.Lock()
	l.list = append(l.list, n)
	l.mu.Unlock()
	l.turn.Lock()
	defer l.turn.Unlock()
	if n.done {
		return n.err
	}
	l.mu.Lock()
	list := l.list
	l.list = nil
	l.mu.Unlock()
	err := d.journal.Flush(ctx)
	if err == nil {
		events := make([]voice.Event, len(list))
		for i, n := range list {
			events[i] = n.event
		}
		err = d.store.AppendLate(ctx, events)
	}
	for _, n := range list {
		n.err, n.done = err, true
	}
	return err
}

// kick wakes the mailer, once there is one: it looks at its start anyway.
func (d *Daemon) kick() {
	if d.mailer != nil {
		d.mailer.Kick()
	}
}
