package mailbox_test

import (
	"context"
	"strings"
	"testing"

	"tandem/internal/mailbox"
	"tandem/internal/voice"
)

// boxes has one mailbox that is set up.
type boxes string

func (b boxes) Resources(_ context.Context, _ voice.TenantID, f voice.ResourceFilter) ([]voice.Resource, error) {
	if f.Kind != voice.MailboxKind || f.Name != "1" {
		return nil, nil
	}
	return []voice.Resource{{Name: "1", Data: []byte(b)}}, nil
}

// filled is a store with two messages of user 1 and one of another.
type filled struct{ *stores }

func (filled) Messages(context.Context, voice.TenantID, voice.AppID, int) ([]voice.Message, error) {
	return []voice.Message{{User: "1"}, {User: "2"}, {User: "1"}}, nil
}

func TestSettingsOfAMailbox(t *testing.T) {
	for _, tt := range []struct {
		name, set     string
		box           voice.Mailbox
		to, full      string
		hasAttachment bool
	}{
		{"its own address", `{"email": "box@example.com", "no_attachment": true}`, voice.Mailbox{User: "1"}, "box@example.com", "", false},
		{"the flow's address before it", `{"email": "box@example.com", "no_attachment": true}`, voice.Mailbox{User: "1", Email: "flow@example.com"}, "flow@example.com", "", true},
		{"another user's", `{"email": "box@example.com", "most": 1}`, voice.Mailbox{User: "2"}, "", "", false},
		{"room for one more", `{"most": 3}`, voice.Mailbox{User: "1"}, "anna@example.com", "", true},
		{"full", `{"most": 2}`, voice.Mailbox{User: "1"}, "", "the mailbox is full: it has 2 messages of the 2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &stores{}
			r := s.room()
			r.Messages, r.Boxes = filled{s}, boxes(tt.set)
			err := r.Deliver(t.Context(), voice.CallInfo{ID: "C1", Tenant: tenant}, tt.box, recording())
			if tt.full != "" {
				if !voice.IsKind(err, voice.Limit) || !strings.Contains(voice.Reason(err), tt.full) || s.message.ID != "" {
					t.Errorf("%v, stored %+v", err, s.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			to, attached := "", false
			if s.mail != nil {
				to, attached = s.mail.To, s.mail.Attachment != ""
			}
			if to != tt.to || attached != tt.hasAttachment {
				t.Errorf("mailed to %q, with sound %v", to, attached)
			}
		})
	}
}

var _ mailbox.Boxes = boxes("")
