package smartfloivr_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

func compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return smartfloivr.Compile(ctx, app, r, smartfloivr.Options{})
}

// Every document compiles to its golden program and its scenarios hold in
// virtual time.
func TestDocuments(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/documents") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			c := dialecttest.RunDocument(t, path, smartfloivr.Kind, compile)
			for _, s := range c.Scenarios {
				t.Run(strings.TrimSuffix(s.Name, ".scenario"), func(t *testing.T) {
					interptest.RunText(t, c.Programs, c.Host, string(s.Data))
				})
			}
		})
	}
}

func TestReferences(t *testing.T) {
	tests := []struct{ in, want string }{
		{"extension|05047530000", "extension|05047530000"}, {"ivr||57000", "ivr|57000"}, {"hangup|1", "hangup|1"}, {"hangup", "hangup|1"}, {"hangup||", "hangup|1"},
		{"05047530000", "extension|05047530000"}, {" 101 ", "extension|101"}, {"ringgroup|17", "department|17"}, {"agent_extension||101", "extension|101"},
		{"agent||+91 98765 43210", "agent|+91 98765 43210"}, {"custom_dialplan||my plan", "custom_dialplan|my plan"}, {"api_dialplan||ab12", "api_dialplan|ab12"}, {"IVR|3", "ivr|3"},
		{"auto_attend||4", "auto_attend|4"}, {"inbound_queue||5", "inbound_queue|5"}, {"", ""},
	}
	for _, tt := range tests {
		if r, err := smartfloivr.ParseDestination(tt.in); err != nil || r.String() != tt.want {
			t.Errorf("%q: %s %v, want %s", tt.in, r, err, tt.want)
		}
	}
	for _, in := range []string{"mars|1", "ivr|", "ivr|x", "agent|12", "x", "custom_dialplan|a|b", "extension|" + strings.Repeat("1", 200)} {
		if r, err := smartfloivr.ParseDestination(in); err == nil {
			t.Errorf("%q is taken for %s", in, r)
		}
	}
	for in, want := range map[string]string{"recording|28935": "recording|28935", "28935": "recording|28935", "outbound_tts||7": "outbound_tts|7"} {
		if r, err := smartfloivr.ParseRecording(in); err != nil || r.String() != want {
			t.Errorf("%q: %s %v", in, r, err)
		}
	}
	for _, in := range []string{"extension|1", "recording|x", "recording|", "song"} {
		if r, err := smartfloivr.ParseRecording(in); err == nil {
			t.Errorf("%q is taken for %s", in, r)
		}
	}
}

func TestEIDs(t *testing.T) {
	for _, tt := range []struct{ tenant, number, want string }{{"704110238", "101", "070411023101"}, {"7", "530000", "070000530000"}, {"704110238", "12", "070411023812"}} {
		got := smartfloivr.EID(voice.TenantID(tt.tenant), tt.number)
		if got != tt.want || len(got) != 12 {
			t.Errorf("%s of %s: %s, want %s", tt.number, tt.tenant, got, tt.want)
		}
	}
	list := []voice.Extension{{Number: "00"}, {Number: "530000"}, {Number: "101"}}
	for id, want := range map[string]string{"101": "101", "05047530000": "530000", "070411023101": "101", "05047550000": "00", "0001": "", "05047555555": ""} {
		if e, _ := smartfloivr.FindExtension(list, id); e.Number != want {
			t.Errorf("%s finds %q, want %q", id, e.Number, want)
		}
	}
	for in, want := range map[string]string{"9876543210": "+919876543210", "09876543210": "+919876543210", "+919876543210": "+919876543210", "919876543210": "+919876543210", "+46850000000": "+46850000000"} {
		if e, err := smartfloivr.Number(in, "IN"); err != nil || string(e) != want {
			t.Errorf("%s: %s %v", in, e, err)
		}
	}
	if e, err := smartfloivr.Number("4685000000", "SE"); err != nil || e != "+4685000000" {
		t.Errorf("outside India: %s %v", e, err)
	}
}
