package switchboard

import "tandem/internal/voice"

// States counts the calls of all accounts that are up by what they do.
func (s *Switchboard) States() map[voice.LiveState]int {
	s.mu.Lock()
	type seen struct {
		live *liveCall
		voice.LiveCall
	}
	all := make([]seen, 0, len(s.live))
	for _, lc := range s.live {
		all = append(all, seen{lc, lc.snapshot()})
	}
	s.mu.Unlock()
	states := map[voice.LiveState]int{}
	for _, v := range all {
		states[v.live.current(v.LiveCall).State]++
	}
	return states
}
