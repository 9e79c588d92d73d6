package replay

import (
	"context"
	"encoding/json"
	"time"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

// promptLength is how long a prompt lasts that the tape does not have.
const promptLength = 3 * time.Second

func (p *player) plain(ctx context.Context, do, key string, other func() error) error {
	_, err := play(p, ctx, do, key, func(a *Act) (nothing, error) {
		if a != nil {
			return nothing{}, a.Err.err()
		}
		return nothing{}, other()
	})
	return err
}

func fine() error { return nil }

func (p *player) Note(e voice.Event) {
	if e.At.IsZero() {
		e.At = p.now
	}
	p.events = append(p.events, e)
}

func (p *player) Answer(ctx context.Context) error { return p.aside(ctx, "answer") }
func (p *player) Ring(ctx context.Context) error   { return p.aside(ctx, "ring") }

// aside does what needs nothing of the caller: where the tape does not have it just
// here, it is done all the same, and nothing of the tape is passed over for it.
func (p *player) aside(ctx context.Context, do string) error {
	if acts := p.run.Acts; p.next < len(acts) && acts[p.next].Do == do {
		return p.plain(ctx, do, "", fine)
	}
	p.leave("it does %s", do)
	if p.ended {
		return p.gone()
	}
	return nil
}

func (p *player) Expire(time.Time) {}
func (p *player) Conceal(bool)     {}

func (p *player) Now() time.Time {
	if acts := p.run.Acts; p.next >= len(acts) || acts[p.next].Do != "now" {
		return p.now
	}
	now, _ := play(p, context.Background(), "now", "", func(*Act) (time.Time, error) { return p.now, nil })
	return now
}

func (p *player) Hangup(ctx context.Context, _ voice.Cause, _ string) error {
	p.ended = true
	if acts := p.run.Acts; p.next < len(acts) && acts[p.next].Do == "hangup" {
		return p.plain(ctx, "hangup", "", fine)
	}
	return nil
}

func (p *player) Wait(ctx context.Context, d time.Duration) error {
	return p.plain(ctx, "wait", keyOf(d), func() error { return p.beyond(d) })
}

// beyond lets the caller wait for what the tape does not have: not for ever.
func (p *player) beyond(d time.Duration) error {
	if p.ended || p.asks > mostBeyond || p.over() {
		return p.gone()
	}
	p.asks++
	p.pass(d)
	return nil
}

// over reports whether the caller has no more to do on the tape.
func (p *player) over() bool {
	for _, a := range p.run.Acts[min(p.next, len(p.run.Acts)):] {
		switch a.Do {
		case "play", "gather", "record", "dial", "wait", "room", "machine", "transfer":
			return false
		}
	}
	return true
}

// like gives what an act of the same kind gave, where it was asked something else.
func like[R any](p *player, a *Act, none func() (R, error)) (R, error) {
	if a == nil {
		return none()
	}
	var got R
	p.pass(a.For)
	if len(a.Got) > 0 {
		if err := json.Unmarshal(a.Got, &got); err != nil {
			return got, voice.E("replay", voice.Internal, err)
		}
	}
	return got, a.Err.err()
}

func (p *player) Play(ctx context.Context, s voice.PlaySpec) (voice.PlayResult, error) {
	return play(p, ctx, "play", playKey(s), func(a *Act) (voice.PlayResult, error) {
		return like(p, a, func() (voice.PlayResult, error) {
			d := time.Duration(len(s.Prompts)) * promptLength
			if s.Loop {
				return voice.PlayResult{End: voice.PlayStopped, Played: d}, p.gone()
			}
			return voice.PlayResult{End: voice.PlayFinished, Played: d}, p.beyond(d)
		})
	})
}

// Gather has the keys of the tape's gather pressed, when they were then, into one
// that is asked otherwise.
func (p *player) Gather(ctx context.Context, s voice.GatherSpec) (voice.GatherResult, error) {
	return play(p, ctx, "gather", keyOf(s), func(a *Act) (voice.GatherResult, error) {
		if a == nil {
			if p.ended || p.over() {
				return voice.GatherResult{}, p.gone()
			}
			return p.keyed(s, "", 0)
		}
		if a.Err != nil {
			p.pass(a.For)
			return voice.GatherResult{}, a.Err.err()
		}
		var got voice.GatherResult
		if err := json.Unmarshal(a.Got, &got); err != nil {
			return got, voice.E("replay.Gather", voice.Internal, err)
		}
		return p.keyed(s, got.Digits, a.For)
	})
}

// keyed gathers keys of which the last is pressed after d.
func (p *player) keyed(s voice.GatherSpec, keys voice.Digits, d time.Duration) (voice.GatherResult, error) {
	p.asks++
	if p.asks > mostBeyond {
		return voice.GatherResult{}, p.gone()
	}
	begun := p.now
	m := gather.New(s, begun)
	if m.Playing() {
		m.PromptsOver(begun)
	}
	const apart = 200 * time.Millisecond
	first := max(d-time.Duration(len(keys)-1)*apart, 0)
	for i := 0; !m.Done(); {
		until, timed := m.Deadline()
		if i < len(keys) {
			at := begun.Add(min(first, s.FirstDigit/2+time.Millisecond) + time.Duration(i)*apart)
			if !timed || !until.Before(at) {
				p.now = at
				m.Digit(at, gather.Press{Key: keys[i], Method: voice.ByScript})
				i++
				continue
			}
		}
		if !timed {
			return voice.GatherResult{}, p.gone()
		}
		p.now = until
		m.Expire(until)
	}
	return m.Result(), nil
}

func (p *player) Record(ctx context.Context, s voice.RecordSpec) (voice.RecordResult, error) {
	return play(p, ctx, "record", keyOf(s), func(a *Act) (voice.RecordResult, error) {
		return like(p, a, func() (voice.RecordResult, error) {
			p.ended = true
			return voice.RecordResult{End: voice.RecordHungUp, Dropped: true}, nil
		})
	})
}

func (p *player) Dial(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	at := p.next
	res, err := play(p, ctx, "dial", dialKey(s), func(a *Act) (voice.DialResult, error) {
		return like(p, a, func() (voice.DialResult, error) {
			// Nobody knows what would have come of it: the path ends with who is called.
			return voice.DialResult{}, p.gone()
		})
	})
	if at < len(p.run.Acts) && p.next > 0 && p.run.Acts[p.next-1].Told && s.OnAnswer != nil {
		s.OnAnswer()
	}
	return res, err
}

func (p *player) Transfer(ctx context.Context, s voice.TransferSpec) (voice.TransferResult, error) {
	return play(p, ctx, "transfer", keyOf(s), func(a *Act) (voice.TransferResult, error) {
		return like(p, a, func() (voice.TransferResult, error) { return voice.TransferResult{}, p.gone() })
	})
}

func (p *player) StartTape(ctx context.Context, s voice.TapeSpec) (voice.RecordingID, error) {
	return play(p, ctx, "tape", keyOf(s), func(a *Act) (voice.RecordingID, error) {
		return like(p, a, func() (voice.RecordingID, error) { return "replay", nil })
	})
}

func (p *player) OrderTape(ctx context.Context, o voice.TapeOrder) error {
	return p.plain(ctx, "order tape", string(o), fine)
}

func (p *player) JoinRoom(ctx context.Context, s voice.RoomSpec) (voice.RoomResult, error) {
	return play(p, ctx, "room", keyOf(s), func(a *Act) (voice.RoomResult, error) {
		return like(p, a, func() (voice.RoomResult, error) { return voice.RoomResult{}, p.gone() })
	})
}

func (p *player) DetectMachine(ctx context.Context, s voice.MachineSpec) (voice.AnsweredBy, error) {
	return play(p, ctx, "machine", keyOf(s), func(a *Act) (voice.AnsweredBy, error) {
		return like(p, a, func() (voice.AnsweredBy, error) { return voice.AnsweredByUnknown, nil })
	})
}

func (p *player) WatchKeys(f func(key byte) bool) { p.watch = f }
