package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/blob/memblob"
	"tandem/internal/engine"
	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// rig is an engine with a SIP agent on loopback; every call runs flow.
type rig struct {
	t      *testing.T
	engine *engine.Engine
	agent  *sipua.Agent
	store  *sqlstore.Store
	blobs  *memblob.Store
	stop   context.CancelCauseFunc // as the server does when it stops

	mu        sync.Mutex
	events    []voice.Event
	summaries []voice.CallSummary
	done      chan error // of each call's flow
}

// sounds gives a tone for every prompt: its pitch is its text's length.
type sounds struct{}

func (sounds) Clip(_ context.Context, _ voice.TenantID, p voice.Prompt) (*media.Clip, error) {
	if p.Kind == voice.PromptMusic { // of a length of its own, whatever is asked for
		p.Text, p.Duration = "music", 400*time.Millisecond
	}
	if p.Text == "missing" {
		return nil, voice.Errorf("test", voice.NotExist, "no such sound")
	}
	return media.NewClip(media.PCM{Rate: 8000, Samples: sine(pitch(p.Text), p.Duration)}), nil
}

func pitch(text string) float64 { return 300 + 100*float64(len(text)) }

func sine(hz float64, d time.Duration) []int16 {
	s := make([]int16, int(d*8000/time.Second))
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return s
}

func speech(text string, d time.Duration) voice.Prompt {
	return voice.Prompt{Kind: voice.PromptSpeech, Text: text, Duration: d}
}

const tenant voice.TenantID = "100000001"

func newRig(t *testing.T, flow func(ctx context.Context, c *engine.Call) error, change ...func(*engine.Config)) *rig {
	t.Helper()
	r := &rig{t: t, done: make(chan error, 10), blobs: memblob.New()}
	var err error
	if r.store, err = sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: t.TempDir() + "/db"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	if err := r.store.CreateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Test", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	pool, err := rtpport.Start(rtpport.Config{PortLow: 31000, PortHigh: 39000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	cfg := engine.Config{
		Pool: pool, Prompts: sounds{}, Drafts: r.blobs, Recordings: r.store, Bindings: r.store, Trunks: r.store, Tenants: r.store,
		Events: func(e voice.Event) { r.mu.Lock(); r.events = append(r.events, e); r.mu.Unlock() },
	}
	for _, f := range change {
		f(&cfg)
	}
	r.engine = engine.New(cfg)
	var ctx context.Context
	ctx, r.stop = context.WithCancelCause(context.Background())
	t.Cleanup(func() { r.stop(nil) })
	r.agent, err = sipua.Start(t.Context(), sipua.Config{
		Listen: "127.0.0.1:0", Realm: "tandem", Extensions: r.store, Bindings: r.store,
		Handler: func(inc *sipua.Incoming) {
			c, err := r.engine.Incoming(inc)
			if err != nil {
				r.done <- err
				return
			}
			c.SetTenant(tenant)
			err = flow(ctx, c)
			r.finish(ctx, c)
			r.done <- err
			c.Linger()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.agent.Close() })
	r.engine.SetAgent(r.agent)
	var watching sync.WaitGroup
	watch, enough := context.WithCancel(context.Background())
	watching.Go(func() { r.engine.Watch(watch) })
	t.Cleanup(func() { enough(); watching.Wait() })
	t.Cleanup(func() { r.nothingLeft(pool) })
	return r
}

// finish ends a call as the switchboard does.
func (r *rig) finish(ctx context.Context, c *engine.Call) {
	c.Hangup(ctx, voice.CauseNormal, "the flow is over")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summaries = append(r.summaries, c.Summary())
	r.keep(c)
}

// keep writes the call and its timeline into the folder of TANDEM_KEEP_CALLS, if
// there is one, for the tests of package explain. The caller holds r.mu.
func (r *rig) keep(c *engine.Call) {
	dir := os.Getenv("TANDEM_KEEP_CALLS")
	if dir == "" {
		return
	}
	info, sum := c.Info(), c.Summary()
	var events []voice.Event
	for _, e := range r.events {
		if e.Call == info.ID {
			events = append(events, e)
		}
	}
	data, err := json.Marshal(map[string]any{"events": events, "call": voice.CDR{
		Call: info.ID, Tenant: info.Tenant, Direction: info.Direction, From: info.From, To: info.To, Start: info.Start, Answered: sum.Answered,
		End: time.Now(), Cause: sum.Cause, Reason: cmp.Or(sum.Reason, voice.EndFlowHungUp), Words: sum.Words, Legs: sum.Legs,
	}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(r.t.Name(), "/", ".")+".json"), data, 0o600)
	}
	if err != nil {
		r.t.Error(err)
	}
}

// nothingLeft waits until the media ports and dialogs of all calls are gone.
func (r *rig) nothingLeft(pool *rtpport.Pool) {
	if r.t.Failed() {
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if pool.Stats().Ports == 0 && r.agent.Calls() == 0 {
			return
		}
		<-tick.C
	}
	r.t.Errorf("%d media ports and %d dialogs are left", pool.Stats().Ports, r.agent.Calls())
}

// legs gives the legs of the call that is over.
func (r *rig) legs() []voice.LegRecord {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.summaries) != 1 {
		r.t.Fatalf("%d calls are over", len(r.summaries))
	}
	return r.summaries[0].Legs
}

// ended gives why the call that is over ended, as far as it knows itself.
func (r *rig) ended() voice.EndReason {
	r.t.Helper()
	r.legs()
	return r.summaries[0].Reason
}

// causes gives how each leg ended, for comparison.
func (r *rig) causes() string {
	var b strings.Builder
	for _, l := range r.legs() {
		fmt.Fprintf(&b, "%s %s", l.ID, l.Cause)
		if !l.Answered.IsZero() {
			b.WriteString(" after an answer")
		}
		if l.Start.IsZero() || l.End.Before(l.Start) || !l.Answered.IsZero() && (l.Answered.Before(l.Start) || l.End.Before(l.Answered)) {
			r.t.Errorf("times of leg %s: %+v", l.ID, l)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func (r *rig) call(o phone.Options) *phone.Call {
	r.t.Helper()
	p, err := phone.New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { p.Close() })
	c, err := p.Invite("sip:test@"+r.agent.Addr().String(), phone.CallOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// answered places a call and waits for the answer.
func (r *rig) answered(o phone.Options) *phone.Call {
	r.t.Helper()
	c := r.call(o)
	select {
	case <-c.Answered():
	case <-c.Done():
		r.t.Fatalf("call refused: %s\n%s", c.EndReason(), r.timeline())
	case <-time.After(10 * time.Second):
		r.t.Fatalf("no answer\n%s", r.timeline())
	}
	return c
}

// over waits for the end of the flow and gives its error.
func (r *rig) over() error {
	r.t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(15 * time.Second):
		r.t.Fatalf("the flow does not end\n%s", r.timeline())
		return nil
	}
}

func (r *rig) timeline() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, e := range r.events {
		b.WriteString(string(e.Kind) + ": " + e.Text + "\n")
	}
	return b.String()
}

func (r *rig) noted(kind voice.EventKind, words string) {
	r.t.Helper()
	r.mu.Lock()
	for _, e := range r.events {
		if e.Kind == kind && strings.Contains(e.Text, words) {
			r.mu.Unlock()
			return
		}
	}
	r.mu.Unlock()
	r.t.Errorf("no event %s with %q\n%s", kind, words, r.timeline())
}

func heardTone(c *phone.Call, hz float64, d time.Duration) bool {
	_, score := audiomatch.Find(c.Heard(), sine(hz, d), audiomatch.Options{})
	return score > 0.8
}
