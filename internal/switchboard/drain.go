package switchboard

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// drainLook is how often Drain looks for calls that are up.
const drainLook = 100 * time.Millisecond

// Drain takes no more orders, ends the calls that wait to begin, and waits until no
// call is up or ctx is done. Calls that come in are for whoever brings them to
// refuse. told gets the number of calls that are up, whenever it has changed.
func (s *Switchboard) Drain(ctx context.Context, told func(left int)) {
	s.mu.Lock()
	s.draining = true
	var waiting []*liveCall
	for _, lc := range s.live {
		if !lc.waits.IsZero() {
			waiting = append(waiting, lc)
		}
	}
	s.mu.Unlock()
	for _, lc := range waiting {
		s.endWaiting(lc)
	}
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for last := -1; ; {
		s.mu.Lock()
		left := len(s.live)
		s.mu.Unlock()
		if left != last {
			told(left)
		}
		if last = left; left == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// endWaiting ends an ordered call that has not begun.
func (s *Switchboard) endWaiting(lc *liveCall) {
	const words = "the server is stopping: the call does not begin any more"
	s.finish(lc, &order{words: words, cause: voice.CauseShutdown, why: voice.EndStopping}, voice.Errorf("switchboard.Drain", voice.Unavailable, words))
}
