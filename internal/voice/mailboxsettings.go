package voice

// MailboxKind is the kind of the resources that hold what a user's mailbox is set
// to: the name is the user's id, the data MailboxSettings.
const MailboxKind = "voice/mailbox"

// MaxMailboxMessages is the most that MailboxSettings.Most may be.
const MaxMailboxMessages = 1000

// MailboxSettings are those of a user's mailbox. The zero value is a mailbox that
// nobody has set up.
type MailboxSettings struct {
	Sound    SoundID `json:"sound,omitempty"`    // greeting
	Greeting string  `json:"greeting,omitempty"` // text that is spoken in its place
	Voice    string  `json:"voice,omitempty"`    // of Greeting; "" = that of the account's mailboxes
	Email    string  `json:"email,omitempty"`    // "" = the user's
	// NoAttachment sends the notice alone, without the message's audio.
	NoAttachment bool `json:"no_attachment,omitempty"`
	Most         int  `json:"most,omitempty"` // messages that are kept; further ones are refused; 0 = any number
}
