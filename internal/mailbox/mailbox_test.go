package mailbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/internal/mailbox"
	"tandem/internal/voice"
)

const tenant voice.TenantID = "100000001"

// stores keeps what was created and knows one user with an address and one without.
type stores struct {
	voice.MessageStore // the methods that are not used panic
	voice.UserStore
	voice.SoundStore
	message voice.Message
	mail    *voice.Mail
	refuse  error
	sound   voice.Sound // as handed to StoreRecording
	blob    string
	kicks   int
}

func (s *stores) CreateMessage(_ context.Context, m voice.Message, mail *voice.Mail) error {
	if s.refuse == nil {
		s.message, s.mail = m, mail
	}
	return s.refuse
}

func (s *stores) User(_ context.Context, t voice.TenantID, id voice.UserID) (voice.User, error) {
	switch {
	case t == tenant && id == "1":
		return voice.User{ID: id, Email: "anna@example.com"}, nil
	case t == tenant && id == "2":
		return voice.User{ID: id}, nil
	case id == "unreadable":
		return voice.User{}, voice.Errorf("test", voice.Unavailable, "the database is away")
	}
	return voice.User{}, voice.Errorf("test", voice.NotExist, "no user")
}

func (s *stores) Sound(_ context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	if t == tenant && id == "S1" {
		return voice.Sound{ID: id, Tenant: t, Name: "Welcome", Source: voice.SoundSpoken, Text: "old words", FileName: "old.wav"}, nil
	}
	return voice.Sound{}, voice.Errorf("test", voice.NotExist, "no sound")
}

func (s *stores) StoreRecording(_ context.Context, v voice.Sound, blob string) (voice.Sound, error) {
	s.sound, s.blob = v, blob
	return v, s.refuse
}

func (s *stores) room() *mailbox.Room {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return &mailbox.Room{Messages: s, Users: s, Slots: s, Sounds: s, Kick: func() { s.kicks++ }, Now: func() time.Time { return at }}
}

func recording() voice.Recording {
	return voice.Recording{ID: "RE1", Tenant: tenant, Blob: "recordings/2026/03/x.wav", Duration: 7300 * time.Millisecond, Created: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		box     voice.Mailbox
		address string // "" = no mail
		state   voice.MessageState
	}{
		{"the mailbox's own", voice.Mailbox{Email: "box@example.com"}, "box@example.com", voice.MessageNew},
		{"the mailbox's own before the user's", voice.Mailbox{Email: "box@example.com", User: "1"}, "box@example.com", voice.MessageNew},
		{"the user's", voice.Mailbox{User: "1"}, "anna@example.com", voice.MessageNew},
		{"a user without one", voice.Mailbox{User: "2"}, "", voice.MessageNoAddress},
		{"a user who is gone", voice.Mailbox{User: "3"}, "", voice.MessageNoAddress},
		{"none at all", voice.Mailbox{}, "", voice.MessageNoAddress},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &stores{}
			tt.box.App, tt.box.Name = "VA1", "Reception"
			info := voice.CallInfo{ID: "C1", Tenant: tenant, From: "+46700000001", To: "+46850000000"}
			if err := s.room().Deliver(t.Context(), info, tt.box, recording()); err != nil {
				t.Fatal(err)
			}
			m := s.message
			if m.State != tt.state || m.Tenant != tenant || m.Call != "C1" || m.Recording != "RE1" || m.App != "VA1" || m.Duration != 7300*time.Millisecond || m.ID == "" {
				t.Errorf("message: %+v", m)
			}
			if tt.address == "" {
				if s.mail != nil || s.kicks != 0 || m.Words == "" {
					t.Errorf("mail %+v, %d kicks, words %q", s.mail, s.kicks, m.Words)
				}
				return
			}
			k := s.mail
			if k == nil || s.kicks != 1 {
				t.Fatalf("mail %+v, %d kicks", k, s.kicks)
			}
			if k.To != tt.address || k.Message != m.ID || k.Call != "C1" || k.State != voice.MailQueued || k.Attachment != recording().Blob || k.FileName != "voicemail-20260304-050607" {
				t.Errorf("mail: %+v", k)
			}
			if k.Subject != "Voice message from +46700000001, 7s" || !strings.Contains(k.Text, "in Reception on 4 March 2026 at 05:06 UTC, calling +46850000000") {
				t.Errorf("words: %q %q", k.Subject, k.Text)
			}
		})
	}
}

