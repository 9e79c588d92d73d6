package mailer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"tandem/internal/blob"
	"tandem/internal/blob/memblob"
	"tandem/internal/clock"
	"tandem/internal/mailer"
	"tandem/internal/media"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const tenant voice.TenantID = "100000001"

var start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func decode(t *testing.T, encoding string, r io.Reader) string {
	t.Helper()
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type result struct {
	mail  voice.Mail
	msg   *voice.Message
	words string
}

// office is an outbox in a real database with its mailer.
type office struct {
	t       *testing.T
	path    string
	store   *sqlstore.Store
	blobs   blob.Store
	clock   *clock.Virtual
	mailer  *mailer.Mailer
	results chan result
	wav     []byte
}

func open(t *testing.T) *office {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	o := &office{t: t, path: filepath.Join(t.TempDir(), "x.db"), blobs: memblob.New(), clock: clock.NewVirtual(start), results: make(chan result, 100)}
	o.openStore()
	o.must(o.store.CreateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "T", Created: start}))
	p := media.PCM{Rate: media.Rate, Samples: make([]int16, 3*media.Rate)}
	for i := range p.Samples {
		p.Samples[i] = int16(10000 * (i / 10 % 2))
	}
	var b bytes.Buffer
	o.must(media.WriteWAV(&b, p))
	o.wav = b.Bytes()
	_, err := o.blobs.Put(t.Context(), "recordings/a.wav", bytes.NewReader(o.wav), 1<<20)
	o.must(err)
	t.Cleanup(func() {
		o.close()
		o.must(o.store.Close())
	})
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) openStore() {
	s, err := sqlstore.Open(context.WithoutCancel(o.t.Context()), sqlstore.Options{SQLitePath: o.path, Secrets: secret.New()})
	o.must(err)
	o.store = s
}

func (o *office) start(cfg mailer.Config) {
	o.t.Helper()
	cfg.Store, cfg.Blobs, cfg.Clock = o.store, o.blobs, o.clock
	if cfg.Messages == nil {
		cfg.Messages = o.store
	}
	cfg.OnResult = func(m voice.Mail, msg *voice.Message, words string) { o.results <- result{m, msg, words} }
	m, err := mailer.Start(cfg)
	o.must(err)
	o.mailer = m
}

func (o *office) close() {
	if o.mailer != nil {
		o.must(o.mailer.Close())
		o.mailer = nil
	}
}

func smtpAt(addr string) mailer.SMTP {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return mailer.SMTP{Host: host, Port: n, From: "Tandem <tandem@example.com>", TLS: "none"}
}

// post puts a message and its mail into the store.
func (o *office) post(change func(*voice.Mail)) voice.Mail {
	o.t.Helper()
	msg := voice.Message{ID: voice.MessageID(voice.NewID("VM")), Tenant: tenant, State: voice.MessageNew, Created: o.clock.Now()}
	m := voice.Mail{ID: voice.MailID(voice.NewID("ML")), Tenant: tenant, Message: msg.ID, To: "owner@example.com", Subject: "Voice message from Åsa",
		Text: "Åsa left a message.\n", Attachment: "recordings/a.wav", FileName: "voicemail-1", State: voice.MailQueued, Next: o.clock.Now(), Created: o.clock.Now()}
	if change != nil {
		change(&m)
	}
	o.must(o.store.CreateMessage(o.t.Context(), msg, &m))
	if o.mailer != nil {
		o.mailer.Kick()
	}
	return m
}

func (o *office) result() result {
	o.t.Helper()
	select {
	case r := <-o.results:
		return r
	case <-time.After(20 * time.Second):
		o.t.Fatal("nothing was tried")
		panic("unreachable")
	}
}

// pass lets time pass once the mailer waits.
func (o *office) pass(d time.Duration) {
	o.t.Helper()
	o.must(o.clock.AwaitTimers(o.t.Context(), 1))
	o.clock.Advance(d)
}

func (o *office) message(id voice.MessageID) voice.Message {
	o.t.Helper()
	m, err := o.store.Message(o.t.Context(), tenant, id)
	o.must(err)
	return m
}

