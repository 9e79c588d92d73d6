package daemon_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect/native"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// lineFlow asks a server, understands speech, keeps a record of it and holds
// callers in line.
const lineFlow = `flow: 1
name: Line
start: look
steps:
  look:
    request: {url: "%s/crm?from=${call.extension}", extract: [{pointer: /waits/0, variable: waits}], music: [{music: true}]}
    then: listen
  listen:
    listen: {timeout: 4s}
    phrases: [{words: "sales|buy", then: keep}]
  keep:
    save: {topic: visits, fields: {waits: "${waits}", heard: "${heard}"}}
    then: line
  line:
    queue: {id: sales, members: [{phones: 603}], ring_time: 20s, max_wait: 1m, exit_key: "*"}
    completed: bye
    left_by_key: bye
  bye:
    hang_up: {words: bye}
`

// outside is a customer data base and a recogniser.
func outside(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /crm", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"waits": ["%s at most"]}`, r.FormValue("from"))
	})
	mux.HandleFunc("POST /v1/audio/transcriptions", func(w http.ResponseWriter, r *http.Request) {
		if n, _ := io.Copy(io.Discard, r.Body); n < 8000 {
			t.Errorf("the recogniser gets %d bytes", n)
		}
		fmt.Fprint(w, `{"text": "I want to buy"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestFlowOfTheOutside has real phones wait in a queue once a server and a
// recogniser have answered: the second is rung for as soon as the first talks,
// and leaves by a key.
func TestFlowOfTheOutside(t *testing.T) {
	url := outside(t)
	cfg := settings(t)
	cfg.ASR.URL = url
	d, _ := run(t, cfg)
	o := &office{t: t, d: d, owner: account(t, d.Store())}
	app := voice.App{ID: "LINE", Tenant: o.owner, Kind: native.Kind, Name: "Line", Document: native.Document(fmt.Appendf(nil, lineFlow, url)), Version: 1, Created: time.Now()}
	if err := d.Store().CreateApp(t.Context(), app, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Admin().AddNumber(t.Context(), o.owner, "+46850000001", voice.Destination{Kind: voice.ToApp, ID: "LINE"}); err != nil {
		t.Fatal(err)
	}
	one, two, agent := desk(t, d, o.owner, "601"), desk(t, d, o.owner, "602"), desk(t, d, o.owner, "603")
	first := o.enters(one)
	talk := rings(t, agent)
	second := o.enters(two)
	if !eventually(func() bool { return o.waiting() == 2 }) {
		t.Fatalf("not both wait: %+v", o.live())
	}
	if err := talk.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := rings(t, agent)
	if !strings.Contains(again.From(), "602") || o.waiting() != 1 {
		t.Errorf("the agent is rung by %s; %+v", again.From(), o.live())
	}
	again.Reject(486)
	// The members rest, the caller hears music again, and a key is the way out.
	if !eventually(func() bool {
		second.Press(t.Context(), "*", phone.PressOptions{})
		_, over := second.Ending()
		return over
	}) {
		t.Error("the key is no way out")
	}
	says(t, first, nearTone)
	if !hears(talk, nearTone) {
		t.Error("the agent does not hear the first caller")
	}
	talk.Hangup(t.Context())
	<-first.Done()
	o.keeps("601 at most", "602 at most")
}

// enters calls the line and speaks until the caller waits in it.
func (o *office) enters(p *phone.Phone) *phone.Call {
	o.t.Helper()
	before := o.waiting()
	c, err := p.Dial(o.t.Context(), "sip:+46850000001@"+o.d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.Play(o.t.Context(), tone(time.Second)); err != nil {
		o.t.Fatal(err)
	}
	if !eventually(func() bool { return o.waiting() == before+1 }) {
		o.t.Fatalf("the caller does not come into the line: %+v", o.live())
	}
	return c
}

// waiting counts the calls that wait in the queue.
func (o *office) waiting() int {
	n := 0
	for _, c := range o.live() {
		if c.Queue == "sales" && c.State == voice.LiveQueued {
			n++
		}
	}
	return n
}

// keeps says which records of visits there must be, and that nothing is left of
// what was said.
func (o *office) keeps(waits ...string) {
	o.t.Helper()
	list, err := o.d.Store().Resources(o.t.Context(), o.owner, voice.ResourceFilter{Kind: "visits"})
	if err != nil || len(list) != len(waits) {
		o.t.Fatalf("kept %v, %v", list, err)
	}
	for _, w := range waits {
		if !slices.ContainsFunc(list, func(r voice.Resource) bool {
			return strings.Contains(string(r.Data), w) && strings.Contains(string(r.Data), "I want to buy")
		}) {
			o.t.Errorf("no record has %q: %s", w, list[0].Data)
		}
	}
	left, err := o.d.Store().Recordings(o.t.Context(), o.owner, voice.RecordingFilter{Purpose: voice.ForSpeech})
	if err != nil || len(left) > 0 {
		o.t.Errorf("what was said is still there: %+v, %v", left, err)
	}
}
