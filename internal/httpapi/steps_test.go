package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// upAndDown has one call of the account up.
func upAndDown(t *testing.T) *fixture {
	f := newFixture(t)
	f.calls.live = map[voice.TenantID][]voice.LiveCall{f.tenant: {{Info: voice.CallInfo{ID: "c1"}, State: voice.LiveAnswered, App: "VA1", Awaits: "ready"}}}
	return f
}

const hello = `"steps":{"hello":{"play":[{"say":"Hello"}],"then":"bye"},"bye":{"hang_up":{}}},"start":"hello"`

func TestStepsForACall(t *testing.T) {
	f := upAndDown(t)
	if list := f.ok(200, "GET", "/calls/live", "").items(); list[0]["awaits"] != "ready" {
		t.Errorf("live: %v", list)
	}
	r := f.ok(202, "POST", "/calls/c1/steps", `{`+hello+`,"mode":"instead","replace":true,"at":"ready","last":true,"words":"greet"}`)
	if r.body["call"] != "c1" || r.body["repeated"] != false || len(f.calls.given) != 1 {
		t.Fatalf("%s, %v", r.raw, f.calls.given)
	}
	c := f.calls.given[0]
	if c.Mode != voice.CommandInstead || !c.Replace || c.At != "ready" || !c.Last || c.Key != "" || c.Text != "greet, by order of key test" {
		t.Errorf("command %+v", c)
	}
	if p := c.Program; p.Entry != "hello" || len(p.Nodes) != 2 || p.App != "VA1" || p.Nodes[0].Origin != "/steps/hello" {
		t.Errorf("program %+v", p)
	}
	f.ok(202, "POST", "/calls/c1/steps", `{"steps":{"x":{"hang_up":{}}}}`)
	if c := f.calls.given[1]; c.Mode != "" || c.Program.Entry != "x" {
		t.Errorf("command %+v", c)
	}
}

func TestStepsRefused(t *testing.T) {
	f := upAndDown(t)
	for body, words := range map[string]string{
		`{}`:            "body.steps",
		`{"steps":{}}`:  "body.steps",
		`{"steps":[1]}`: "body.steps",
		`{` + hello[:len(hello)-len(`,"start":"hello"`)] + `}`:                     "body.start",
		`{"steps":{"a":{"sing":"loud"}}}`:                                          "body#/steps/a",
		`{"steps":{"a":{"dial":{"to":{"extension":"999"}}}}}`:                      "body#/steps/a/dial/to/extension",
		`{"steps":{"a":{"answer":null,"then":"b"}}}`:                               "body#/steps/a/then",
		`{"steps":{"a":{"hang_up":{}}},"mode":"after"}`:                            "body.mode",
		`{"steps":{"a":{"hang_up":{}}},"mix":true}`:                                "body.mode",
		`{"steps":{"a":{"hang_up":{}}},"mode":"over"}`:                             "body.steps",
		`{"steps":{"a":{"play":[{"say":"x ${y}"}]}},"mode":"over"}`:                "body.steps",
		`{"steps":{"a":{"play":[{"say":"x"}]}},"mode":"over","replace":true}`:      "body.mode",
		`{"steps":{"a":{"play":[{"say":"x"}],"then":"a"}},"mode":"over","at":"b"}`: "body.mode",
		`{"steps":{"a":{"hang_up":{}}},"step":1}`:                                  "unexpected property",
	} {
		f.fails(422, words, "POST", "/calls/c1/steps", body)
	}
	var many strings.Builder
	for i := range flow.MaxFetched {
		fmt.Fprintf(&many, `"s%d":{"hang_up":{}},`, i)
	}
	f.fails(422, "at most 1000", "POST", "/calls/c1/steps", `{"steps":{`+many.String()+`"z":{"hang_up":{}}},"start":"z"}`)
	if len(f.calls.given)+len(f.calls.done) != 0 {
		t.Errorf("done %v", f.calls.done)
	}
	f.fails(404, "no call c2", "POST", "/calls/c2/steps", `{`+hello+`}`)
	f.refused(f.as(f.foreign, "POST", "/calls/c1/steps", `{`+hello+`}`), 404, "no call c1", "another account's call")
	for status, err := range map[int]error{
		404: voice.Errorf("t", voice.NotExist, "no call c1 is up"), 409: voice.Errorf("t", voice.Conflict, "the call does not wait for commands"),
		429: voice.Errorf("t", voice.Limit, "20 commands wait already"), 422: voice.InvalidField("t", "program", "it can't be run"),
	} {
		f.calls.err = err
		f.fails(status, voice.Reason(err), "POST", "/calls/c1/steps", `{`+hello+`}`)
	}
}

