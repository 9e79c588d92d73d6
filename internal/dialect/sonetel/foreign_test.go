package sonetel_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

type exits = map[flow.Exit]flow.NodeID

func sound(ids ...string) []voice.Prompt {
	var list []voice.Prompt
	for _, id := range ids {
		list = append(list, voice.Prompt{Kind: voice.PromptSound, Sound: voice.SoundID(id)})
	}
	return list
}

func call(kind voice.DestinationKind, id string) flow.Dial {
	return flow.Dial{To: voice.Destination{Kind: kind, ID: id}}
}

// foreign are programs of the shapes that other documents give.
func foreign() map[string]flow.Program {
	return map[string]flow.Program{
		"two counters": {App: "A1", Name: "Election", Entry: "menu", Nodes: []flow.Node{
			{ID: "menu", Origin: "/recording", Step: flow.Gather{Prompts: sound("28935"), BargeIn: true, Keys: []voice.Digits{"1", "2", "*"}, FirstDigit: 30 * time.Second},
				Exits: exits{"key 1": "one", "key 2": "two", "key *": "bye", flow.InvalidKey: "bad", flow.NoInput: "late"}},
			{ID: "one", Origin: "/destination/0", Step: call(voice.ToExtension, "101"), Exits: exits{flow.Busy: "vm", flow.NoAnswer: "vm", flow.Failed: "vm"}},
			{ID: "two", Origin: "/destination/1", Step: flow.Goto{App: "A2"}},
			{ID: "bad", Origin: "/incorrect_count", Step: flow.Count{Name: "bad", Limit: 3}, Exits: exits{flow.Again: "bad.again", flow.Over: "bad.over"}},
			{ID: "bad.again", Origin: "/invalid_recording", Step: flow.Play{Prompts: sound("28955")}, Exits: exits{flow.Next: "menu"}},
			{ID: "bad.over", Origin: "/recording_invalid", Step: flow.Play{Prompts: sound("28934")}, Exits: exits{flow.Next: "bad.to"}},
			{ID: "bad.to", Origin: "/invalid_destination", Step: call(voice.ToNumber, "+4685000000")},
			{ID: "late", Origin: "/timeout_tries", Step: flow.Count{Name: "late", Limit: 3}, Exits: exits{flow.Again: "late.again", flow.Over: "late.over"}},
			{ID: "late.again", Origin: "/timeout_retry_recording", Step: flow.Play{Prompts: sound("28977")}, Exits: exits{flow.Next: "menu"}},
			{ID: "late.over", Origin: "/timeout_recording", Step: flow.Play{Prompts: sound("28955")}, Exits: exits{flow.Next: "late.to"}},
			{ID: "late.to", Origin: "/timeout_destination", Step: call(voice.ToUser, "300400")},
			{ID: "vm", Origin: "/destination/0", Step: flow.Record{Purpose: voice.ForVoicemail}, Exits: exits{flow.Recorded: "vm.deliver"}},
			{ID: "vm.deliver", Origin: "/destination/0", Step: flow.Deliver{Mailbox: voice.Mailbox{User: "300400"}}},
			{ID: "bye", Origin: "/destination/2", Step: flow.Hangup{}},
		}},
		"wait and any extension": {App: "A3", Name: "IVR 071", Entry: "sleep", Lifetime: 30 * time.Minute, Expired: "bye", Nodes: []flow.Node{
			{ID: "sleep", Origin: "/sleep_time", Step: flow.Wait{For: 5 * time.Second}, Exits: exits{flow.Next: "advert"}},
			{ID: "advert", Origin: "/start/0", Step: flow.Play{Prompts: sound("52")}, Exits: exits{flow.Next: "hello"}},
			{ID: "hello", Origin: "/start/1", Step: flow.Play{Prompts: sound("51"), BargeIn: true}, Exits: exits{flow.Next: "wait", flow.Cut: "wait"}},
			{ID: "wait", Origin: "/context/1", Step: flow.Gather{BargeIn: true, Keys: []voice.Digits{"1", "2", "100"}, Extensions: true, MaxDigits: 3},
				Exits: exits{"key 1": "one", "key 2": "sub", "key 100": "bye", flow.Extension: "ext", flow.UnknownExt: "bye", flow.InvalidKey: "bye", flow.NoInput: "late"}},
			{ID: "one", Origin: "/1/0", Step: flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+79876543210"}, Also: []voice.Destination{{Kind: voice.ToExtension, ID: "101"}}}},
			{ID: "sub", Origin: "/2/0", Step: flow.Play{Prompts: sound("53"), BargeIn: true}, Exits: exits{flow.Next: "wait2", flow.Cut: "wait2"}},
			{ID: "wait2", Origin: "/context/2", Step: flow.Gather{Keys: []voice.Digits{"1"}}, Exits: exits{"key 1": "one"}},
			{ID: "ext", Origin: "/context/1/allow_any_dial", Step: flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension}},
			{ID: "late", Origin: "/timeout/0", Step: call(voice.ToExtension, "101"), Exits: exits{flow.Busy: "bye", flow.NoAnswer: "bye", flow.Failed: "bye"}},
			{ID: "bye", Origin: "/lifetime_exp_action", Step: flow.Hangup{}},
		}},
		"all kinds of steps": {App: "A4", Name: strings.Repeat("long ", 30), Entry: "lang", Nodes: []flow.Node{
			{ID: "lang", Step: flow.Set{Name: flow.VarLanguage, Value: "sv"}, Exits: exits{flow.Next: "hours"}},
			{ID: "hours", Step: flow.Hours{}, Exits: exits{flow.Open: "ask", flow.Closed: "closed"}},
			{ID: "ask", Step: flow.Request{URL: "http://crm.example/"}, Exits: exits{flow.Next: "if"}},
			{ID: "if", Step: flow.If{Left: "${vip}", Op: flow.Equal, Right: "yes"}, Exits: exits{flow.Yes: "queue", flow.No: "box"}},
			{ID: "queue", Step: flow.Queue{ID: "q", Members: []voice.Destination{{Kind: voice.ToGroup, ID: "100200"}}}, Exits: exits{flow.NoAnswer: "box"}},
			{ID: "box", Step: flow.Record{Purpose: voice.ForVoicemail}, Exits: exits{flow.Recorded: "keep"}},
			{ID: "keep", Step: flow.Deliver{Mailbox: voice.Mailbox{Email: "a@example.com"}}},
			{ID: "closed", Step: flow.Play{Prompts: sound("9")}, Exits: exits{flow.Next: "box"}},
		}},
		"a mailbox": {App: "A5", Name: "Box", Entry: "hello", Nodes: []flow.Node{
			{ID: "hello", Step: flow.Play{Prompts: sound("7")}, Exits: exits{flow.Next: "box"}},
			{ID: "box", Step: flow.Record{Purpose: voice.ForVoicemail, Beep: true, MaxLength: time.Minute}, Exits: exits{flow.Recorded: "keep"}},
			{ID: "keep", Step: flow.Deliver{Mailbox: voice.Mailbox{Email: "a@example.com,b@example.com", NoAttachment: true}}},
		}},
		"circles": {App: "A6", Name: "Circles", Entry: "a", Nodes: []flow.Node{
			{ID: "a", Step: flow.If{Left: "x", Op: flow.IsSet}, Exits: exits{flow.Yes: "b", flow.No: "b"}},
			{ID: "b", Step: flow.Wait{For: time.Second}, Exits: exits{flow.Next: "a"}},
		}},
	}
}

