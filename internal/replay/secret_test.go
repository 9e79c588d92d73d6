package replay_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/internal/explain"
	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/interp/interptest"
	"tandem/internal/replay"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

const vault = `flow: 1
name: Vault
start: hello
steps:
  hello: {play: {prompts: [{say: Welcome}], barge_in: true}, then: pin}
  pin:
    gather: {prompts: [{say: PIN}], barge_in: true, max_digits: 4, into: pin, secret: true}
    digits: long
    no_input: bye
  long: {if: {value: "${pin}", begins_with: "75"}, then: ask, else: wrong}
  ask:
    request: {method: POST, url: "https://bank.example/?pin=${pin}", headers: {X-Pin: "${pin}"}, body: '{"pin": "${pin}"}'}
    then: read
    failed: bye
  read: {play: {prompts: [{say: "You keyed ${pin}"}]}, then: text}
  text: {notice: {dialect: routee, fields: {pin: "${pin}"}}, then: again}
  again: {gather: {prompts: [{say: More}], max_digits: 1}, digits: bye, no_input: bye}
  wrong: {play: {prompts: [{say: Wrong}]}, then: bye}
  bye: {hang_up: {}}
`

// bank is a host that keeps the requests that are made.
type bank struct {
	interptest.MemoryHost
	asked []voice.HTTPRequest
}

func (b *bank) Request(_ context.Context, q voice.HTTPRequest) (voice.HTTPAnswer, error) {
	b.asked = append(b.asked, q)
	return voice.HTTPAnswer{Status: 200}, nil
}

// instants are the clock's readings on a tape, which have any digits in them.
var instants = regexp.MustCompile(`"(at|for)":\d+`)

// What a secret gather takes goes to the application by the request's body and headers
// and stands nowhere else, and a replay goes the same way without it.
func TestSecretDigits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		keys  []sim.Action
		asked bool
	}{
		{"into the question", []sim.Action{{After: 5 * time.Second, Press: "7539"}, {After: 20 * time.Second, Press: "2"}}, true},
		{"ahead of it", []sim.Action{{After: time.Second, Press: "7539"}, {After: 20 * time.Second, Press: "2"}}, true},
		{"a wrong one", []sim.Action{{After: 5 * time.Second, Press: "3539"}}, false},
		{"too short", []sim.Action{{After: 5 * time.Second, Press: "753"}}, true},
		{"none", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := compiled(t, vault)
			call := sim.New(sim.Script{Caller: tt.keys})
			info := voice.CallInfo{ID: "c1", Tenant: "t1", From: "+46700000001", Start: call.Now()}
			host := &bank{}
			rec := replay.New(t.Context(), p, call, host, info)
			res := interp.Run(t.Context(), p, rec.Call(), rec.Host(), rec.Options(interp.Options{Info: info}))
			tape := &replay.Tape{Call: "c1", Tenant: "t1", Start: info.Start, Runs: []*replay.Run{rec.End(res)}}
			if tt.asked != (len(host.asked) == 1) {
				t.Fatalf("the application was asked %d times", len(host.asked))
			}
			for _, q := range host.asked {
				if got := string(q.Body) + q.Headers["X-Pin"]; !strings.Contains(got, "753") || strings.Contains(got, "x") || strings.Contains(q.URL, "753") {
					t.Errorf("asked %s with %s, %v", q.URL, q.Body, q.Headers)
				}
			}
			tape.Runs[0].Program = nil // "begins_with" is the author's own
			account := explain.Of(voice.CDR{}, call.Events())
			for what, v := range map[string]any{"tape": tape, "timeline": call.Events(), "account": account} {
				data, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if text := instants.ReplaceAllString(string(data), ""); strings.Contains(text, "753") || strings.Contains(text, "3539") {
					t.Errorf("the %s tells the digits: %s", what, text)
				}
			}
			for _, e := range call.Events() {
				if d := e.Data["digit"]; d != "" && d != voice.HiddenKey && d != "2" || len(e.Data["digit"]) > 1 {
					t.Errorf("%s tells key %q", e.Kind, d)
				}
			}
			tape.Runs[0].Program = p
			if o := replay.Replay(t.Context(), tape, nil); !o.Same || o.Left != "" {
				t.Errorf("replayed: %s; left %q", o, o.Left)
			}
			changed := compiled(t, strings.Replace(vault, "then: ask, else: wrong", "then: wrong, else: wrong", 1))
			if o := replay.Replay(t.Context(), tape, map[voice.AppID]*flow.Program{"desk": changed}); o.Same == tt.asked {
				t.Errorf("replayed on another flow: %s", o)
			}
		})
	}
}
