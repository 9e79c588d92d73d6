package dialect

import (
	"strings"

	"tandem/internal/voice"
)

// UserMailbox is the type of the apps that stand for the mailbox of a user: no
// store holds them, and the first dialect compiles them.
const UserMailbox = "user-mailbox"

// mailboxPrefix begins their ids; package route makes the same ids.
const mailboxPrefix = "mailbox/"

// MailboxUser says whose mailbox an app stands for. Its id is "mailbox/" and the
// id of the user.
func MailboxUser(id voice.AppID) (voice.UserID, bool) {
	user, ok := strings.CutPrefix(string(id), mailboxPrefix)
	return voice.UserID(user), ok && user != ""
}
