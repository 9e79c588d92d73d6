package voice

import (
	"context"
	"time"
)

// Mailbox is where a message goes: the owner's address and the words around it.
type Mailbox struct {
	App   AppID
	Name  string
	User  UserID // deliver to this user's e-mail …
	Email string // … or to this address, or several parted by commas
	// NoAttachment sends the notice alone, without the message's audio.
	NoAttachment bool
}

// MessageState is where a voicemail message stands.
type MessageState string

// The states of a message.
const (
	MessageNew       MessageState = "new"       // stored, mail not yet sent
	MessageDelivered MessageState = "delivered" // the mail server took it
	MessageUndeliver MessageState = "undeliverable"
	MessageNoAddress MessageState = "no address" // kept here; nobody to send it to
)

// Message is a voicemail message.
type Message struct {
	ID        MessageID
	Tenant    TenantID
	App       AppID
	User      UserID
	Call      CallID
	Recording RecordingID
	From      string
	FromName  string
	To        string
	Duration  time.Duration
	State     MessageState
	Words     string // reason when undeliverable
	Created   time.Time
	Heard     time.Time // zero = not yet
}

// MessageStore keeps voicemail messages.
type MessageStore interface {
	// CreateMessage stores m and, when mail is not nil, queues it in the same transaction.
	CreateMessage(ctx context.Context, m Message, mail *Mail) error
	Message(ctx context.Context, t TenantID, id MessageID) (Message, error)
	// Messages lists the newest first; app "" = all.
	Messages(ctx context.Context, t TenantID, app AppID, limit int) ([]Message, error)
	UpdateMessage(ctx context.Context, m Message) error
	DeleteMessage(ctx context.Context, t TenantID, id MessageID) error
}

// MailState is where a queued mail stands.
type MailState string

// The states of a mail.
const (
	MailQueued MailState = "queued"
	MailSent   MailState = "sent"
	MailDead   MailState = "dead" // given up; Words says why
)

// Mail is an e-mail waiting in the outbox.
type Mail struct {
	ID         MailID
	Tenant     TenantID
	Message    MessageID // the voicemail message it delivers
	Call       CallID
	To         string
	Subject    string
	Text       string
	Attachment string // blob key of a WAV; "" = none
	FileName   string // of the attachment, without extension
	State      MailState
	Attempts   int
	Next       time.Time // not before
	Words      string    // last failure
	Created    time.Time
}

// MailStore is the outbox of mails. One process works it.
type MailStore interface {
	// DueMails lists queued mails whose Next is not after now, oldest first.
	DueMails(ctx context.Context, now time.Time, limit int) ([]Mail, error)
	// UpdateMail stores state, attempts, next and words; when msg is not nil,
	// that message's state and words in the same transaction.
	UpdateMail(ctx context.Context, m Mail, msg *Message) error
	// NextMail gives the earliest Next among queued mails; zero when there is none.
	NextMail(ctx context.Context) (time.Time, error)
}
