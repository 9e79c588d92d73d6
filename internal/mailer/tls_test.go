package mailer_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/mailer"
	"tandem/internal/voice"
)

// certificate borrows the one of httptest, which is for 127.0.0.1.
func certificate() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: pool}
}

func TestEncryptionAndLogIn(t *testing.T) {
	serverTLS, trusting := certificate()
	start, plain := serveTLS(t, "", serverTLS, false), serve(t, "")
	implicit := serveTLS(t, "", serverTLS, true)
	for _, c := range []struct {
		name     string
		addr     string
		mode     string
		config   *tls.Config
		user, pw string
		problem  string
	}{
		{"starttls", start.addr, "starttls", trusting, "u", "p", ""},
		{"starttls by default", start.addr, "", trusting, "u", "p", ""},
		{"opportunistic", start.addr, "opportunistic", trusting, "u", "p", ""},
		{"tls", implicit.addr, "tls", trusting, "u", "p", ""},
		{"tls without log-in", implicit.addr, "tls", trusting, "", "", ""},
		{"wrong password", start.addr, "starttls", trusting, "u", "x", "Authentication failed"},
		{"wrong password, tls", implicit.addr, "tls", trusting, "u", "x", "Authentication failed"},
		{"unknown authority", start.addr, "starttls", nil, "u", "p", "certificate"},
		{"unknown authority, tls", implicit.addr, "tls", nil, "u", "p", "certificate"},
		{"starttls not offered", plain.addr, "starttls", trusting, "", "", "STARTTLS"},
		// A password never goes out in clear, whatever the server lacks.
		{"opportunistic in clear", plain.addr, "opportunistic", nil, "u", "p", "can't be used"},
		{"tls on a plain port", plain.addr, "tls", trusting, "", "", "can't be used"},
	} {
		o := open(t)
		s := smtpAt(c.addr)
		s.TLS, s.TLSConfig, s.User, s.Password = c.mode, c.config, c.user, c.pw
		o.start(mailer.Config{SMTP: s})
		o.post(nil)
		r := o.result()
		if c.problem == "" && r.mail.State != voice.MailSent || c.problem != "" && (r.mail.State != voice.MailQueued || !strings.Contains(r.mail.Words, c.problem)) {
			t.Errorf("%s: %+v", c.name, r)
		}
		o.close()
	}
	if a, b, c := len(start.mails()), len(implicit.mails()), len(plain.mails()); a != 3 || b != 2 || c != 0 {
		t.Errorf("%d, %d and %d mails", a, b, c)
	}
}