func TestNoticeAlone(t *testing.T) {
	t.Parallel()
	s := &stores{}
	box := voice.Mailbox{App: "VA1", Email: "a@example.com,b@example.com", NoAttachment: true}
	if err := s.room().Deliver(t.Context(), voice.CallInfo{ID: "C1", Tenant: tenant}, box, recording()); err != nil {
		t.Fatal(err)
	}
	if m := s.mail; m == nil || m.Attachment != "" || m.To != box.Email || !strings.Contains(m.Text, "The message is kept on the server.") {
		t.Errorf("mail: %+v", m)
	}
	if s.message.Recording != "RE1" || s.message.State != voice.MessageNew {
		t.Errorf("message: %+v", s.message)
	}
}

func TestWhatCallersClaimStaysOnOneLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, name, subject string }{
		{"", "", "an unknown caller"},
		{"anonymous", "", "anonymous"},
		{"101", "101", "101"},
		{"", "Anna", "Anna"},
		{"101", "Anna", "Anna (101)"},
		{"101", "x\r\nBcc: all@example.com\r\n\r\nbody", "x  Bcc: all@example.com    body (101)"},
		{"1\x00\x1b[2J", "a\u2028b\u2029c\u0085d", "a b c d (1  [2J)"},
		{"101", "\u202egnp.exe\u202c\u200b", "gnp.exe (101)"},
		{"101", "bad\xffutf", "bad\uFFFDutf (101)"},
		{"101", strings.Repeat("å", 5000), strings.Repeat("å", 80) + "… (101)"},
		{"101", "\r\n\t ", "101"},
	} {
		s := &stores{}
		info := voice.CallInfo{Tenant: tenant, From: tt.from, FromName: tt.name}
		if err := s.room().Deliver(t.Context(), info, voice.Mailbox{Email: "a@example.com", Name: "x\r\ny"}, recording()); err != nil {
			t.Fatal(err)
		}
		if want := "Voice message from " + tt.subject + ", 7s"; s.mail.Subject != want {
			t.Errorf("%q %q: subject %q, want %q", tt.from, tt.name, s.mail.Subject, want)
		}
		if first, _, _ := strings.Cut(s.mail.Text, "\n\n"); strings.ContainsAny(first, "\r\n\x00") {
			t.Errorf("text %q", s.mail.Text)
		}
	}
}

func TestDeliverFails(t *testing.T) {
	t.Parallel()
	s := &stores{}
	if err := s.room().Deliver(t.Context(), voice.CallInfo{Tenant: tenant}, voice.Mailbox{Email: "a@example.com"}, voice.Recording{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("without a recording: %v", err)
	}
	if err := s.room().Deliver(t.Context(), voice.CallInfo{Tenant: tenant}, voice.Mailbox{User: "unreadable"}, recording()); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("with users unreadable: %v", err)
	}
	s.refuse = voice.Errorf("test", voice.Unavailable, "the database is away")
	for _, box := range []voice.Mailbox{{Email: "a@example.com"}, {}} {
		if err := s.room().Deliver(t.Context(), voice.CallInfo{Tenant: tenant}, box, recording()); !voice.IsKind(err, voice.Unavailable) || s.kicks != 0 {
			t.Errorf("with the store away: %v, %d kicks", err, s.kicks)
		}
	}
}

func TestSaveSound(t *testing.T) {
	t.Parallel()
	s := &stores{}
	if err := s.room().SaveSound(t.Context(), tenant, "S1", recording()); err != nil {
		t.Fatal(err)
	}
	if v := s.sound; s.blob != recording().Blob || v.Source != voice.SoundByPhone || v.Text != "" || v.FileName != "" || v.Name != "Welcome" {
		t.Errorf("stored %+v from %q", s.sound, s.blob)
	}
	if err := s.room().SaveSound(t.Context(), "200000002", "S1", recording()); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account's sound: %v", err)
	}
	s.refuse = voice.Errorf("test", voice.Unavailable, "the disk is full")
	if err := s.room().SaveSound(t.Context(), tenant, "S1", recording()); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("with a full disk: %v", err)
	}
}
