package outline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

type exits = map[flow.Exit]flow.NodeID

func say(text string) []voice.Prompt {
	return []voice.Prompt{{Kind: voice.PromptSpeech, Text: text}}
}

func play(text string) flow.Play { return flow.Play{Prompts: say(text)} }

func call(kind voice.DestinationKind, id string) flow.Dial {
	return flow.Dial{To: voice.Destination{Kind: kind, ID: id}}
}

func unreached(to flow.NodeID) exits {
	return exits{flow.Busy: to, flow.NoAnswer: to, flow.Failed: to}
}

// counted is a menu with two counters of its own, as Smartflo's are.
func counted() *flow.Program {
	return &flow.Program{App: "A1", Name: "counted", Entry: "answer", Nodes: []flow.Node{
		{ID: "answer", Step: flow.Answer{}, Exits: exits{flow.Next: "menu"}},
		{ID: "menu", Origin: "/recording", Step: flow.Gather{Prompts: say("main"), BargeIn: true, Keys: []voice.Digits{"1", "2"}, FirstDigit: 30 * time.Second},
			Exits: exits{"key 1": "one", "key 2": "two", flow.InvalidKey: "bad", flow.NoInput: "late"}},
		{ID: "one", Origin: "/destination/0", Step: call(voice.ToExtension, "101"), Exits: unreached("greet")},
		{ID: "two", Origin: "/destination/1", Step: flow.Goto{App: "A2"}},
		{ID: "bad", Step: flow.Count{Name: "invalid", Limit: 3}, Exits: exits{flow.Again: "bad.again", flow.Over: "bad.over"}},
		{ID: "bad.again", Step: play("wrong"), Exits: exits{flow.Next: "menu"}},
		{ID: "bad.over", Step: play("too wrong"), Exits: exits{flow.Next: "bad.to"}},
		{ID: "bad.to", Step: call(voice.ToExtension, "199")},
		{ID: "late", Step: flow.Count{Name: "timeout", Limit: 2}, Exits: exits{flow.Again: "late.again", flow.Over: "late.over"}},
		{ID: "late.again", Step: play("hello?"), Exits: exits{flow.Next: "menu"}},
		{ID: "late.over", Step: play("too late"), Exits: exits{flow.Next: "bye"}},
		{ID: "greet", Step: play("leave a message"), Exits: exits{flow.Next: "record"}},
		{ID: "record", Step: flow.Record{Purpose: voice.ForVoicemail, Beep: true}, Exits: exits{flow.Recorded: "deliver", flow.NotRecorded: "bye"}},
		{ID: "deliver", Step: flow.Deliver{Mailbox: voice.Mailbox{User: "7"}}, Exits: exits{flow.Next: "bye"}},
		{ID: "bye", Step: flow.Hangup{Words: "over"}},
		{ID: "lost", Step: play("nobody hears this")},
	}}
}

// waiting is a menu without a count whose prompts stand before it, as Telphin's do.
func waiting() *flow.Program {
	return &flow.Program{Entry: "sleep", Lifetime: time.Minute, Expired: "bye", Nodes: []flow.Node{
		{ID: "sleep", Step: flow.Wait{For: 5 * time.Second}, Exits: exits{flow.Next: "advert"}},
		{ID: "advert", Step: play("advert"), Exits: exits{flow.Next: "hello"}},
		{ID: "hello", Step: flow.Play{Prompts: say("hello"), BargeIn: true}, Exits: exits{flow.Next: "wait", flow.Cut: "wait"}},
		{ID: "wait", Step: flow.Gather{Keys: []voice.Digits{"1"}, Extensions: true, MaxDigits: 3},
			Exits: exits{"key 1": "one", flow.Extension: "ext", flow.InvalidKey: "sorry", flow.UnknownExt: "sorry", flow.NoInput: "late"}},
		{ID: "one", Step: call(voice.ToNumber, "+79876543210"), Exits: exits{flow.Busy: "late", flow.NoAnswer: "bye"}},
		{ID: "ext", Step: flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension}},
		{ID: "sorry", Step: flow.Play{Prompts: say("sorry"), BargeIn: true}, Exits: exits{flow.Next: "wait", flow.Cut: "wait"}},
		{ID: "late", Step: call(voice.ToExtension, "050")},
		{ID: "bye", Step: flow.Hangup{}},
	}}
}