func TestDelivers(t *testing.T) {
	s := serve(t, "")
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr)})
	m := o.post(nil)
	r := o.result()
	if r.mail.State != voice.MailSent || r.mail.ID != m.ID || r.msg == nil || r.msg.State != voice.MessageDelivered || r.words != "mail to owner@example.com was taken by the mail server" {
		t.Fatalf("%+v", r)
	}
	if got := o.message(m.Message); got.State != voice.MessageDelivered || got.Words != "" {
		t.Errorf("the message is %+v", got)
	}
	mails := s.mails()
	if len(mails) != 1 || mails[0].from != "tandem@example.com" || mails[0].to != "owner@example.com" {
		t.Fatalf("%+v", mails)
	}
	l := mails[0].parse(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(l.header.Get("Subject"))
	if err != nil || subject != "Voice message from Åsa" || strings.TrimSpace(l.text) != "Åsa left a message." {
		t.Errorf("subject %q, text %q", subject, l.text)
	}
	if l.fileName != "voicemail-1.wav" || l.kind != "audio/wav" || !l.hasFile(o.wav) {
		t.Errorf("file %s of %s, %d bytes, want %d", l.fileName, l.kind, len(l.file), len(o.wav))
	}
	if id := l.header.Get("Message-Id"); id != "<"+string(m.ID)+"@example.com>" || l.header.Get("Auto-Submitted") != "auto-generated" || l.header.Get("From") != `"Tandem" <tandem@example.com>` {
		t.Errorf("header %v", l.header)
	}
}

func TestMP3(t *testing.T) {
	lame, err := exec.LookPath("lame")
	if err != nil {
		t.Fatal("lame is not installed (apt-get install lame)")
	}
	s := serve(t, "")
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr), Lame: lame})
	o.post(nil)
	// What lame can't read is sent as it is.
	_, err = o.blobs.Put(t.Context(), "recordings/odd.wav", strings.NewReader("odd"), 100)
	o.must(err)
	o.result()
	o.post(func(m *voice.Mail) { m.Attachment = "recordings/odd.wav" })
	o.result()
	mails := s.mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	l := mails[0].parse(t)
	if l.fileName != "voicemail-1.mp3" || l.kind != "audio/mpeg" || len(l.file) < 8000 || len(l.file) > 20000 || l.file[0] != 0xff || l.file[1]&0xe0 != 0xe0 {
		t.Errorf("%s of %s, %d bytes, % x", l.fileName, l.kind, len(l.file), l.file[:min(4, len(l.file))])
	}
	if l := mails[1].parse(t); l.fileName != "voicemail-1.wav" || string(l.file) != "odd" {
		t.Errorf("%s with %q", l.fileName, l.file)
	}
}

func TestServerDownThenUpWithARestartBetween(t *testing.T) {
	s := serve(t, "")
	addr := s.addr
	s.stop()
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(addr)})
	m := o.post(nil)
	r := o.result()
	if r.mail.State != voice.MailQueued || r.mail.Attempts != 1 || !strings.Contains(r.words, "can't be used: dial tcp") || !strings.Contains(r.words, "tried again at 09:01:00 UTC") {
		t.Fatalf("%+v", r)
	}
	o.pass(time.Minute)
	if r = o.result(); r.mail.Attempts != 2 || !r.mail.Next.Equal(start.Add(6*time.Minute)) {
		t.Fatalf("%+v", r)
	}
	// The program ends and comes back; only the store remembers.
	o.close()
	o.must(o.store.Close())
	o.openStore()
	o.start(mailer.Config{SMTP: smtpAt(addr)})
	o.pass(4 * time.Minute)
	select {
	case r := <-o.results:
		t.Fatalf("tried too early: %+v", r)
	default:
	}
	s = serve(t, addr)
	o.pass(time.Minute)
	if r = o.result(); r.mail.State != voice.MailSent || r.mail.Attempts != 3 {
		t.Fatalf("%+v", r)
	}
	if len(s.mails()) != 1 || o.message(m.Message).State != voice.MessageDelivered {
		t.Errorf("%d mails, message %+v", len(s.mails()), o.message(m.Message))
	}
}

