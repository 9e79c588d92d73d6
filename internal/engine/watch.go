package engine

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tandem/internal/diagnose"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// Bounds of looking after sound.
const (
	watchEvery = 500 * time.Millisecond
	// silentTime without sound is worth a word: with watchEvery it is said within
	// three seconds.
	silentTime = 2 * time.Second
	thinTime   = 3 * time.Second // over which single packets are told from sound
	outTime    = 5 * time.Second // over which what the network refuses is counted
	// A party that has fallen silent so often and come back is taken for a
	// telephone that sends nothing in pauses; it is told after pausedTime only.
	pausesTold = 3
	pausedTime = 30 * time.Second
	mostNotes  = 20 // for a party
	backAgain  = 10 // packets in one look that make sound
)

// watched is what is known of a side's sound. Of Watch's goroutine alone.
type watched struct {
	agreed    time.Time // the agreement that it is about
	from      time.Time // answer or agreement
	last      rtpport.Stats
	lastAt    time.Time // when sound last came; from when none has
	heard     bool
	thin, out window
	in, outgo diagnose.Reason // what was told last
	pauses    int
	notes     int
}

// window is a time over which something is counted.
type window struct {
	base rtpport.Stats
	from time.Time
}

// usable counts what can be heard.
func usable(st rtpport.Stats) int64 { return st.ReceivedPackets - st.ReceivedUnknown }

// Watch looks after the sound of all parties until ctx is done: it says on the
// timelines when none comes and why, and when it comes after all. It asks the media
// threads for their counts twice a second and never works on them.
func (e *Engine) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			e.look(time.Now())
		}
	}
}

// Sound is how many parties are in talks and flows, and how many of them are
// silent or hear nothing though they should.
type Sound struct{ Legs, Silent, Unheard int }

// Sound gives what Watch saw last.
func (e *Engine) Sound() Sound {
	if s := e.sound.Load(); s != nil {
		return *s
	}
	return Sound{}
}

func (e *Engine) look(now time.Time) {
	sides := e.places.list()
	ports := make([]*rtpport.Port, len(sides))
	for i, s := range sides {
		ports[i] = s.port
	}
	var sum Sound
	for i, st := range e.cfg.Pool.Sample(ports) {
		s := sides[i]
		s.latest.Store(&st)
		s.listen(st, now)
		s.at.Load().leg.follow(st, now)
		s.stillThere(st.Alive(), now)
		sum.Legs++
		if s.watched.in != diagnose.Fine {
			sum.Silent++
		}
		if s.watched.outgo != diagnose.Fine {
			sum.Unheard++
		}
	}
	e.sound.Store(&sum)
}

// follow keeps the course of a leg's sound, from its answer on.
func (l *leg) follow(st rtpport.Stats, now time.Time) {
	l.mu.Lock()
	m, talks := l.media, !l.answered.IsZero()
	l.mu.Unlock()
	if talks {
		l.course.add(st, m, l.started, now)
	}
}

// list gives the sides that have media.
func (p *places) list() []*side {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*side, 0, len(p.all))
	for _, s := range p.all {
		if s.port != nil {
			all = append(all, s)
		}
	}
	return all
}

// terms is what was agreed with a side, for Watch.
func (s *side) terms() (f diagnose.Facts, answered, agreed time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.media
	f = diagnose.Facts{
		Remote: m.Remote, Host: s.dialog.PeerAddr().Unmap(), Local: s.local.Addr, Codec: m.Codec.Name,
		Expects: m.Receives(), Sends: m.MaySend(), Held: m.Held(),
	}
	if s.shaking != nil {
		f.Insecure = !closed(s.shaking.done) || s.shaking.err != nil
	}
	return f, s.answered, s.agreed
}

// listen judges the sound of a side by what was counted until now.
func (s *side) listen(st rtpport.Stats, now time.Time) {
	f, answered, agreed := s.terms()
	if answered.IsZero() || agreed.IsZero() || closed(s.Done()) {
		return
	}
	w := &s.watched
	if w.agreed != agreed {
		first := w.agreed.IsZero()
		from := agreed
		if answered.After(from) {
			from = answered
		}
		w.agreed, w.from, w.lastAt = agreed, from, from
		w.last = st
		if first {
			w.last = rtpport.Stats{}
		}
		w.thin, w.out = window{w.last, from}, window{w.last, from}
	}
	came := usable(st) - usable(w.last)
	if came > 0 {
		w.last, w.lastAt = st, now
	}
	w.incoming(s, f, st, now, came)
	w.outgoing(s, f, st, now)
	if came > 0 {
		w.heard = true
	}
}

