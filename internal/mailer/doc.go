// Package mailer works the outbox of mails: it sends what is due over SMTP, with
// the recording attached, tries again by a schedule that reaches over three
// days, and gives up in words.
//
// All state is in the store: a restart loses nothing. A mail is sent at least
// once; should the program die between the server's "250" and the note of it,
// the mail goes out again with the same Message-ID. One goroutine does
// everything; Start starts it and Close waits for it. Kick may be called by any.
// RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 2045 (MIME).
package mailer
