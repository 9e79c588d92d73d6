// Package mailbox takes finished recordings on: a voicemail message becomes a
// row and a mail in the outbox, a recording by phone becomes the audio of a sound.
//
// It is not the mailer (package mailer works the outbox) and touches no audio
// itself. It starts no goroutine; a Room may be used concurrently.
package mailbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"tandem/internal/voice"
)

// Sounds turns a recording into the audio of a sound.
type Sounds interface {
	// StoreRecording copies the blob's audio, normalised, to the sound and
	// gives the sound as it is stored then.
	StoreRecording(ctx context.Context, s voice.Sound, blobKey string) (voice.Sound, error)
}

// Boxes holds what users' mailboxes are set to, as resources.
type Boxes interface {
	Resources(ctx context.Context, t voice.TenantID, f voice.ResourceFilter) ([]voice.Resource, error)
}

// Room delivers recordings. All fields but Boxes, Kick and Now are needed.
type Room struct {
	Messages voice.MessageStore
	Users    voice.UserStore
	Slots    voice.SoundStore
	Sounds   Sounds
	Boxes    Boxes            // nil = no mailbox is set up
	Kick     func()           // wakes the mailer; may be nil
	Now      func() time.Time // nil = time.Now
}

// Deliver stores a voicemail message and, in the same transaction, queues the
// mail that carries it. A mailbox that has no address keeps the message with
// state MessageNoAddress: it is not lost. Limit when a user's mailbox has as many
// messages as it may.
func (r *Room) Deliver(ctx context.Context, info voice.CallInfo, m voice.Mailbox, rec voice.Recording) error {
	const op = "mailbox.Deliver"
	if rec.ID == "" {
		return voice.Errorf(op, voice.Invalid, "there is no recording to deliver")
	}
	set, err := r.settings(ctx, info.Tenant, m.User)
	if err != nil {
		return err
	}
	if err := r.room(ctx, info.Tenant, m.User, set.Most); err != nil {
		return err
	}
	if m.Email == "" {
		m.Email, m.NoAttachment = set.Email, m.NoAttachment || set.NoAttachment
	}
	address, err := r.address(ctx, info.Tenant, m)
	if err != nil {
		return err
	}
	now := r.now()
	msg := voice.Message{
		ID: voice.MessageID(voice.NewID("VM")), Tenant: info.Tenant, App: m.App, User: m.User,
		Call: info.ID, Recording: rec.ID, From: info.From, FromName: info.FromName, To: info.To,
		Duration: rec.Duration, State: voice.MessageNew, Created: now,
	}
	if address == "" {
		msg.State, msg.Words = voice.MessageNoAddress, "the mailbox has no e-mail address"
		return r.Messages.CreateMessage(ctx, msg, nil)
	}
	mail := voice.Mail{
		ID: voice.MailID(voice.NewID("ML")), Tenant: info.Tenant, Message: msg.ID, Call: info.ID, To: address,
		Subject: subject(info, m, rec), Text: text(info, m, rec),
		Attachment: rec.Blob, FileName: "voicemail-" + now.UTC().Format("20060102-150405"),
		State: voice.MailQueued, Next: now, Created: now,
	}
	if m.NoAttachment {
		mail.Attachment, mail.FileName = "", ""
	}
	if err := r.Messages.CreateMessage(ctx, msg, &mail); err != nil {
		return err
	}
	if r.Kick != nil {
		r.Kick()
	}
	return nil
}

// settings gives what the mailbox of a user is set to.
func (r *Room) settings(ctx context.Context, t voice.TenantID, user voice.UserID) (s voice.MailboxSettings, err error) {
	if r.Boxes == nil || user == "" {
		return s, nil
	}
	list, err := r.Boxes.Resources(ctx, t, voice.ResourceFilter{Kind: voice.MailboxKind, Name: string(user), Limit: 1})
	if err != nil || len(list) == 0 {
		return s, err
	}
	if err := json.Unmarshal(list[0].Data, &s); err != nil {
		return s, voice.E("mailbox.settings", voice.Internal, err)
	}
	return s, nil
}

// room refuses a message to a mailbox that is full. Those among the account's newest
// MaxMailboxMessages are counted.
func (r *Room) room(ctx context.Context, t voice.TenantID, user voice.UserID, most int) error {
	if most <= 0 || user == "" {
		return nil
	}
	list, err := r.Messages.Messages(ctx, t, "", voice.MaxMailboxMessages)
	if err != nil {
		return err
	}
	n := 0
	for _, m := range list {
		if m.User == user {
			n++
		}
	}
	if n >= most {
		return voice.Errorf("mailbox.Deliver", voice.Limit, "the mailbox is full: it has %d messages of the %d that it may keep", n, most)
	}
	return nil
}

func (r *Room) address(ctx context.Context, t voice.TenantID, m voice.Mailbox) (string, error) {
	if m.Email != "" || m.User == "" {
		return m.Email, nil
	}
	u, err := r.Users.User(ctx, t, m.User)
	if voice.IsKind(err, voice.NotExist) {
		return "", nil
	}
	return u.Email, err
}

// SaveSound makes a recording by phone the audio of a sound.
func (r *Room) SaveSound(ctx context.Context, t voice.TenantID, id voice.SoundID, rec voice.Recording) error {
	s, err := r.Slots.Sound(ctx, t, id)
	if err != nil {
		return err
	}
	s.Source, s.FileName, s.Text = voice.SoundByPhone, "", ""
	_, err = r.Sounds.StoreRecording(ctx, s, rec.Blob)
	return err
}

func (r *Room) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

func caller(info voice.CallInfo) string {
	switch from, name := oneLine(info.From), oneLine(info.FromName); {
	case from == "" && name == "":
		return "an unknown caller"
	case name == "" || name == from:
		return from
	case from == "":
		return name
	default:
		return name + " (" + from + ")"
	}
}

func subject(info voice.CallInfo, m voice.Mailbox, rec voice.Recording) string {
	return fmt.Sprintf("Voice message from %s, %s", caller(info), rec.Duration.Round(time.Second))
}

func text(info voice.CallInfo, m voice.Mailbox, rec voice.Recording) string {
	name := oneLine(m.Name)
	if name == "" {
		name = "your mailbox"
	}
	where := "attached"
	if m.NoAttachment {
		where = "kept on the server"
	}
	return fmt.Sprintf("%s left a message of %s in %s on %s, calling %s.\n\nThe message is "+where+".\n",
		caller(info), rec.Duration.Round(time.Second), name,
		rec.Created.UTC().Format("2 January 2006 at 15:04 UTC"), oneLine(info.To))
}

// oneLine keeps what a caller claims on one line and short: the name of a
// caller is hostile input and goes into a mail's header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1 // marks that turn the direction of what follows, or hide in it
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return s
}