func TestGivesUpAfterThreeDays(t *testing.T) {
	s := serve(t, "")
	s.refuse(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come back later"})
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr)})
	m := o.post(nil)
	total := time.Duration(0)
	for i, pause := range mailer.Schedule() {
		if r := o.result(); r.mail.State != voice.MailQueued || r.mail.Attempts != i+1 || !strings.Contains(r.mail.Words, "come back later") {
			t.Fatalf("attempt %d: %+v", i+1, r)
		}
		for left := pause; left > 0; left -= time.Hour { // the mailer looks every hour
			o.pass(min(left, time.Hour))
		}
		total += pause
	}
	r := o.result()
	if r.mail.State != voice.MailDead || total != 72*time.Hour || !strings.HasPrefix(r.mail.Words, "given up after 12 attempts: ") {
		t.Errorf("after %v: %+v", total, r)
	}
	if got := o.message(m.Message); got.State != voice.MessageUndeliver || got.Words != r.mail.Words {
		t.Errorf("message %+v", got)
	}
}

func TestPermanentFailures(t *testing.T) {
	s := serve(t, "")
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr)})
	for _, c := range []struct {
		name    string
		refusal error
		change  func(*voice.Mail)
		state   voice.MailState
		words   string
	}{
		{"no such user", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, nil, voice.MailDead, "no such user"},
		{"log-in wanted", &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in"}, nil, voice.MailQueued, "log in"},
		{"bad address", nil, func(m *voice.Mail) { m.To = "nobody" }, voice.MailDead, `"nobody" is not an e-mail address`},
		{"no address", nil, func(m *voice.Mail) { m.To = "" }, voice.MailDead, `"" is not an e-mail address`},
		{"lost recording", nil, func(m *voice.Mail) { m.Attachment = "recordings/none.wav" }, voice.MailDead, "the recording is no longer there"},
	} {
		s.refuse(c.refusal)
		o.post(c.change)
		if r := o.result(); r.mail.State != c.state || !strings.Contains(r.mail.Words, c.words) || !strings.Contains(r.words, c.words) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	if n := len(s.mails()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

// gone is a store whose messages have been deleted.
type gone struct{}

func (gone) Message(context.Context, voice.TenantID, voice.MessageID) (voice.Message, error) {
	return voice.Message{}, voice.Errorf("gone", voice.NotExist, "gone")
}

func TestDeletedMessageIsNotSent(t *testing.T) {
	s := serve(t, "")
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr), Messages: gone{}})
	o.post(nil)
	if r := o.result(); r.mail.State != voice.MailDead || r.mail.Words != "the message was deleted before it could be sent" || r.msg != nil {
		t.Errorf("%+v", r)
	}
	if n := len(s.mails()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

// What a caller claims to be called can't add a header, a recipient or a file name.
func TestNamesAreNotHeaders(t *testing.T) {
	s := serve(t, "")
	o := open(t)
	o.start(mailer.Config{SMTP: smtpAt(s.addr)})
	const evil = "x\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\nbody"
	for _, change := range []func(*voice.Mail){
		func(m *voice.Mail) { m.Subject = evil },
		func(m *voice.Mail) { m.Subject = "=?utf-8?q?x=0d=0aX-Evil:_1?=" + strings.Repeat("y", 5000) },
		func(m *voice.Mail) { m.FileName = "a\"; name=\"b.exe\r\nX-Evil: 1/../../etc" },
		func(m *voice.Mail) { m.FileName = "../../../x" },
		func(m *voice.Mail) { m.Text = "a\r\n.\r\nMAIL FROM:<evil@example.com>\r\n" + strings.Repeat("z", 3000) },
		func(m *voice.Mail) { m.Text = "\x00\xff" },
	} {
		o.post(change)
		if r := o.result(); r.mail.State != voice.MailSent {
			t.Fatalf("%+v", r)
		}
	}
	for i, raw := range s.mails() {
		l := raw.parse(t)
		if raw.to != "owner@example.com" || l.header.Get("X-Evil") != "" || l.header.Get("Bcc") != "" || !l.hasFile(o.wav) {
			t.Errorf("mail %d: to %s, %v", i, raw.to, l.header)
		}
		if strings.ContainsAny(l.fileName, "/\\\"\r\n ;") || !strings.HasSuffix(l.fileName, ".wav") {
			t.Errorf("mail %d: file name %q", i, l.fileName)
		}
	}
	if n := len(s.mails()); n != 6 {
		t.Errorf("%d mails", n)
	}
	for _, to := range []string{"a@b.c\r\nRCPT TO:<v@example.com>", "<a@b.c>\nx", "\"a\r\nb\"@c.d"} {
		o.post(func(m *voice.Mail) { m.To = to })
		if r := o.result(); r.mail.State != voice.MailDead || strings.ContainsAny(r.mail.Words, "\r\n") {
			t.Errorf("%q: %+v", to, r)
		}
	}
}

func TestWithoutAServerMailsWait(t *testing.T) {
	o := open(t)
	m := o.post(nil)
	o.start(mailer.Config{})
	r := o.result()
	if r.mail.State != voice.MailQueued || r.mail.Words != mailer.NoServer || r.mail.Attempts != 0 || !strings.Contains(r.words, "waits: no mail server is set") {
		t.Fatalf("%+v", r)
	}
	o.post(nil)
	if r := o.result(); r.mail.ID == m.ID {
		t.Error("told twice")
	}
	o.close()
	s := serve(t, "")
	o.start(mailer.Config{SMTP: smtpAt(s.addr)})
	for range 2 {
		if r := o.result(); r.mail.State != voice.MailSent {
			t.Errorf("%+v", r)
		}
	}
}

// failing is a store that refuses some updates.
type failing struct {
	voice.MailStore
	refuse func(voice.Mail) error
}

func (f failing) UpdateMail(ctx context.Context, m voice.Mail, msg *voice.Message) error {
	if err := f.refuse(m); err != nil {
		return err
	}
	return f.MailStore.UpdateMail(ctx, m, msg)
}

// A mail that went out while the store was failing is not sent twice.
func TestStoreThatFails(t *testing.T) {
	s := serve(t, "")
	o := open(t)
	o.post(nil)
	refusals := 0
	refused := make(chan struct{}, 10)
	store := failing{o.store, func(m voice.Mail) error {
		if m.State == voice.MailSent && refusals < 2 {
			refusals++
			refused <- struct{}{}
			return errors.New("disk full")
		}
		return nil
	}}
	m, err := mailer.Start(mailer.Config{Store: store, Messages: o.store, Blobs: o.blobs, Clock: o.clock, SMTP: smtpAt(s.addr),
		OnResult: func(m voice.Mail, msg *voice.Message, words string) { o.results <- result{m, msg, words} }})
	o.must(err)
	o.mailer = m
	for range 2 {
		<-refused
		o.pass(30 * time.Second)
	}
	if r := o.result(); r.mail.State != voice.MailSent || len(s.mails()) != 1 {
		t.Errorf("%+v, %d mails", r, len(s.mails()))
	}
}

func TestCloseCutsAMailOff(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := open(t)
	o.post(nil)
	o.start(mailer.Config{SMTP: smtpAt(l.Addr().String())})
	conn, err := l.Accept() // a server that never greets
	o.must(err)
	closed := make(chan struct{})
	go func() { o.close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("close hangs")
	}
	conn.Close()
	<-closed
	if r := o.result(); r.mail.State != voice.MailQueued || r.mail.Attempts != 0 || !strings.Contains(r.mail.Words, "the program ended while it was sent") {
		t.Errorf("%+v", r)
	}
}

func TestStartChecksSettings(t *testing.T) {
	for _, s := range []mailer.SMTP{{Host: "h", Port: 25, From: "nobody", TLS: "none"}, {Host: "h", Port: 25, From: "a@b.c", TLS: "maybe"}, {Host: "h", Port: 99999, From: "a@b.c"}} {
		if _, err := mailer.Start(mailer.Config{SMTP: s}); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
