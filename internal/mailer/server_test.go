package mailer_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is an SMTP server that keeps what it takes.
type server struct {
	addr string
	stop func()

	mu      sync.Mutex
	taken   []taken
	refusal error  // for the next recipients
	gone    string // recipient that is never taken
}

type taken struct {
	from, to string
	raw      string
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

type session struct {
	server   *server
	from, to string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, ""
	return nil
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if to == s.server.gone {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	if s.to != "" {
		s.to += ","
	}
	s.to += to
	return s.server.refusal
}
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.taken = append(s.server.taken, taken{s.from, s.to, string(raw)})
	s.server.mu.Unlock()
	return nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "u" || password != "p" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// serve starts a server; addr "" = any free port. It stops by stop or at the
// end of the test.
func serve(t *testing.T, addr string) *server {
	t.Helper()
	return serveTLS(t, addr, nil, false)
}

// serveTLS starts a server with a certificate and a log-in, with TLS from the
// start or after STARTTLS.
func serveTLS(t *testing.T, addr string, config *tls.Config, fromStart bool) *server {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String()}
	if fromStart {
		l = tls.NewListener(l, config)
	}
	srv := smtp.NewServer(s)
	srv.TLSConfig = config
	srv.Domain, srv.ErrorLog = "test", quiet{}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	s.stop = sync.OnceFunc(func() {
		srv.Close()
		l.Close() // Serve may not have begun
		wg.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (s *server) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = err
}

func (s *server) mails() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]taken(nil), s.taken...)
}

// letter is a mail taken apart.
type letter struct {
	header   netmail.Header
	text     string
	kind     string // of the attachment
	fileName string
	file     []byte
}

func (m taken) parse(t *testing.T) letter {
	t.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(m.raw))
	if err != nil {
		t.Fatal(err)
	}
	l := letter{header: msg.Header}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		l.text = decode(t, msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
		return l
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		body := decode(t, p.Header.Get("Content-Transfer-Encoding"), p)
		if p.FileName() == "" {
			l.text = body
			continue
		}
		l.kind, _, _ = mime.ParseMediaType(p.Header.Get("Content-Type"))
		l.fileName, l.file = p.FileName(), []byte(body)
	}
}

func (l letter) hasFile(data []byte) bool { return bytes.Equal(l.file, data) }
