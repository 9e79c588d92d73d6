package replay

import (
	"context"
	"errors"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Many says which of many tapes are replayed, and on what.
type Many struct {
	// App is the app whose calls are meant; "" = all calls.
	App voice.AppID
	// Swap is Replay's.
	Swap map[voice.AppID]*flow.Program
	// Until bounds when calls began; zero = up to now.
	Until time.Time
	// Limit is the most calls, those that can't be replayed among them.
	Limit int
}

// errEnough ends a list of tapes.
var errEnough = errors.New("enough")

// Each gives tapes to f, the oldest first, until f fails, and returns what f did.
type Each func(f func(*Tape) error) error

// Sum replays the tapes of a list.
func (m Many) Sum(ctx context.Context, each Each) (*Sum, error) {
	sum := &Sum{Outcomes: []Outcome{}}
	err := each(func(t *Tape) error {
		if !m.Until.IsZero() && !t.Start.Before(m.Until) {
			return errEnough
		}
		if m.App == "" || t.Full || t.Uses(m.App) {
			if sum.Calls+sum.Skipped >= m.Limit {
				sum.More = true
				return errEnough
			}
			sum.Add(Replay(ctx, t, m.Swap))
		}
		return context.Cause(ctx)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return sum, nil
}

// One finds the tape of a call in a list; NotExist when it is not there.
func One(each Each, call voice.CallID) (*Tape, error) {
	var found *Tape
	left := 10_000 // calls that begin in the same moment
	err := each(func(t *Tape) error {
		if t.Call == call {
			found = t
			return errEnough
		}
		if left--; left == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if found == nil {
		return nil, voice.Errorf("replay.One", voice.NotExist, "nothing is kept of call %s to replay it", call)
	}
	return found, nil
}
