package telphinivr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// reply makes a program of an answer to a menu whose context 3 has option start.
func reply(t *testing.T, answer string) (*flow.Program, error) {
	t.Helper()
	w := world()
	w.SoundList = append(w.SoundList, voice.Sound{ID: "S", Serial: 77, FileName: "hello.wav", Blob: "b"})
	return telphinivr.Reply(t.Context(), []byte(answer), []flow.Exit{telphinivr.Way(3, "start")}, w)
}

// Every verb becomes its step, and the flow comes back after the last.
func TestReplyOfAnApplication(t *testing.T) {
	sound := []voice.Prompt{{Kind: voice.PromptSound, Sound: "S"}}
	for answer, want := range map[string]flow.Step{
		`<Hangup/>`:                                    flow.Hangup{Cause: voice.CauseNormal, Words: "the application hangs up"},
		`<Pause length="15"/>`:                         flow.Wait{For: 15 * time.Second},
		`<Pause/>`:                                     flow.Wait{For: 10 * time.Second},
		`<SetVar name="x">a $y</SetVar>`:               flow.Set{Name: "x", Value: "a ${y}"},
		`<Jump context="3"/>`:                          flow.Return{Exit: telphinivr.Way(3, "start")},
		`<SetCaller number="100"/>`:                    flow.SetCaller{Number: "100"},
		`<SetCallerId name="Shop"/>`:                   flow.SetCaller{Name: "Shop"},
		`<PlaySound>hello.wav</PlaySound>`:             flow.Play{Prompts: sound},
		`<PlaySound where="background">77</PlaySound>`: flow.Play{Prompts: sound, BargeIn: true},
		`<PlaySound where="background" digitvar="d">hello.wav</PlaySound>`: flow.Gather{Prompts: sound, BargeIn: true, Into: "d", MaxDigits: 32, Finish: "#"},
		`<Transfer>100 +79876543210</Transfer>`: flow.Dial{To: voice.Destination{Kind: voice.ToDialled, ID: "100"},
			Also: []voice.Destination{{Kind: voice.ToNumber, ID: "+79876543210"}}, Strategy: voice.AllAtOnce},
		`<SimpleTransfer>100</SimpleTransfer>`: flow.Dial{To: voice.Destination{Kind: voice.ToPhones, ID: "100"}, Also: []voice.Destination{}, Strategy: voice.AllAtOnce},
	} {
		p, err := reply(t, `<?xml version="1.0" encoding="windows-1251"?><Response>`+answer+`</Response>`)
		if err != nil {
			t.Errorf("%s: %v", answer, err)
			continue
		}
		if diff := cmp.Diff([]flow.Step{want, flow.Return{}}, []flow.Step{p.Nodes[0].Step, p.Nodes[1].Step}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
		// After a verb that ends the flow nothing leads to the end; there is no other fault.
		if faults := flow.Validate(p); len(faults) > 1 || len(faults) == 1 && faults[0].Code != flow.CodeUnreachable {
			t.Errorf("%s: %v", answer, faults)
		}
	}
	if p, err := reply(t, `<Response></Response>`); err != nil || p.Entry != "end" {
		t.Errorf("an empty answer: %v", err)
	}
}

// What is no answer is refused in words.
func TestReplyRefused(t *testing.T) {
	for answer, words := range map[string]string{
		``:                             "no <Response>",
		`{"a": 1}`:                     "no <Response>",
		`<Response><Pause>`:            "no XML",
		`<Reply/>`:                     "not one <Response>",
		`<Response/><Response/>`:       "not one <Response>",
		`<Response><Sing/></Response>`: "<Sing> is no verb",
		`<!DOCTYPE r [<!ENTITY a "b">]><Response/>`:                              "document type",
		`<Response>&a;</Response>`:                                               "no XML",
		`<Response><a><b><c/></b></a></Response>`:                                "nested too deep",
		`<Response>` + strings.Repeat(`<Pause/>`, 101) + `</Response>`:           "more than 100 verbs",
		`<Response>` + strings.Repeat(` `, telphinivr.MaxAnswer) + `</Response>`: "larger than 64 KiB",
		`<Response><Pause length="-1"/></Response>`:                              "length",
		`<Response><Pause length="99999"/></Response>`:                           "length",
		`<Response><SetVar name="call.id">x</SetVar></Response>`:                 "no name of a variable",
		`<Response><Jump context="4" option="start"/></Response>`:                "has no option",
		`<Response><Jump/></Response>`:                                           "context",
		`<Response><SetCaller/></Response>`:                                      "name or number",
		`<Response><PlaySound>../secret</PlaySound></Response>`:                  "no sound with file name",
		`<Response><PlaySound where="here">hello.wav</PlaySound></Response>`:     "where",
		`<Response><Transfer>call me</Transfer></Response>`:                      "is no number",
		`<Response><Transfer></Transfer></Response>`:                             "numbers are needed",
	} {
		if _, err := reply(t, answer); !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), words) {
			t.Errorf("%.60s: %v, not %q", answer, err, words)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add(`<Response><PlaySound where="background" digitvar="d">hello.wav</PlaySound><Jump context="3"/></Response>`)
	f.Fuzz(func(t *testing.T, answer string) {
		p, err := reply(t, answer)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v %v", p, err)
		}
		if p == nil {
			return
		}
		if d, bad := flow.Validate(p).FirstError(); bad {
			t.Fatalf("%q: %s", answer, d)
		}
	})
}