// TestExpressForeign holds the documents of programs that no voice app gave, and
// what each could not say, to the golden files in testdata/foreign.
func TestExpressForeign(t *testing.T) {
	d := compiler(t)
	w := &dialecttest.World{UserList: []voice.User{{ID: "300400"}}, Groups: []string{"100200"},
		AppList:       []voice.App{{ID: "A2"}, {ID: "VAbox", Type: "mailbox", Document: []byte(`{"name":"box","deliver_to":"email","deliver_to_details":"a@example.com"}`)}},
		ExtensionList: []voice.Extension{{Number: "101", User: "300400"}}}
	for name, p := range foreign() {
		t.Run(name, func(t *testing.T) {
			raw, losses, err := d.Express(t.Context(), p, w)
			if err != nil {
				t.Fatal(err)
			}
			made, diags, err := d.Check(t.Context(), raw, w)
			if err != nil || len(diags) > 0 {
				t.Errorf("the document does not compile: %v %v", diags, err)
			}
			if _, again, err := d.Express(t.Context(), made, w); err != nil || len(again) > 0 {
				t.Errorf("the document loses something of itself: %v %+v", err, again)
			}
			mentioned(t, p, made, losses)
			var b strings.Builder
			fmt.Fprintf(&b, "%s\n", indented(t, raw))
			for _, l := range losses {
				fmt.Fprintf(&b, "\n%s: %s\n\t%s; instead: %s\n", l.Where, l.What, l.Why, l.Instead)
			}
			golden(t, filepath.Join("testdata", "foreign", strings.ReplaceAll(name, " ", "_")+".txt"), b.String())
		})
	}
}