func TestRetriesCountedApart(t *testing.T) {
	o := outline.New(counted())
	if len(o.Menus) != 1 || len(o.Menus[0].Keys) != 2 {
		t.Fatalf("menus: %+v", o.Menus)
	}
	m := o.Menus[0]
	bad, late := m.Invalid, m.Nothing
	if bad.Retries() != 2 || late.Retries() != 1 || bad.Shared != nil || late.Shared != nil {
		t.Errorf("retries %d and %d, shared %v and %v", bad.Retries(), late.Retries(), bad.Shared, late.Shared)
	}
	again, rest := bad.Again.Spoken()
	if !bad.Loops || !rest.Back() || cmp.Diff(say("wrong"), again) != "" || bad.Before != nil {
		t.Errorf("invalid key: %+v", bad)
	}
	over, end := bad.Over.Spoken()
	if cmp.Diff(say("too wrong"), over) != "" || len(end.Actions) != 1 || end.Actions[0].Node.ID != "bad.to" || end.From != "bad.to" {
		t.Errorf("after the last invalid key: %+v", bad.Over)
	}
	if _, end := late.Over.Spoken(); !end.IsEnd() || end.At.ID != "bye" {
		t.Errorf("after the last silence: %+v", late.Over)
	}
	if diff := cmp.Diff([]flow.NodeID{"bad", "bad.again"}, bad.Nodes); diff != "" {
		t.Error(diff)
	}
}

func TestVoicemailBehindACall(t *testing.T) {
	o := outline.New(counted())
	one := o.Menus[0].Keys[0].Way
	if one.End != outline.Branches || len(one.Actions) != 1 {
		t.Fatalf("key 1: %+v", one)
	}
	to, same := one.Actions[0].Otherwise()
	if !same || to != "greet" {
		t.Fatalf("not reached: %q %v", to, same)
	}
	v, ok := o.Way(to).Voicemail()
	if !ok || v.Mailbox.User != "7" || !v.Record.Beep || v.None != "bye" || v.Lost != "" || !v.Goodbye.IsEnd() {
		t.Errorf("voicemail: %v %+v", ok, v)
	}
	if diff := cmp.Diff([]flow.NodeID{"greet", "record", "deliver"}, v.Nodes); diff != "" {
		t.Error(diff)
	}
	if _, ok := one.Voicemail(); ok {
		t.Error("a call counts as a voicemail")
	}
	if to, same := o.Menus[0].Keys[1].Way.Actions[0].Otherwise(); to != "" || !same {
		t.Errorf("a goto without an exit leads to %q %v", to, same)
	}
}

func TestMenuWithItsPromptsBefore(t *testing.T) {
	o := outline.New(waiting())
	m := o.Menus[0]
	if len(m.Intro) != 1 || m.Intro[0].ID != "hello" {
		t.Errorf("intro: %+v", m.Intro)
	}
	if got := o.Lead.Nodes(); cmp.Diff([]flow.NodeID{"sleep", "advert", "hello"}, got) != "" || o.Lead.End != outline.ToMenu {
		t.Errorf("lead: %v %s", got, o.Lead.End)
	}
	for _, a := range o.Lead.Actions {
		if len(a.Branches) > 0 {
			t.Errorf("%s branches: %+v", a.Node.ID, a.Branches)
		}
	}
	for _, r := range []outline.Retry{m.Invalid, m.Unknown} {
		if !r.Loops || r.Retries() != -1 || r.Limit != 0 || cmp.Diff(say("sorry"), r.Before) != "" {
			t.Errorf("%s: %+v", r.Exit, r)
		}
	}
	if r := m.Nothing; r.Loops || r.Retries() != 0 || len(r.Over.Actions) != 1 || r.Over.Actions[0].Node.ID != "late" {
		t.Errorf("no input: %+v", r)
	}
	if _, same := m.Keys[0].Way.Actions[0].Otherwise(); same {
		t.Error("busy and no answer lead apart and count as one")
	}
	if m.Extension.Actions[0].Node.ID != "ext" || !o.Expired.IsEnd() {
		t.Errorf("extension %+v, expired %+v", m.Extension, o.Expired)
	}
	if o.Menu("wait") != m || o.Menu("hello") != nil || !o.Joins("late") || o.Joins("hello") {
		t.Error("look-ups")
	}
}

func TestSharedCountAndLoops(t *testing.T) {
	o := outline.New(&flow.Program{Entry: "menu", Nodes: []flow.Node{
		{ID: "menu", Step: flow.Gather{Keys: []voice.Digits{"1"}}, Exits: exits{"key 1": "ring", flow.InvalidKey: "sorry", flow.NoInput: "rounds"}},
		{ID: "sorry", Step: play("sorry"), Exits: exits{flow.Next: "rounds"}},
		{ID: "rounds", Step: flow.Count{Name: "rounds", Limit: 3}, Exits: exits{flow.Again: "menu", flow.Over: "over"}},
		{ID: "ring", Step: play("ring"), Exits: exits{flow.Next: "ring2"}},
		{ID: "ring2", Step: flow.Wait{For: time.Second}, Exits: exits{flow.Next: "ring"}},
		{ID: "over", Step: play("over"), Exits: exits{flow.Next: "gone"}},
	}})
	m := o.Menus[0]
	if cmp.Diff([]flow.Exit{flow.NoInput}, m.Invalid.Shared) != "" || cmp.Diff([]flow.Exit{flow.InvalidKey}, m.Nothing.Shared) != "" {
		t.Errorf("shared: %v and %v", m.Invalid.Shared, m.Nothing.Shared)
	}
	if cmp.Diff(say("sorry"), m.Invalid.Before) != "" || m.Nothing.Before != nil || m.Invalid.Over.End != outline.Stops {
		t.Errorf("%+v\n%+v", m.Invalid, m.Nothing)
	}
	if w := m.Keys[0].Way; w.End != outline.Repeats || w.At.ID != "ring" || len(w.Actions) != 2 {
		t.Errorf("loop: %+v", w)
	}
	if m.Unknown.Exit != "" || len(m.Retries()) != 2 {
		t.Errorf("retries: %+v", m.Retries())
	}
}

