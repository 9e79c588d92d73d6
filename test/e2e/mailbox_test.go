package e2e_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"encoding/base64"

	"github.com/emersion/go-smtp"

	"tandem/internal/phone"
)

// postOffice is a mail server that keeps what it takes.
type postOffice struct {
	addr string

	mu    sync.Mutex
	mails [][]byte
}

type postSession struct{ o *postOffice }

func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &postSession{o}, nil }
func (s *postSession) Mail(string, *smtp.MailOptions) error       { return nil }
func (s *postSession) Rcpt(string, *smtp.RcptOptions) error       { return nil }
func (s *postSession) Reset()                                     {}
func (s *postSession) Logout() error                              { return nil }
func (s *postSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.o.mu.Lock()
	s.o.mails = append(s.o.mails, raw)
	s.o.mu.Unlock()
	return err
}

// openPost starts a mail server on addr.
func openPost(t *testing.T, addr string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{addr: l.Addr().String()}
	srv := smtp.NewServer(o)
	srv.AllowInsecureAuth = true
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return o
}

// arrived waits for the first mail.
func (o *postOffice) arrived(t *testing.T, within time.Duration) (*mail.Message, []byte) {
	t.Helper()
	var raw []byte
	if !eventually(within, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.mails) > 0 {
			raw = o.mails[0]
		}
		return raw != nil
	}) {
		t.Fatal("no mail came")
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m, raw
}

// delivered waits for the first mail and gives it with its attachment as sound.
func (o *postOffice) delivered(t *testing.T, within time.Duration) (*mail.Message, []int16) {
	t.Helper()
	m, raw := o.arrived(t, within)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatalf("the mail has no sound: %v\n%.2000s", err, raw)
		}
		name := p.FileName()
		if name == "" {
			continue
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		if err != nil {
			t.Fatal(err)
		}
		return m, soundFile(t, name, body)
	}
}

// soundFile reads a WAV, or an MP3 through sox.
func soundFile(t *testing.T, name string, body []byte) []int16 {
	t.Helper()
	if strings.HasSuffix(name, ".mp3") {
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in.mp3"), filepath.Join(dir, "out.wav")
		if err := os.WriteFile(in, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command("lame", "--quiet", "--decode", in, out).CombinedOutput(); err != nil {
			t.Fatalf("lame: %v %s", err, text)
		}
		var err error
		if body, err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	samples, err := phone.ReadWAV(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return samples
}

func TestMailboxSendsTheMessage(t *testing.T) {
	t.Parallel()
	post := openPost(t, "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(post.addr)
	o := newOffice(t, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Sales", "deliver_to": "email", "deliver_to_details": "sales@example.com", "goodbye_prompt": "yes"})
	o.account.number(o.number, box)
	greeting, goodbye := o.sound(box, "Greeting"), o.sound(box, "Goodbye")

	c := o.call(t)
	at := hears(t, c, "Greeting", greeting, 0, 5*time.Second)
	at = hears(t, c, "beep", tone(1000, 200*time.Millisecond), at, 5*time.Second)
	afterBeep := at + 300*time.Millisecond
	eventually(time.Second, func() bool { return len(c.Heard()) > int(afterBeep*phone.Rate/time.Second) })
	spoken := goodbye // speech, to leave as the message
	if err := c.Play(t.Context(), spoken); err != nil {
		t.Fatal(err)
	}
	press(t, c, "#")
	hears(t, c, "Goodbye", goodbye, at, 10*time.Second)
	ends(t, c, 10*time.Second)

	m, got := post.delivered(t, 20*time.Second)
	if to := m.Header.Get("To"); !strings.Contains(to, "sales@example.com") {
		t.Errorf("mail to %q", to)
	}
	if _, share := heardShare(got, spoken, 0); share < 0.95 {
		t.Errorf("the message sounds unlike what was spoken: %.0f %% of it in %v", 100*share, time.Duration(len(got))*time.Second/phone.Rate)
	}
}

func TestMailWaitsForItsServerAndSurvivesARestart(t *testing.T) {
	t.Parallel() // it waits for the second try, a minute after the first
	addr := freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	o := newOffice(t, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Sales", "deliver_to": "email", "deliver_to_details": "sales@example.com", "greeting_prompt": "no"})
	o.account.number(o.number, box)
	c := o.call(t)
	if err := c.Play(t.Context(), tone(600, 3*time.Second)); err != nil {
		t.Fatal(err)
	}
	hangUp(c)
	if !eventually(10*time.Second, func() bool { return strings.Contains(o.lastCall(), "mail to sales") }) {
		t.Fatalf("no try at the mail:\n%s", o.lastCall())
	}
	o.stop()
	post := openPost(t, addr)
	o.run()
	// The outbox tries again a minute after the first failure.
	if _, got := post.delivered(t, 90*time.Second); len(got) < 2*phone.Rate {
		t.Errorf("the message has %d samples", len(got))
	}
}

// lastCall prints the timeline of the newest call.
func (s *server) lastCall() string {
	out, err := s.try("calls", "--limit", "1", "--json")
	if err != nil {
		return out
	}
	_, id, _ := strings.Cut(out, `"id": "`)
	id, _, _ = strings.Cut(id, `"`)
	shown, _ := s.try("calls", "show", id)
	return shown
}
