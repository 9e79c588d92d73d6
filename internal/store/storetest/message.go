package storetest

import (
	"testing"
	"time"

	"tandem/internal/voice"
)

func message(id voice.MessageID, t voice.TenantID, n int) voice.Message {
	return voice.Message{
		ID: id, Tenant: t, App: "VA1", User: "11", Call: "c1", Recording: "r1", From: "+46850000000", FromName: "Anna",
		To: "+46850000001", Duration: 12345 * time.Millisecond, State: voice.MessageNew, Created: moment(n),
	}
}

func mail(id voice.MailID, n int) voice.Mail {
	return voice.Mail{
		ID: id, Call: "c1", To: "anna@example.com", Subject: "Voicemail – Ånna", Text: "line\nline", Attachment: "recordings/x.wav",
		FileName: "message", State: voice.MailQueued, Next: moment(n), Created: moment(n),
	}
}

func testMessages(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, other := message("m1", ours, 1), message("m2", ours, 2), message("m3", theirs, 3)
	b.App = "VA2"
	for _, m := range []voice.Message{a, b, other} {
		ok(t, s.CreateMessage(ctx, m, nil))
	}
	same(t, "read back", read(s.Message(ctx, ours, "m1"))(t), a)
	same(t, "newest first", read(s.Messages(ctx, ours, "", 0))(t), []voice.Message{b, a})
	same(t, "of an app", read(s.Messages(ctx, ours, "VA1", 0))(t), []voice.Message{a})
	same(t, "limit", read(s.Messages(ctx, ours, "", 1))(t), []voice.Message{b})

	q := mail("q1", 5)
	want(t, "id taken", s.CreateMessage(ctx, a, &q), voice.Exists)
	same(t, "no mail of a message that was refused", read(s.DueMails(ctx, moment(99), 0))(t), nil)
	a.App, a.User, a.Call, a.Recording, a.From, a.FromName, a.To = "VA3", "", "c2", "r2", "", "", ""
	a.Duration, a.State, a.Words, a.Heard = 0, voice.MessageUndeliver, "550", moment(7)
	ok(t, s.UpdateMessage(ctx, a))
	same(t, "updated", read(s.Message(ctx, ours, "m1"))(t), a)
	want(t, "update unknown", s.UpdateMessage(ctx, message("m9", ours, 1)), voice.NotExist)
	ok(t, s.DeleteMessage(ctx, ours, "m1"))
	want(t, "delete again", s.DeleteMessage(ctx, ours, "m1"), voice.NotExist)
}

func testMails(t *testing.T, s Store) {
	ctx := t.Context()
	same(t, "no mail waits", read(s.NextMail(ctx))(t), time.Time{})
	first, second := mail("q1", 5), mail("q2", 6)
	first.Next = moment(50)
	ok(t, s.CreateMessage(ctx, message("m1", ours, 1), &first))
	ok(t, s.CreateMessage(ctx, message("m2", ours, 2), &second))
	first.Tenant, first.Message = ours, "m1"
	second.Tenant, second.Message = ours, "m2"
	same(t, "earliest", read(s.NextMail(ctx))(t), moment(6))
	same(t, "not yet", read(s.DueMails(ctx, moment(5), 0))(t), nil)
	same(t, "one due", read(s.DueMails(ctx, moment(6), 0))(t), []voice.Mail{second})
	same(t, "oldest first", read(s.DueMails(ctx, moment(50), 0))(t), []voice.Mail{first, second})
	same(t, "limit", read(s.DueMails(ctx, moment(50), 1))(t), []voice.Mail{first})

	second.Attempts, second.Next, second.Words = 1, moment(70), "451 later"
	ok(t, s.UpdateMail(ctx, second, nil))
	same(t, "put off", read(s.DueMails(ctx, moment(70), 0))(t), []voice.Mail{first, second})
	first.State = voice.MailSent
	delivered := message("m1", ours, 1)
	delivered.State, delivered.Words = voice.MessageDelivered, "250 ok"
	ok(t, s.UpdateMail(ctx, first, &delivered))
	same(t, "sent", read(s.DueMails(ctx, moment(99), 0))(t), []voice.Mail{second})
	same(t, "its message", read(s.Message(ctx, ours, "m1"))(t), delivered)
	want(t, "update unknown", s.UpdateMail(ctx, voice.Mail{ID: "q9", Tenant: ours}, nil), voice.NotExist)

	ok(t, s.DeleteMessage(ctx, ours, "m2"))
	same(t, "a deleted message is not sent", read(s.DueMails(ctx, moment(99), 0))(t), nil)
	ok(t, s.UpdateMail(ctx, second, nil)) // a sender that was at it puts it back
	same(t, "nor queued again", read(s.DueMails(ctx, moment(99), 0))(t), nil)
	same(t, "no mail waits any more", read(s.NextMail(ctx))(t), time.Time{})

	atOnce := mail("q3", 7)
	atOnce.Next = time.Time{}
	ok(t, s.CreateMessage(ctx, message("m3", ours, 3), &atOnce))
	same(t, "without a time it is due at once", read(s.NextMail(ctx))(t), moment(7))
}
