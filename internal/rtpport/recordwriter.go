package rtpport

import (
	"time"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

// recordWriter is the goroutine that stores a recording.
type recordWriter struct {
	rec *Recording
	wav *media.WAVWriter // nil = nothing is stored

	activity media.Activity
	heard    ear
	sent     ear
	in, out  [frameBytes]int16
	both     [2 * frameBytes]int16
	frames   int // stored or on the way to it
	spoken   int
	silent   int
	gaps     int
	err      error
	asked    bool // the wheel was asked to end
}

func (w *recordWriter) run() {
	w.activity.Threshold = w.rec.opt.Threshold
	every := restTime
	if w.listens() {
		every = pollTime
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ended := false; !ended; {
		w.take()
		w.judge()
		if w.wav != nil && w.wav.Held() >= blockTime {
			w.store()
		}
		select {
		case <-tick.C:
		case <-w.rec.over:
			ended = true
		}
	}
	w.take() // what came in before the end
	w.close()
}

// listens says whether what is heard may end the recording.
func (w *recordWriter) listens() bool {
	o := &w.rec.opt
	return o.Hear != nil || o.SilenceEnd > 0 || o.FirstSilence > 0
}

// take empties the ring.
func (w *recordWriter) take() {
	r := w.rec
	for tail := r.tail.Load(); tail != r.head.Load(); tail++ {
		t := r.place(tail)
		for range t.gap {
			w.frame(nil)
		}
		w.gaps += t.gap
		w.frame(t)
		r.tail.Store(tail + 1)
	}
}

// frame adds one frame to the block; nil is a gap.
func (w *recordWriter) frame(t *tapped) {
	clear(w.in[:])
	clear(w.out[:])
	muted := t != nil && t.sent.muted
	if muted || t != nil && t.sent.first {
		w.heard.forget()
		w.sent.forget()
	}
	if t != nil && !muted {
		w.decode(t)
	}
	w.frames++
	switch {
	case muted: // a pause is no silence of the peer
	case w.activity.Frame(w.in[:]):
		w.spoken++
		w.silent = 0
	default:
		w.silent++
	}
	if w.rec.opt.Hear != nil && !w.asked && w.rec.opt.Hear(w.in[:]) {
		w.end(EndStopped)
	}
	if w.wav == nil {
		return
	}
	pcm := w.in[:]
	switch w.rec.opt.Sides {
	case SidesApart:
		pcm = w.both[:]
		for i, s := range w.in {
			pcm[2*i], pcm[2*i+1] = s, w.out[i]
		}
	case SidesMixed:
		for i, s := range w.in {
			pcm[i] = int16(max(-32768, min(32767, int(s)+int(w.out[i]))))
		}
	}
	w.wav.Put(pcm)
	if w.wav.Held() >= 2*blockTime {
		w.store()
	}
}

// decode gives both sides of a frame as samples.
func (w *recordWriter) decode(t *tapped) {
	w.heard.hear(t.heard.codec, w.in[:], t.heard.octets[:t.heard.n], &t.heard.gaps)
	if w.rec.opt.Sides != SideIn && !t.sent.none {
		w.sent.hear(t.sent.codec, w.out[:], t.sent.octets[:], &jitter.Gaps{})
	}
}

// judge asks the wheel to end when silence has lasted long enough.
func (w *recordWriter) judge() {
	limit := w.rec.opt.SilenceEnd
	if first := w.rec.opt.FirstSilence; first > 0 && w.spoken == 0 {
		limit = first
	}
	if limit > 0 && time.Duration(w.silent)*frameTime >= limit {
		w.end(EndSilence)
	}
}

func (w *recordWriter) end(reason EndReason) {
	if w.asked {
		return
	}
	w.asked = true
	r := w.rec
	r.order(func(p *Port) { p.detach(r, reason) })
}

// store writes what is held. After an error the sound is thrown away: what is in
// the file stays.
func (w *recordWriter) store() {
	if w.wav == nil || w.wav.Held() == 0 {
		return
	}
	w.rec.pool.fileTurn <- struct{}{}
	w.err = w.wav.Flush()
	<-w.rec.pool.fileTurn
	if w.err != nil {
		w.end(EndError)
	}
}

func (w *recordWriter) close() {
	r := w.rec
	for range r.pending {
		w.frame(nil)
		w.gaps++
	}
	w.store()
	length := time.Duration(w.frames) * frameTime
	if w.wav != nil {
		r.pool.fileTurn <- struct{}{}
		err := w.wav.Close()
		<-r.pool.fileTurn
		if w.err == nil {
			w.err = err
		}
		length = w.wav.Duration()
	}
	r.result = Result{
		Duration: length, Speech: time.Duration(w.spoken) * frameTime,
		TrailingSilence: time.Duration(w.silent) * frameTime,
		Reason:          r.reason, Gaps: w.gaps, Err: w.err,
	}
	if w.err != nil {
		r.result.Reason = EndError
	}
	close(r.done)
}
