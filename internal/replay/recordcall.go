package replay

import (
	"context"
	"time"

	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Call gives the call as the run is to have it.
func (r *Recorder) Call() interp.Call { return &tapedCall{r} }

type tapedCall struct{ r *Recorder }

// nothing is what methods give that only have an error.
type nothing struct{}

func (c *tapedCall) plain(do, key string, f func() error) error {
	_, err := act(c.r, do, key, func() (nothing, error) { return nothing{}, f() })
	return err
}

func (c *tapedCall) Note(e voice.Event) {
	c.r.seesCancel()
	c.r.call.Note(e)
}

func (c *tapedCall) Answer(ctx context.Context) error {
	return c.plain("answer", "", func() error { return c.r.call.Answer(ctx) })
}

func (c *tapedCall) Ring(ctx context.Context) error {
	return c.plain("ring", "", func() error { return c.r.call.Ring(ctx) })
}

func (c *tapedCall) Wait(ctx context.Context, d time.Duration) error {
	return c.plain("wait", keyOf(d), func() error { return c.r.call.Wait(ctx, d) })
}

func (c *tapedCall) Now() time.Time {
	now, _ := act(c.r, "now", "", func() (time.Time, error) { return c.r.call.Now(), nil })
	return now
}

func (c *tapedCall) Expire(at time.Time) { c.r.call.Expire(at) }

func (c *tapedCall) Conceal(on bool) {
	c.r.hides.Store(on)
	c.r.call.Conceal(on)
}

func (c *tapedCall) Hangup(ctx context.Context, cause voice.Cause, words string) error {
	return c.plain("hangup", "", func() error { return c.r.call.Hangup(ctx, cause, words) })
}

func (c *tapedCall) Play(ctx context.Context, s voice.PlaySpec) (voice.PlayResult, error) {
	return act(c.r, "play", playKey(s), func() (voice.PlayResult, error) { return c.r.call.Play(ctx, s) })
}

func playKey(s voice.PlaySpec) string {
	s.Until = nil
	return keyOf(s)
}

func (c *tapedCall) Gather(ctx context.Context, s voice.GatherSpec) (voice.GatherResult, error) {
	if c.r.hides.Load() {
		return c.gatherHidden(ctx, s)
	}
	return act(c.r, "gather", keyOf(s), func() (voice.GatherResult, error) { return c.r.call.Gather(ctx, s) })
}

// gatherHidden takes down how many keys there were, and not which.
func (c *tapedCall) gatherHidden(ctx context.Context, s voice.GatherSpec) (voice.GatherResult, error) {
	var real voice.GatherResult
	_, err := act(c.r, "gather", keyOf(s), func() (shown voice.GatherResult, err error) {
		real, err = c.r.call.Gather(ctx, s)
		shown = real
		shown.Digits = voice.Digits(voice.Hidden(real.Digits))
		return shown, err
	})
	return real, err
}

func (c *tapedCall) Record(ctx context.Context, s voice.RecordSpec) (voice.RecordResult, error) {
	return act(c.r, "record", keyOf(s), func() (voice.RecordResult, error) { return c.r.call.Record(ctx, s) })
}

func (c *tapedCall) Dial(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	told, answered := s.OnAnswer, false
	s.OnAnswer = func() {
		answered = true
		if told != nil {
			told()
		}
	}
	c.r.mu.Lock()
	at := len(c.r.run.Acts)
	c.r.mu.Unlock()
	res, err := act(c.r, "dial", dialKey(s), func() (voice.DialResult, error) { return c.r.call.Dial(ctx, s) })
	c.r.mu.Lock()
	if at < len(c.r.run.Acts) {
		c.r.run.Acts[at].Told = answered
	}
	c.r.mu.Unlock()
	return res, err
}

func dialKey(s voice.DialSpec) string {
	s.OnAnswer = nil
	return keyOf(s)
}

func (c *tapedCall) Transfer(ctx context.Context, s voice.TransferSpec) (voice.TransferResult, error) {
	return act(c.r, "transfer", keyOf(s), func() (voice.TransferResult, error) { return c.r.call.Transfer(ctx, s) })
}

func (c *tapedCall) StartTape(ctx context.Context, s voice.TapeSpec) (voice.RecordingID, error) {
	return act(c.r, "tape", keyOf(s), func() (voice.RecordingID, error) { return c.r.call.StartTape(ctx, s) })
}

func (c *tapedCall) OrderTape(ctx context.Context, o voice.TapeOrder) error {
	return c.plain("order tape", string(o), func() error { return c.r.call.OrderTape(ctx, o) })
}

func (c *tapedCall) JoinRoom(ctx context.Context, s voice.RoomSpec) (voice.RoomResult, error) {
	return act(c.r, "room", keyOf(s), func() (voice.RoomResult, error) { return c.r.call.JoinRoom(ctx, s) })
}

func (c *tapedCall) DetectMachine(ctx context.Context, s voice.MachineSpec) (voice.AnsweredBy, error) {
	return act(c.r, "machine", keyOf(s), func() (voice.AnsweredBy, error) { return c.r.call.DetectMachine(ctx, s) })
}

func (c *tapedCall) WatchKeys(f func(key byte) bool) {
	if f == nil {
		c.r.call.WatchKeys(nil)
		return
	}
	c.r.call.WatchKeys(func(key byte) bool {
		shown := string(rune(key))
		if c.r.hides.Load() {
			shown = voice.HiddenKey
		}
		c.r.mark(Mark{What: "key", Key: shown})
		return f(key)
	})
}
