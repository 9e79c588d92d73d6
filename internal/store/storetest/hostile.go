package storetest

import (
	"strings"
	"testing"

	"tandem/internal/voice"
)

// testHostileText stores what strangers send: a store that refuses it would
// lose the call's record, and one that runs it would lose more.
func testHostileText(t *testing.T, s Store) {
	ctx := t.Context()
	cases := map[string]struct{ text, want string }{
		"nul":           {"a\x00b", "a\uFFFDb"},
		"not utf-8":     {"a\xff\xfeb", "a\uFFFDb"},
		"half a letter": {"a\xc3", "a\uFFFD"},
		"sql":           {`'; DROP TABLE cdrs; --`, `'; DROP TABLE cdrs; --`},
		"backslashes":   {`\' OR 1=1 -- \\"`, `\' OR 1=1 -- \\"`},
		"quotes":        {"'\"`' UNION SELECT hash FROM tokens --", "'\"`' UNION SELECT hash FROM tokens --"},
		"placeholders":  {`$1 ? :x @y %s {}`, `$1 ? :x @y %s {}`},
		"controls":      {"\x1b[2J\r\n\t", "\x1b[2J\r\n\t"},
		"long":          {strings.Repeat("å", 70000), strings.Repeat("å", 70000)},
	}
	n := 0
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			n++
			id := voice.NewID("c")
			ok(t, s.PutCDR(ctx, voice.CDR{
				Call: voice.CallID(id), From: c.text, FromName: c.text, Start: moment(n),
				Legs: []voice.LegRecord{{Words: c.text}},
			}))
			back := read(s.CDR(ctx, "", voice.CallID(id)))(t)
			same(t, "from", back.From, c.want)
			same(t, "name", back.FromName, c.want)
			ok(t, s.AppendEvents(ctx, []voice.Event{{
				Call: voice.CallID(id), Seq: 1, At: moment(n), Text: c.text, Data: map[string]string{c.text: c.text},
			}}))
			same(t, "event", read(s.Events(ctx, voice.CallID(id)))(t)[0].Text, c.want)
			ok(t, s.CreateMessage(ctx, voice.Message{ID: voice.MessageID(id), Tenant: ours, FromName: c.text}, nil))
			_, err := s.NumberByE164(ctx, voice.E164(c.text))
			want(t, "look-up", err, voice.NotExist)
			_, err = s.TokenByName(ctx, c.text, c.text)
			want(t, "credential", err, voice.NotExist)
		})
	}
}
