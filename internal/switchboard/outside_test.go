package switchboard_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// waiter is a call that really waits while music plays.
type waiter struct {
	*call
	music chan struct{} // gets one for each time that music begins
}

func (w *waiter) Play(ctx context.Context, s voice.PlaySpec) (voice.PlayResult, error) {
	w.music <- struct{}{}
	select {
	case <-s.Until:
		return voice.PlayResult{End: voice.PlayStopped}, nil
	case <-ctx.Done():
		return voice.PlayResult{}, context.Cause(ctx)
	}
}

// Wait lasts until what is waited for has come.
func (w *waiter) Wait(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func newWaiter(info voice.CallInfo, s sim.Script) *waiter {
	return &waiter{call: newCall(info, s), music: make(chan struct{}, 10)}
}

// The second in line moves up when the first is answered, not when that talk is
// over; another account's queue of the same name is another line.
func TestQueueOfTwo(t *testing.T) {
	queue := program("Q", flow.Queue{ID: "sales", Members: []voice.Destination{{Kind: voice.ToExtension, ID: "101"}}, MaxLength: 2})
	w := &world{programs: map[voice.AppID]*flow.Program{"Q": queue}, numbers: map[voice.E164]voice.Number{
		"+46850000001": number("+46850000001", ours, voice.ToApp, "Q"),
	}}
	s := w.board(t)
	rings, answer, bye := make(chan string), make(chan struct{}), make(chan struct{})
	arrive := func(name string, wg *sync.WaitGroup) *waiter {
		c := newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{})
		c.dial = func(_ context.Context, s voice.DialSpec) (voice.DialResult, error) {
			rings <- name
			<-answer
			s.OnAnswer()
			<-bye
			return voice.DialResult{End: voice.DialCompleted, Answered: s.Targets[0]}, nil
		}
		wg.Go(func() { s.Arrive(c) })
		return c
	}
	var wg sync.WaitGroup
	arrive("first", &wg)
	if got := <-rings; got != "first" {
		t.Fatalf("%s is rung for", got)
	}
	second := arrive("second", &wg)
	<-second.music // it waits
	queued := 0
	for _, live := range s.LiveCalls(ours) {
		if live.Queue == "sales" && live.State == voice.LiveQueued {
			queued++
		}
	}
	if queued != 2 {
		t.Errorf("%d calls are seen to wait: %+v", queued, s.LiveCalls(ours))
	}
	var full sync.WaitGroup
	third := arrive("third", &full)
	full.Wait()
	if e := third.ending(t); !strings.Contains(e.Words, "2 callers wait in queue sales already") {
		t.Errorf("the third ended %+v", e)
	}
	answer <- struct{}{}
	if got := <-rings; got != "second" {
		t.Errorf("%s is rung for", got)
	}
	answer <- struct{}{}
	close(bye)
	wg.Wait()
	if e := second.ending(t); e.Words != "the far end hung up" {
		t.Errorf("the second ended %+v", e)
	}
}

// outside is every service that a switchboard may have.
type outside struct {
	asked    []voice.HTTPRequest
	question flow.Question
	reply    *flow.Program
	sent     string
	kept     []voice.Resource
}

func (o *outside) Request(_ context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	o.asked = append(o.asked, r)
	return voice.HTTPAnswer{Status: 200, Body: []byte(`{"a": "b"}`)}, nil
}

func (o *outside) Ask(_ context.Context, q flow.Question) (voice.HTTPRequest, error) {
	o.question = q
	return voice.HTTPRequest{Method: "POST", URL: q.URL}, nil
}

func (o *outside) Reply(_ context.Context, _ flow.Question, a voice.HTTPAnswer) (*flow.Program, error) {
	if a.Status != 200 {
		return nil, voice.Errorf("test", voice.Invalid, "status %d", a.Status)
	}
	return o.reply, nil
}

func (o *outside) SendSMS(_ context.Context, t voice.TenantID, call voice.CallID, to, text string) error {
	o.sent = string(t) + " " + to + " " + text
	return nil
}

func (o *outside) Transcribe(context.Context, voice.Recording, string) (string, error) {
	return "yes please", nil
}

func (o *outside) CreateResource(_ context.Context, r voice.Resource) (voice.Resource, error) {
	o.kept = append(o.kept, r)
	return r, nil
}