// TestGuards goes through counts that only stop circles, as Telphin's options have.
func TestGuards(t *testing.T) {
	p := waiting()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		for e, to := range n.Exits {
			if to == "advert" || to == "sorry" || to == "late" {
				n.Exits[e] = "guard." + to
			}
		}
	}
	for _, to := range []flow.NodeID{"advert", "sorry", "late"} {
		p.Nodes = append(p.Nodes, flow.Node{ID: "guard." + to, Step: flow.Count{Name: "runs", Limit: 200}, Exits: exits{flow.Again: to, flow.Over: "stop"}})
	}
	p.Nodes = append(p.Nodes, flow.Node{ID: "stop", Step: flow.Hangup{Words: "too long"}})
	o := outline.New(p)
	m := o.Menus[0]
	if got := o.Lead.Nodes(); cmp.Diff([]flow.NodeID{"sleep", "guard.advert", "advert", "hello"}, got) != "" || o.Lead.End != outline.ToMenu {
		t.Errorf("lead: %v %s", got, o.Lead.End)
	}
	if r := m.Invalid; !r.Loops || r.Limit != 0 || cmp.Diff(say("sorry"), r.Before) != "" {
		t.Errorf("invalid: %+v", r)
	}
	if r := m.Nothing; r.Loops || r.Limit != 0 || len(r.Over.Actions) != 2 {
		t.Errorf("no input: %+v", r)
	}
	for _, n := range o.Ledger().Untold() {
		if n.ID == "stop" || o.Guard(n) {
			t.Errorf("%s is to be told", n.ID)
		}
	}
	if text := o.Text(); strings.Contains(text, "count") || !strings.Contains(text, "after 200 rounds\n  hang up: too long  [stop]\n") {
		t.Errorf("%s", text)
	}
}

func TestLedger(t *testing.T) {
	o := outline.New(counted())
	l := o.Ledger()
	l.Tell(o.Menus[0].Invalid.Nodes...)
	l.Tell("menu", "one")
	var ids []string
	for _, n := range l.Untold() {
		ids = append(ids, string(n.ID))
	}
	want := "late two late.again late.over greet bad.over bye record bad.to deliver"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("untold: %s\nwant:   %s", got, want)
	}
	if !l.Told("one") || l.Told("two") {
		t.Error("told")
	}
	if outline.Where(o.Node("one")) != "/destination/0" || outline.Where(o.Node("bad")) != "bad" {
		t.Error("where")
	}
}

func TestText(t *testing.T) {
	text := outline.New(counted()).Text()
	for _, want := range []string{
		"app A1 \"counted\"\nanswer  [answer]\nto menu menu\n",
		"\nmenu  [menu /recording]\n  play speech \"main\"; a key cuts it\n  waits 30s for a key, 2s for a further one\n",
		"  key 1:\n    call extension 101  [one /destination/0]\n      busy, no answer, failed:\n        play speech \"leave a message\"  [greet]\n",
		"  invalid key, the first 2 times:\n    play speech \"wrong\"  [bad.again]\n    to menu menu\n  then:\n    play speech \"too wrong\"  [bad.over]\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing:\n%s\nin:\n%s", want, text)
		}
	}
	if strings.Contains(text, "nobody hears this") {
		t.Error("tells what nobody can reach")
	}
	if text := outline.New(waiting()).Text(); !strings.Contains(text, "after 1m0s in all\n  hang up  [bye]\n") || !strings.Contains(text, "as at late") {
		t.Errorf("%s", text)
	}
}

// TestOddPrograms reads programs that Validate would refuse.
func TestOddPrograms(t *testing.T) {
	for name, p := range map[string]*flow.Program{
		"empty":    {},
		"no step":  {Entry: "a", Nodes: []flow.Node{{ID: "a", Exits: exits{flow.Next: "a"}}}},
		"dangling": {Entry: "a", Nodes: []flow.Node{{ID: "a", Step: play("x"), Exits: exits{flow.Next: "b"}}}},
		"itself":   {Entry: "a", Nodes: []flow.Node{{ID: "a", Step: flow.Gather{}, Exits: exits{flow.NoInput: "a", flow.GotDigits: "a"}}}},
	} {
		o := outline.New(p)
		if o.Text() == "" || len(o.Ledger().Untold()) > 1 {
			t.Errorf("%s: %s", name, o.Text())
		}
	}
}
