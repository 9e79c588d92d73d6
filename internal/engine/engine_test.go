package engine_test

import (
	"context"
	"math"
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

	mu     sync.Mutex
	events []voice.Event
	done   chan error // of each call's flow
}

// sounds gives a tone for every prompt: its pitch is its text's length.
type sounds struct{}

func (sounds) Clip(_ context.Context, _ voice.TenantID, p voice.Prompt) (*media.Clip, error) {
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

func newRig(t *testing.T, flow func(ctx context.Context, c *engine.Call) error) *rig {
	t.Helper()
	r := &rig{t: t, done: make(chan error, 10)}
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
	r.engine = engine.New(engine.Config{
		Pool: pool, Prompts: sounds{}, Drafts: memblob.New(), Recordings: r.store, Bindings: r.store, Trunks: r.store, Tenants: r.store,
		Events: func(e voice.Event) { r.mu.Lock(); r.events = append(r.events, e); r.mu.Unlock() },
	})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
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
			c.Hangup(ctx, voice.CauseNormal, "the flow is over")
			r.done <- err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.agent.Close() })
	r.engine.SetAgent(r.agent)
	return r
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

func TestPlayToTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("ab", 400*time.Millisecond), speech("missing", 0), speech("abcdef", 400*time.Millisecond)}})
		if res.End != voice.PlayFinished || res.Played < 790*time.Millisecond {
			t.Errorf("play: %+v", res)
		}
		return err
	})
	c := r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if !heardTone(c, pitch("ab"), 400*time.Millisecond) || !heardTone(c, pitch("abcdef"), 400*time.Millisecond) {
		t.Errorf("the prompts were not heard\n%s", r.timeline())
	}
	r.noted(voice.EventPromptFailed, "no such sound")
	r.noted(voice.EventPromptStarted, "abcdef")
	r.noted(voice.EventSIP, "received INVITE")
	r.noted(voice.EventSIP, "sent BYE")
}

func TestKeysByEachMethod(t *testing.T) {
	t.Parallel()
	for _, m := range []phone.KeyMethod{phone.KeyEvent, phone.KeyInfo, phone.KeyInBand} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				res, err := c.Gather(ctx, voice.GatherSpec{Prompts: []voice.Prompt{speech("menu", 5*time.Second)}, BargeIn: true, Finish: "#"})
				if res.Digits != "159" || res.End != voice.EndFinish || string(res.Method) != string(m) {
					t.Errorf("gather: %+v", res)
				}
				return err
			})
			c := r.answered(phone.Options{NoTelephoneEvent: m == phone.KeyInBand})
			if err := c.Press(t.Context(), "159", phone.PressOptions{Method: m}); err != nil {
				t.Fatal(err)
			}
			c.Press(t.Context(), "#", phone.PressOptions{Method: m}) // the call may be over before the key is
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			r.noted(voice.EventPromptCut, "cut by a key")
		})
	}
}

func TestNoInput(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 300 * time.Millisecond})
		if res.End != voice.EndFirstDigit || res.Digits != "" {
			t.Errorf("gather: %+v", res)
		}
		return err
	})
	r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordUntilKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, Beep: true, Finish: "#", MinLength: 500 * time.Millisecond})
		if res.End != voice.RecordFinishKey || res.Key != '#' || res.Dropped || res.Recording.Duration < time.Second || res.Recording.SHA256 == "" {
			t.Errorf("record: %+v", res)
		}
		return err
	})
	c := r.answered(phone.Options{})
	if err := c.Play(t.Context(), sine(500, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	c.Press(t.Context(), "#", phone.PressOptions{})
	if err := r.over(); err != nil {
		t.Fatalf("%v\n%s", err, r.timeline())
	}
	rows, err := r.store.Recordings(t.Context(), tenant, voice.RecordingFilter{})
	if err != nil || len(rows) != 1 || rows[0].State != voice.RecordingFinished {
		t.Errorf("rows: %+v %v", rows, err)
	}
}

func TestRecordHangUpKeepsAndSilenceDrops(t *testing.T) {
	t.Parallel()
	results := make(chan voice.RecordResult, 2)
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, MinLength: 300 * time.Millisecond, Silence: 700 * time.Millisecond})
		results <- res
		return err
	})
	c := r.answered(phone.Options{})
	c.Play(t.Context(), sine(500, time.Second))
	c.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if res := <-results; res.End != voice.RecordHungUp || res.Dropped {
		t.Errorf("after a hang-up: %+v\n%s", res, r.timeline())
	}
	r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if res := <-results; res.End != voice.RecordSilence || !res.Dropped {
		t.Errorf("after silence: %+v\n%s", res, r.timeline())
	}
}

func TestHangUpEndsEveryStep(t *testing.T) {
	t.Parallel()
	steps := map[string]func(context.Context, *engine.Call) error{
		"play": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("long", 10*time.Second)}})
			return err
		},
		"gather": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 10 * time.Second})
			return err
		},
		"wait": func(ctx context.Context, c *engine.Call) error {
			c.Answer(ctx)
			return c.Wait(ctx, 10*time.Second)
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, step)
			c := r.answered(phone.Options{})
			c.Hangup(t.Context())
			if err := r.over(); !voice.IsKind(err, voice.HungUp) {
				t.Errorf("want a hang-up, got %v\n%s", err, r.timeline())
			}
		})
	}
}