// An order with a key is given once, also by several at the same time, and
// another under the same key is refused; calls and accounts have keys of their own.
func TestStepsWithAKey(t *testing.T) {
	f := upAndDown(t)
	f.calls.live[f.tenant] = append(f.calls.live[f.tenant], voice.LiveCall{Info: voice.CallInfo{ID: "c3"}})
	order := func(call, body string) reply {
		return f.as(f.key, "POST", "/calls/"+call+"/steps", body, "Idempotency-Key", "k1")
	}
	f.ok(200, "GET", "/calls/live", "") // the key has been right before
	var wg sync.WaitGroup
	replies := make([]reply, 20)
	for i := range replies {
		wg.Go(func() { replies[i] = order("c1", `{`+hello+`}`) })
	}
	wg.Wait()
	first := 0
	for _, r := range replies {
		if r.status != 202 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		if r.body["repeated"] == false {
			first++
		}
	}
	if first != 1 || len(f.calls.given) != 1 || f.calls.given[0].Key == "" {
		t.Errorf("%d were first, given %d times", first, len(f.calls.given))
	}
	f.refused(order("c1", `{"steps":{"a":{"hang_up":{}}}}`), 409, "stood for another order", "another order")
	if r := order("c3", `{"steps":{"a":{"hang_up":{}}}}`); r.status != 202 || r.body["repeated"] != false {
		t.Errorf("another call: %d %s", r.status, r.raw)
	}
	// A repetition is the same after the call; an order that failed begins anew.
	f.calls.live = nil
	if r := order("c1", `{`+hello+`}`); r.status != 202 || r.body["repeated"] != true {
		t.Errorf("afterwards: %d %s", r.status, r.raw)
	}
	for range 2 {
		f.refused(f.as(f.key, "POST", "/calls/c1/steps", `{`+hello+`}`, "Idempotency-Key", "k2"), 404, "no call c1", "after the end")
	}
}

func TestBesideTheFlow(t *testing.T) {
	f := upAndDown(t)
	f.ok(202, "POST", "/calls/c1/steps", `{"steps":{"a":{"play":[{"say":"One moment"}]}},"mode":"over","mix":true,"loop":true,"leg":"b","language":"en"}`)
	f.ok(204, "DELETE", "/calls/c1/over?leg=b", "")
	f.ok(204, "POST", "/calls/c1/keys", `{"keys":"1W2#","leg":"b"}`)
	if r := f.ok(201, "POST", "/calls/c1/recording", ""); r.body["recording"] != "R1" {
		t.Errorf("recording: %s", r.raw)
	}
	f.ok(201, "POST", "/calls/c1/recording", `{"mixed":true,"max_seconds":60}`)
	f.ok(204, "PUT", "/calls/c1/recording", `{"state":"paused"}`)
	f.ok(204, "PUT", "/calls/c1/recording", `{"state":"recording"}`)
	f.ok(204, "DELETE", "/calls/c1/recording", "")
	id := string(f.tenant)
	want := []string{`over c1 "b" true true: [speech "One moment"]`, `stop over c1 of ` + id + ` "b"`, `keys c1 of ` + id + ` "b": 1W2#`,
		`tape c1 of ` + id + ` false 0s`, `tape c1 of ` + id + ` true 1m0s`, `tape c1 of ` + id + `: pause`, `tape c1 of ` + id + `: resume`, `tape c1 of ` + id + `: stop`}
	if !slices.Equal(f.calls.done, want) {
		t.Errorf("got  %q\nwant %q", f.calls.done, want)
	}
	f.fails(422, "body.keys", "POST", "/calls/c1/keys", `{"keys":"1x"}`)
	f.fails(422, "body.keys", "POST", "/calls/c1/keys", `{"keys":"W,w"}`)
	f.fails(422, "body.state", "PUT", "/calls/c1/recording", `{"state":"on"}`)
	f.calls.err = voice.Errorf("t", voice.Conflict, "the call is being recorded")
	f.fails(409, "being recorded", "POST", "/calls/c1/recording", "")
	f.calls.err = voice.Errorf("t", voice.NotExist, "no recording is being made")
	f.fails(404, "no recording", "DELETE", "/calls/c1/recording", "")
}

func TestHold(t *testing.T) {
	f := upAndDown(t)
	id := string(f.tenant)
	f.ok(204, "POST", "/calls/c1/hold", "")
	f.ok(204, "POST", "/calls/c1/hold", `{"leg":"far"}`)
	f.ok(204, "POST", "/calls/c1/unhold", "")
	f.ok(204, "POST", "/calls/c1/unhold", `{"leg":"far"}`)
	want := []string{`hold c1 of ` + id + ` "": 0 false`, `hold c1 of ` + id + ` "far": 0 false`, `unhold c1 of ` + id + ` ""`, `unhold c1 of ` + id + ` "far"`}
	if !slices.Equal(f.calls.done, want) {
		t.Errorf("got  %q\nwant %q", f.calls.done, want)
	}
	f.fails(422, "body.music", "POST", "/calls/c1/hold", `{"music":"none"}`)
	f.fails(404, "no call", "POST", "/calls/c9/hold", "")
	f.fails(404, "no call", "POST", "/calls/c9/unhold", "")
	f.calls.err = voice.Errorf("t", voice.Conflict, "nobody talks")
	f.fails(409, "nobody talks", "POST", "/calls/c1/hold", "")
	f.calls.err = voice.Errorf("t", voice.Conflict, "leg a is not on hold")
	f.fails(409, "not on hold", "POST", "/calls/c1/unhold", "")
}

// A call may be begun with the steps that it runs.
func TestOriginateWithSteps(t *testing.T) {
	f := newFixture(t)
	f.ok(201, "POST", "/extensions", `{"number":"101"}`)
	f.ok(202, "POST", "/calls", `{"first":{"kind":"extension","id":"101"},`+hello+`,"max_seconds":90}`)
	o := f.calls.orders[0]
	if o.Program == nil || o.Program.Entry != "hello" || o.MaxDuration != 90*time.Second || !o.Second.IsZero() {
		t.Errorf("order %+v", o)
	}
	f.fails(422, "body.second", "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"app":"x",`+hello+`}`)
	f.fails(422, "body#/steps/a", "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"steps":{"a":{}}}`)
}