// incoming tells when nothing comes, and when something does again.
func (w *watched) incoming(s *side, f diagnose.Facts, st rtpport.Stats, now time.Time, came int64) {
	silent, most := now.Sub(w.lastAt), silentTime
	if w.pauses >= pausesTold {
		most = pausedTime
	}
	switch {
	case silent >= silentTime && silent < most:
		w.thin = window{st, now}
	case silent >= most:
		f = since(f, w.last, st, silent)
		f.Heard = w.heard
		w.told(s, "in", &w.in, diagnose.In(f), now)
		w.thin = window{st, now}
	case now.Sub(w.thin.from) >= thinTime:
		f = since(f, w.thin.base, st, now.Sub(w.thin.from))
		f.Heard = w.heard
		w.thin = window{st, now}
		w.told(s, "in", &w.in, diagnose.In(f), now)
	case w.in != diagnose.Fine && w.in != diagnose.Thin && came >= backAgain:
		w.told(s, "in", &w.in, diagnose.Finding{}, now)
	}
}

// outgoing tells when the peer hears nothing.
func (w *watched) outgoing(s *side, f diagnose.Facts, st rtpport.Stats, now time.Time) {
	f = since(f, w.out.base, st, now.Sub(w.out.from))
	found := diagnose.Out(f)
	if now.Sub(w.out.from) >= outTime {
		w.out = window{st, now}
	} else if found.Reason == diagnose.Fine {
		return // it may only be too early to say
	}
	w.told(s, "out", &w.outgo, found, now)
}

// since counts from a time on.
func since(f diagnose.Facts, base, st rtpport.Stats, d time.Duration) diagnose.Facts {
	f.Seconds = d.Seconds()
	f.Sent = st.SentPackets - base.SentPackets
	f.SendFailed = st.SendFailed - base.SendFailed
	f.Refused = st.Refused - base.Refused
	f.Usable = usable(st) - usable(base)
	f.Unknown, f.UnknownType = st.ReceivedUnknown-base.ReceivedUnknown, st.UnknownType
	f.Foreign, f.ForeignFrom = st.Foreign-base.Foreign, st.ForeignFrom
	f.BadTags = st.Forged - base.Forged
	f.Invalid = st.ReceivedInvalid - base.ReceivedInvalid
	f.Reports, f.Blind = st.ReportsHeard-base.ReportsHeard, st.ReportsBlind
	f.Quiet = st.Quiet
	return f
}

// told notes what has changed.
func (w *watched) told(s *side, direction string, state *diagnose.Reason, found diagnose.Finding, now time.Time) {
	now = now.Truncate(time.Microsecond)
	switch {
	case found.Fault && found.Reason != *state:
		*state = found.Reason
		if w.notes++; w.notes > mostNotes {
			return
		}
		found.Data["direction"], found.Data["reason"] = direction, string(found.Reason)
		s.note(voice.Event{Kind: voice.EventSilence, At: now, Text: found.Text, Data: found.Data})
	case !found.Fault && *state != diagnose.Fine:
		before := *state
		*state = diagnose.Fine
		if found.Reason != diagnose.Fine {
			return // hold, or a pause: it is not heard again
		}
		w.back(s, direction, before, now)
	}
}

// back notes that sound came after all.
func (w *watched) back(s *side, direction string, before diagnose.Reason, now time.Time) {
	if w.notes > mostNotes {
		return
	}
	late := now.Sub(w.from)
	text := "the peer hears us"
	if direction == "in" {
		text = fmt.Sprintf("sound of the peer came %.1f s after the answer", late.Seconds())
		if w.heard {
			text = "the peer's sound came back"
			if before == diagnose.Stopped {
				w.pauses++
			}
			if w.pauses == pausesTold {
				text += "; it has stopped and come back " + strconv.Itoa(pausesTold) + " times, so this telephone may send nothing while its user is silent, and only long pauses are told from now on"
			}
		}
	}
	s.note(voice.Event{Kind: voice.EventHeard, At: now, Text: text, Data: map[string]string{
		"direction": direction, "reason": string(before), "after_ms": strconv.FormatInt(late.Milliseconds(), 10),
	}})
}

// LiveLegs gives the records so far of the legs of a call that are up, of its
// account.
func (e *Engine) LiveLegs(t voice.TenantID, id voice.CallID) []voice.LegRecord {
	var list []voice.LegRecord
	for _, s := range e.places.list() {
		at, st := s.at.Load(), s.latest.Load()
		info := at.call.Info()
		if info.ID != id || info.Tenant != t || st == nil {
			continue
		}
		r := at.leg.record(*st, "", "")
		r.End = time.Time{}
		list = append(list, r)
	}
	return list
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
