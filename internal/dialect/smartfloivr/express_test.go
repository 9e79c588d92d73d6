package smartfloivr_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// world is an account that documents of the tests refer to.
func world(t interface{ Fatal(...any) }) *dialecttest.World {
	w := &dialecttest.World{}
	err := w.Read(smartfloivr.Kind, `
sound PR1 none 1 audio
sound PR2 none 2 audio
sound PR3 none 3 empty
sound PR4 none 4 audio
serial 28935 sound PR1
serial 28955 sound PR2
serial 28934 sound PR3
serial 7 sound PR4
app IVR349 ivr {"name":"Other"}
serial 349 app IVR349
serial 1 extension 530000
serial 2 extension 101
user U1
resource smartflo/department 17 Sales {"name":"Sales","agents":["extension|101","agent|9876543210"],"ring_strategy":"sequential","timeout_destination":"extension|530000"}
resource smartflo/time-group 18 Day {"name":"Day","hours":[{"days":["mon","tue"],"from":"09:00","to":"17:00"}],"destination":"department|17","closed_destination":"voicemail|21","holiday_destination":"hangup|1"}
resource smartflo/time-condition 19 When {"name":"When","time_group":["timegroup|18"],"destination":["extension|101"],"default_destination":"auto_attend|20"}
resource smartflo/auto-attendant 20 Auto {"name":"Auto","recording":"recording|28935","invalid_recording":"recording|28955","timeout_tries":1,"timeout_destination":"hangup|1"}
resource smartflo/voicemail 21 Box {"name":"Box","recording":"recording|28934","email":"a@example.com"}
resource smartflo/sms-template 35642 Thanks {"name":"Thanks","text":"$caller_name, thank you for calling $ivr_name at 5 $"}
resource smartflo/custom-dialplan 22 plan {"name":"plan","key":"abc123","url":"http://app.example/route","failover_destination":"hangup|1"}
`)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func recordings() []string {
	return []string{"recording|28935", "recording|28955", "outbound_tts|7", "recording|28934", "recording|404"}
}

func destinations() []string {
	return []string{"extension|101", "extension|070411530000", "agent|9876543210", "agent|+46850000000", "ivr|349", "department|17",
		"inbound_queue|17", "timegroup|18", "time_condition|19", "auto_attend|20", "voicemail|21", "custom_dialplan|plan",
		"api_dialplan|abc123", "hangup|1", "ivr|999", "extension|999"}
}

// genIVR draws an IVR in normal form.
func genIVR(t *rapid.T) *smartfloivr.IVR {
	ref := func(from []string, name string) smartfloivr.Ref {
		var r smartfloivr.Ref
		if err := r.UnmarshalText([]byte(rapid.SampledFrom(from).Draw(t, name))); err != nil {
			t.Fatal(err)
		}
		return r
	}
	number := func(least, most int, name string) *int {
		n := rapid.IntRange(least, most).Draw(t, name)
		return &n
	}
	d := &smartfloivr.IVR{
		Name: rapid.StringMatching(`[A-Z][a-z $]{0,20}[a-z]`).Draw(t, "name"), Description: rapid.StringMatching(`[a-z]{1,20}`).Draw(t, "description"),
		Recording: ref(recordings(), "recording"), Timeout: number(1, 600, "timeout"), Option: []string{}, Destination: []smartfloivr.Ref{},
		IncorrectCount: number(0, 20, "incorrect_count"), InvalidRetry: ref(recordings(), "retry"), InvalidFinal: ref(recordings(), "final"),
		InvalidDestination: ref(destinations(), "invalid_destination"),
		TimeoutTries:       number(0, 20, "timeout_tries"), TimeoutRetry: ref(recordings(), "late retry"), TimeoutFinal: ref(recordings(), "late final"),
		TimeoutDestination: ref(destinations(), "timeout_destination"),
		AddedBy:            rapid.Int64Range(0, 99999).Draw(t, "added_by"),
	}
	keys := rapid.Permutation([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"}).Draw(t, "keys")
	for _, key := range keys[:rapid.IntRange(1, len(keys)).Draw(t, "options")] {
		d.Option = append(d.Option, key)
		d.Destination = append(d.Destination, ref(destinations(), "destination"))
		d.SMSTemplate = append(d.SMSTemplate, rapid.SampledFrom([]int64{0, 35642}).Draw(t, "sms"))
	}
	d.Normal(nil, true)
	return d
}

func app(t interface{ Fatal(...any) }, d *smartfloivr.IVR) voice.App {
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return voice.App{ID: "IVR1", Kind: smartfloivr.Kind, Type: smartfloivr.TypeIVR, Name: d.Name, Document: raw}
}

// What a document compiles to is written as the same document, without a loss,
// and the program is valid.
func TestExpressTurnsCompileRound(t *testing.T) {
	w := world(t)
	rapid.Check(t, func(t *rapid.T) {
		want := genIVR(t)
		p, _, err := smartfloivr.Compile(t.Context(), app(t, want), w, smartfloivr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d, bad := flow.Validate(&p).FirstError(); bad {
			t.Fatal(d)
		}
		got, losses, err := smartfloivr.Express(t.Context(), p, w, smartfloivr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(losses) > 0 {
			t.Fatalf("losses %v (-want +got):\n%s\n%s", losses, diff, &p)
		}
	})
}

// The same without an account, through files.
func TestFormatTurnsRound(t *testing.T) {
	f := smartfloivr.NewFormat()
	rapid.Check(t, func(t *rapid.T) {
		want := genIVR(t)
		want.AddedBy = 0 // it is no field of requests
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		p, ds, err := f.CompileFile(t.Context(), raw, dialect.OpenResolver{})
		if err != nil || len(ds) > 0 {
			t.Fatal(err, ds)
		}
		out, losses, err := f.ExpressFile(t.Context(), p, dialect.OpenResolver{})
		if err != nil {
			t.Fatal(err)
		}
		got := &smartfloivr.IVR{}
		if err := json.Unmarshal(out, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(losses) > 0 {
			t.Fatalf("losses %v (-want +got):\n%s", losses, diff)
		}
	})
}

// What stands in a program counts, not what it was made of.
func TestExpressReadsTheProgram(t *testing.T) {
	w := world(t)
	d := rapid.Custom(genIVR).Example(3)
	d.Option, d.SMSTemplate = []string{"1", "2"}, nil
	d.Destination = []smartfloivr.Ref{{Type: "extension", ID: "101"}, {Type: "ivr", ID: "349"}}
	compile := func() flow.Program {
		p, _, err := smartfloivr.Compile(t.Context(), app(t, d), w, smartfloivr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	change := func(id flow.NodeID, f func(n *flow.Node)) flow.Program {
		p := compile()
		i := slices.IndexFunc(p.Nodes, func(n flow.Node) bool { return n.ID == id })
		if i < 0 {
			t.Fatalf("no node %s in %s", id, &p)
		}
		f(&p.Nodes[i])
		return p
	}
	express := func(p flow.Program) (*smartfloivr.IVR, []dialect.Loss) {
		got, losses, err := smartfloivr.Express(t.Context(), p, w, smartfloivr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return got, losses
	}
	got, _ := express(change("option_1", func(n *flow.Node) {
		n.Step = flow.Dial{To: voice.Destination{Kind: voice.ToExtension, ID: "530000"}}
	}))
	if got.Destination[0].ID != "530000" {
		t.Errorf("another extension: %s", got.Destination[0])
	}
	got, _ = express(change("late", func(n *flow.Node) { n.Step = flow.Count{Name: "timeout", Limit: 5} }))
	if *got.TimeoutTries != 4 {
		t.Errorf("another limit: %d", *got.TimeoutTries)
	}
	got, losses := express(change("option_2", func(n *flow.Node) {
		n.Step = flow.Dial{To: voice.Destination{Kind: voice.ToSIP, ID: "a@b.example"}}
	}))
	if got.Destination[1].Type != "hangup" || len(losses) != 1 || losses[0].Where != "/destination/1" {
		t.Errorf("a SIP address: %s %v", got.Destination[1], losses)
	}
}

// Programs of other documents are written as far as an IVR can say them.
func TestExpressOfForeignPrograms(t *testing.T) {
	w := world(t)
	w.SoundList[1].Source, w.SoundList[1].Text = voice.SoundSpoken, "Welcome"
	w.ExtensionList[1].User = "U1"
	type exits = map[flow.Exit]flow.NodeID
	sound := []voice.Prompt{{Kind: voice.PromptSound, Sound: "PR1"}}
	tests := []struct {
		name   string
		nodes  []flow.Node
		want   string // the document's main parts
		losses int
	}{
		{"a menu that retries for ever", []flow.Node{
			{ID: "a", Step: flow.Gather{Prompts: sound, BargeIn: true, Keys: []voice.Digits{"1", "22"}}, Exits: exits{flow.Key("1"): "b", flow.Key("22"): "b", flow.NoInput: "a", flow.InvalidKey: "a"}},
			{ID: "b", Step: flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "U1"}}},
		}, "recording|28935 5 [1] [extension|101] 20 hangup|1 20 hangup|1", 3},
		{"spoken text that there is a recording of", []flow.Node{
			{ID: "a", Step: flow.Gather{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: "Welcome"}}, BargeIn: true, Keys: []voice.Digits{"5"}, FirstDigit: 1500e6}, Exits: exits{flow.Key("5"): "b"}},
			{ID: "b", Step: flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+46850000000"}}, Exits: exits{flow.Busy: "a"}},
		}, "outbound_tts|28955 2 [5] [agent|46850000000] 0 hangup|1 0 hangup|1", 2},
		{"an announcement", []flow.Node{
			{ID: "a", Step: flow.Answer{}, Exits: exits{flow.Next: "b"}},
			{ID: "b", Step: flow.Play{Prompts: sound}, Exits: exits{flow.Next: "c"}},
			{ID: "c", Step: flow.Goto{App: "IVR349"}},
		}, "recording|28935 1 [] [] 0 ivr|349 0 ivr|349", 1},
		{"hours, a ring group and a message", []flow.Node{
			{ID: "a", Step: flow.Gather{Prompts: sound, BargeIn: true, Keys: []voice.Digits{"1", "2"}}, Exits: exits{flow.Key("1"): "b", flow.Key("2"): "d"}},
			{ID: "b", Step: flow.Hours{}, Exits: exits{flow.Open: "c"}},
			{ID: "c", Step: flow.Dial{To: voice.Destination{Kind: voice.ToExtension, ID: "101"}, Also: []voice.Destination{{Kind: voice.ToExtension, ID: "530000"}}}},
			{ID: "d", Step: flow.Record{Purpose: voice.ForVoicemail}, Exits: exits{flow.Recorded: "e"}},
			{ID: "e", Step: flow.Deliver{Mailbox: voice.Mailbox{Email: "a@example.com"}}},
		}, "recording|28935 5 [1 2] [extension|101 voicemail|21] 0 hangup|1 0 hangup|1", 3},
		{"variables are lost by name", []flow.Node{
			{ID: "a", Step: flow.Set{Name: "x", Value: "y"}, Exits: exits{flow.Next: "b"}},
			{ID: "b", Step: flow.Gather{Prompts: sound, BargeIn: true, Keys: []voice.Digits{"1"}}, Exits: exits{flow.Key("1"): "c"}},
			{ID: "c", Step: flow.Save{Topic: "t"}, Exits: exits{flow.Next: "d"}},
			{ID: "d", Step: flow.Hangup{}},
		}, "recording|28935 5 [1] [hangup|1] 0 hangup|1 0 hangup|1", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := flow.Program{App: "X", Name: "Foreign", Entry: "a", Nodes: tt.nodes}
			d, losses, err := smartfloivr.Express(t.Context(), p, w, smartfloivr.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var keys, to string
			for i, k := range d.Option {
				keys, to = keys+" "+k, to+" "+d.Destination[i].String()
			}
			trim := func(s string) string { return "[" + s[min(1, len(s)):] + "]" }
			got := d.Recording.String() + " " + strconv.Itoa(*d.Timeout) + " " + trim(keys) + " " + trim(to) + " " + strconv.Itoa(*d.IncorrectCount) + " " +
				d.InvalidDestination.String() + " " + strconv.Itoa(*d.TimeoutTries) + " " + d.TimeoutDestination.String()
			if got != tt.want || len(losses) != tt.losses {
				t.Errorf("got  %s\nwant %s\n%d losses: %v", got, tt.want, len(losses), losses)
			}
			for _, l := range losses {
				if l.What == "" || l.Why == "" || l.Instead == "" || l.Where == "" {
					t.Errorf("a loss without words: %+v", l)
				}
			}
		})
	}
	if _, _, err := smartfloivr.Express(t.Context(), flow.Program{}, w, smartfloivr.Options{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("a program without an entry: %v", err)
	}
}