// through is a flow through every service; it ends at "end" when all work.
func through() *flow.Program {
	next := func(id flow.NodeID, s flow.Step, e flow.Exit, to flow.NodeID) flow.Node {
		return flow.Node{ID: id, Step: s, Exits: map[flow.Exit]flow.NodeID{e: to}}
	}
	return &flow.Program{App: "T", Name: "through", Entry: "request", Nodes: []flow.Node{
		next("request", flow.Request{URL: "https://a.example/${call.from}", Extract: []flow.Extraction{{Pointer: "/a", Variable: "a"}}}, flow.Next, "fetch"),
		next("fetch", flow.Fetch{Dialect: "telphin", URL: "https://b.example/${a}"}, flow.Next, "sms"),
		next("sms", flow.SMS{To: "+46700000001", Text: "${call.to} ${said}"}, flow.Next, "listen"),
		next("listen", flow.Listen{Phrases: []flow.Phrase{{Words: "yes", Exit: "yes"}}}, "yes", "save"),
		next("save", flow.Save{Topic: "rating", Fields: map[string]flow.Template{"heard": "${heard}"}}, flow.Next, "hours"),
		next("hours", flow.Hours{Schedule: voice.Schedule{Open: []voice.OpenTime{{Days: []string{"thu"}, From: "13:00", To: "14:00"}}}}, flow.Open, "end"),
		{ID: "end", Step: flow.Hangup{Words: "all of it"}},
	}}
}

func TestOutside(t *testing.T) {
	o := &outside{reply: &flow.Program{Name: "answer", Entry: "set", Nodes: []flow.Node{{ID: "set", Step: flow.Set{Name: "said", Value: "${a}!"}}}}}
	w := &world{programs: map[voice.AppID]*flow.Program{"T": through()}, timezone: "Europe/Stockholm",
		numbers: map[voice.E164]voice.Number{"+46850000001": number("+46850000001", ours, voice.ToApp, "T")}}
	cfg := switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w,
		Web: o, Applications: o, SMS: o, Speech: o, Resources: o}
	s := switchboard.New(cfg)
	t.Cleanup(func() { s.Close(context.Background()) })
	c := newWaiter(voice.CallInfo{ID: "C1", From: "+46700000009", To: "+46850000001"}, sim.Script{Caller: []sim.Action{{Speak: time.Second}}})
	s.Arrive(c)
	if e := c.ending(t); e.Words != "all of it" {
		t.Fatalf("ended %+v\n%v", e, c.events)
	}
	if len(o.asked) != 2 || o.asked[0].URL != "https://a.example/%2B46700000009" || o.asked[0].Tenant != ours || o.asked[1].URL != "https://b.example/b" || o.asked[1].Tenant != ours || o.asked[1].Timeout != flow.DefaultRequestTime {
		t.Errorf("asked %+v", o.asked)
	}
	if q := o.question; q.App != "T" || q.Call.ID != "C1" || q.Vars["a"] != "b" {
		t.Errorf("question %+v", q)
	}
	if o.sent != string(ours)+" +46700000001 +46850000001 b!" {
		t.Errorf("sent %q", o.sent)
	}
	if len(o.kept) != 1 || o.kept[0].Kind != "rating" || o.kept[0].Tenant != ours || o.kept[0].Created.IsZero() {
		t.Fatalf("kept %+v", o.kept)
	}
	var data map[string]string
	if err := json.Unmarshal(o.kept[0].Data, &data); err != nil || data["heard"] != "yes please" || data["call_id"] != "C1" || data["time"] == "" {
		t.Errorf("kept %s, %v", o.kept[0].Data, err)
	}
}

// What the server does not have fails with words; an answer that can't be run
// is none; topics of the server's own parts can't be written.
func TestOutsideFails(t *testing.T) {
	for _, tt := range []struct {
		words string
		step  flow.Step
		have  bool
	}{
		{"makes no requests", flow.Request{URL: "https://a.example"}, false},
		{"asks no applications", flow.Fetch{Dialect: "x", URL: "https://a.example"}, false},
		{"no gateway", flow.SMS{To: "1", Text: "x"}, false},
		{"no recogniser", flow.Listen{Phrases: []flow.Phrase{{Words: "yes", Exit: "yes"}}}, false},
		{"keeps no records", flow.Save{Topic: "x"}, false},
		{"belong to another part", flow.Save{Topic: "telphin/queue"}, true},
		{"no program that can be run", flow.Fetch{Dialect: "x", URL: "https://a.example"}, true},
	} {
		w := &world{programs: map[voice.AppID]*flow.Program{"T": program("T", tt.step)},
			numbers: map[voice.E164]voice.Number{"+46850000001": number("+46850000001", ours, voice.ToApp, "T")}}
		cfg := switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w}
		if tt.have {
			o := &outside{reply: &flow.Program{Entry: "nowhere"}}
			cfg.Web, cfg.Applications, cfg.Resources = o, o, o
		}
		s := switchboard.New(cfg)
		c := newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{Caller: []sim.Action{{Speak: time.Second}}})
		s.Arrive(c)
		if e := c.ending(t); e.Cause != voice.CauseFailed || !strings.Contains(e.Words, tt.words) {
			t.Errorf("%s: ended %+v", tt.words, e)
		}
		s.Close(context.Background())
	}
}
