package mailer_test

import (
	"strings"
	"testing"

	"tandem/internal/mailer"
	"tandem/internal/voice"
)

// TestSeveralAddresses has one mail for several, some of which get none.
func TestSeveralAddresses(t *testing.T) {
	for _, tt := range []struct {
		to, gone string
		taken    []string // recipients of each mail
		state    voice.MailState
		text     string // in the last mail
	}{
		{"a@example.com, b@example.com,a@example.com", "", []string{"a@example.com,b@example.com"}, voice.MailSent, ""},
		{"a@example.com,nobody", "", []string{"a@example.com"}, voice.MailSent, "This mail could not be sent to: nobody"},
		{"gone@example.com,a@example.com,b@example.com", "gone@example.com", []string{"a@example.com", "b@example.com"}, voice.MailSent,
			"This mail could not be sent to: gone@example.com"},
		{"nobody,no@", "", nil, voice.MailDead, ""},
		{"gone@example.com,nobody", "gone@example.com", nil, voice.MailDead, ""},
	} {
		t.Run(tt.to, func(t *testing.T) {
			s := serve(t, "")
			s.gone = tt.gone
			o := open(t)
			o.start(mailer.Config{SMTP: smtpAt(s.addr)})
			o.post(func(m *voice.Mail) { m.To = tt.to })
			if r := o.result(); r.mail.State != tt.state {
				t.Errorf("it is %+v", r)
			}
			mails := s.mails()
			var to []string
			for _, m := range mails {
				to = append(to, m.to)
			}
			if strings.Join(to, " ") != strings.Join(tt.taken, " ") {
				t.Fatalf("taken for %q, want %q", to, tt.taken)
			}
			if len(mails) == 0 {
				return
			}
			if text := mails[len(mails)-1].parse(t).text; !strings.Contains(text, tt.text) || tt.text == "" && strings.Contains(text, "could not") {
				t.Errorf("the text is %q", text)
			}
		})
	}
}