// mentioned checks that every sound, number and app of a program is in the new
// program or named by a loss.
func mentioned(t *testing.T, p, made flow.Program, losses []dialect.Loss) {
	t.Helper()
	all, err := json.Marshal([]any{made, losses})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Nodes {
		var ids []string
		switch s := n.Step.(type) {
		case flow.Play:
			ids = append(ids, string(s.Prompts[0].Sound))
		case flow.Dial:
			ids = append(ids, s.To.ID)
			if s.To.ID == "101" { // its user is called
				ids = []string{"300400"}
			}
		case flow.Goto:
			ids = append(ids, string(s.App))
		}
		for _, id := range ids {
			if !strings.Contains(string(all), id) {
				t.Errorf("%s of node %s is gone without a word", id, n.ID)
			}
		}
	}
}

func indented(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	v := values(t, raw)
	if menu, ok := v["menu"].(map[string]any); ok {
		for key, a := range menu {
			if a.(map[string]any)["action"] == "" {
				delete(menu, key)
			}
		}
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A voice app as a file is what a client would POST.
func TestFormat(t *testing.T) {
	f := sonetel.NewFormat()
	const file = `{
  "app_type": "ivr",
  "name": "A & B",
  "voice": "swe",
  "play_welcome": "no",
  "get_extension": "no",
  "play_menu": "yes",
  "menu": {
    "digit_1": {
      "action": "connect",
      "to": "app",
      "id": "VAother"
    },
    "timeout": {
      "action": "call",
      "to": "phnum",
      "id": "+46 8 500 00 00"
    }
  }
}
`
	p, diags, err := f.CompileFile(t.Context(), []byte(file), dialect.OpenResolver{})
	if err != nil || len(diags) > 0 || f.Kind() != sonetel.Kind {
		t.Fatalf("%v %v", diags, err)
	}
	out, losses, err := f.ExpressFile(t.Context(), p, dialect.OpenResolver{})
	if err != nil || len(losses) > 0 {
		t.Fatalf("%v %+v", err, losses)
	}
	if diff := cmp.Diff(file, string(out)); diff != "" {
		t.Error(diff)
	}
	if _, _, err := f.CompileFile(t.Context(), []byte(`[1]`), dialect.OpenResolver{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("a list: %v", err)
	}
	_, diags, err = f.CompileFile(t.Context(), []byte(`{"app_type":"ivr","name":"x","voice":"klingon"}`), dialect.OpenResolver{})
	if d, bad := diags.FirstError(); err != nil || !bad || !strings.Contains(d.Text, "klingon") {
		t.Errorf("a wrong voice: %v %v", diags, err)
	}
}
