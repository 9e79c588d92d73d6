package rtpport

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

// Sides says whose sound is recorded.
type Sides uint8

// The sides.
const (
	SideIn     Sides = iota // the peer alone
	SidesMixed              // the peer and what we send, in one channel
	SidesApart              // the peer left, what we send right
)

// EndReason says why a recording ended.
type EndReason string

// The reasons.
const (
	EndStopped EndReason = "stopped" // by Stop
	EndSilence EndReason = "silence"
	EndLimit   EndReason = "limit"
	EndDigit   EndReason = "digit"
	EndClosed  EndReason = "closed" // the port closed
	EndError   EndReason = "error"
)

// RecordOptions says what to record, where to, and until when.
type RecordOptions struct {
	File         media.WAVFile // at its empty beginning; the caller closes it afterwards
	Sides        Sides
	Encoding     media.WAVEncoding
	SilenceEnd   time.Duration // end after this much silence of the peer; 0 = never
	FirstSilence time.Duration // takes the place of SilenceEnd until the peer has spoken; 0 = SilenceEnd
	Threshold    float64       // dB below full scale that counts as voice; 0 = adaptive
	MaxDuration  time.Duration // 0 = none
	StopOnDigits bool          // any key ends it
	// Hear is given each frame of the peer, in the recording's own goroutine, a
	// tenth of a second late or a little more; true ends the recording. With it
	// File may be nil: nothing is stored then.
	Hear func(pcm []int16) (enough bool)
}

// Result is what a recording has become.
type Result struct {
	Duration        time.Duration // wall time and length of the file, to 20 ms
	Speech          time.Duration // in which the peer spoke
	TrailingSilence time.Duration // since the peer last spoke
	Reason          EndReason
	Gaps            int // frames of 20 ms replaced by silence because the disk was too slow
	Err             error
}

const (
	tapFrames   = 256 // of the ring: 5 s
	tapDelay    = 5   // frames that packets have to come in order
	recordDelay = tapDelay * media.FrameSamples
	recordMost  = 3 * recordDelay
	blockTime   = 900 * time.Millisecond // of sound written at a time at least
	pollTime    = 100 * time.Millisecond // between two looks at what was heard, when it may end the recording
	restTime    = time.Second            // when it may not
	frameBytes  = media.FrameSamples
	frameTime   = media.FrameTime
)

// tapped is one frame on its way to the writer.
type tapped struct {
	gap   int // frames lost before this one
	heard struct {
		codec  media.Codec
		n      int
		octets [mostOctets]byte
		gaps   jitter.Gaps
	}
	sent sent
}

// sent is a frame that was sent.
type sent struct {
	codec  media.Codec
	octets [frameBytes]byte
	first  bool // at this port
	none   bool // nothing was
	muted  bool // the recording was paused: silence stands for both sides
}

// Recording is sound being stored. Safe for concurrent use.
type Recording struct {
	pool   *Pool
	opt    RecordOptions
	done   chan struct{}
	over   chan struct{} // closed when the wheel adds no more
	reason EndReason     // set before over closes
	result Result        // set before done closes

	ring       []tapped
	head, tail atomic.Uint64
	base       uint64 // of head and tail at the ring's first place; the wheel moves it while nothing is stored

	mu   sync.Mutex // held while it moves; the wheel never takes it
	port *Port

	// The thread of the port's shard owns these.
	sound   stream
	sent    [tapDelay]sent // what we sent, held back as long as what we hear
	paused  bool
	kept    int // frames put into sent
	used    int // frames taken out of it
	taps    int // turns
	fresh   int // of them, at the present port
	owed    int // turns that were left out
	pending int // frames lost since the last that was stored
}

// Record stores what is heard, and what is said, until Stop or what the
// options name. Loss and pauses become silence, so the file is as long as the
// recording took. A port makes as many recordings at once as are wanted.
func (p *Port) Record(opt RecordOptions) (*Recording, error) {
	channels := 1
	if opt.Sides == SidesApart {
		channels = 2
	}
	var w *media.WAVWriter
	if opt.File != nil {
		var err error
		if w, err = media.NewWAVWriter(opt.File, media.WAVOptions{Encoding: opt.Encoding, Channels: channels}); err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
	} else if opt.Hear == nil {
		return nil, fmt.Errorf("record: no file")
	}
	r := &Recording{
		pool: p.pool, port: p, opt: opt, done: make(chan struct{}), over: make(chan struct{}), ring: make([]tapped, tapFrames),
		sound: newStream(recordDelay, recordMost),
	}
	p.pool.mu.Lock()
	if p.pool.closed {
		p.pool.mu.Unlock()
		return nil, fmt.Errorf("record: %w", ErrClosed)
	}
	p.pool.writers.Go(func() { (&recordWriter{rec: r, wav: w}).run() })
	p.pool.mu.Unlock()
	ok := p.shard.post(func() { p.attach(r) })
	if !ok {
		r.finish(EndClosed)
	}
	return r, nil
}

// Done closes when the recording has ended, for whatever reason, and its file
// is complete.
func (r *Recording) Done() <-chan struct{} { return r.done }

// Pause has silence recorded, of both sides, until Resume; the time passes.
func (r *Recording) Pause() { r.order(func(*Port) { r.paused = true }) }

// Resume ends a pause.
func (r *Recording) Resume() { r.order(func(*Port) { r.paused = false }) }

// End ends the recording if nothing else has, and does not wait.
func (r *Recording) End() { r.order(func(p *Port) { p.detach(r, EndStopped) }) }

// order has the wheel of the port that is recorded do f.
func (r *Recording) order(f func(*Port)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.port
	p.order(func() { f(p) })
}

// Move goes on recording at another port of the pool: what its peer says, and
// what that is sent, from now on. ErrClosed when the recording has ended, or
// ends because the other port is closed.
func (r *Recording) Move(to *Port) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.port
	if from == to {
		return nil
	}
	held := false
	if !from.await(func() { held = from.letGo(r) }) || !held {
		return fmt.Errorf("move recording: %w", ErrClosed)
	}
	r.port = to
	if !to.await(func() { to.attach(r) }) {
		r.finish(EndClosed)
		return fmt.Errorf("move recording: %w", ErrClosed)
	}
	return nil
}

// Stop ends the recording if nothing else has, waits until the file is
// complete and returns what it is.
func (r *Recording) Stop() Result {
	r.End()
	return r.Wait()
}

// Wait waits until the recording has ended by itself, or by End, and gives what it is.
func (r *Recording) Wait() Result {
	<-r.done
	return r.result
}

func (p *Port) attach(r *Recording) {
	if p.closed() {
		r.finish(EndClosed)
		return
	}
	r.sound.reset()
	p.recs = append(p.recs, r)
}

// detach ends a recording.
func (p *Port) detach(r *Recording, reason EndReason) {
	if p.letGo(r) {
		r.finish(reason)
	}
}

// letGo takes a recording off the port, whose frames held back for their order go out;
// false when it is not made here.
func (p *Port) letGo(r *Recording) bool {
	i := slices.Index(p.recs, r)
	if i < 0 {
		return false
	}
	p.recs = slices.Delete(p.recs, i, i+1)
	for range min(r.fresh, tapDelay) {
		r.push(p.codec, nil)
	}
	r.kept, r.used, r.fresh = 0, 0, 0
	return true
}

func (r *Recording) finish(reason EndReason) {
	r.reason = reason
	close(r.over)
}

// tap gives the recordings the frame of this turn: what was sent (nil = no
// sound), and what was heard a little earlier.
func (p *Port) tap(sent []byte) {
	for i := len(p.recs) - 1; i >= 0; i-- { // one that ends leaves the rest in place
		r := p.recs[i]
		r.settle(p.codec)
		r.turn(p.codec, sent)
		if r.opt.MaxDuration > 0 && time.Duration(r.taps)*frameTime >= r.opt.MaxDuration {
			p.detach(r, EndLimit)
		}
	}
}

// wait passes a turn of the first tapDelay at a port: nothing is old enough to store.
func (r *Recording) wait(codec media.Codec, sent []byte) {
	var unheard [frameBytes]byte
	r.sound.buf.Take(unheard[:])
	r.keep(codec, sent)
}

// keep puts what was sent into the line.
func (r *Recording) keep(codec media.Codec, sent []byte) {
	line := &r.sent[r.kept%tapDelay]
	line.first, line.codec, line.none, line.muted = r.kept == 0, codec, sent == nil, r.paused
	r.kept++
	copy(line.octets[:], sent)
}

// push stores the oldest frame of both sides and keeps sent for later. When
// the writer is a ring behind, the frame is lost and its place noted.
func (r *Recording) push(codec media.Codec, sent []byte) {
	line := &r.sent[r.used%tapDelay]
	r.used++
	head, tail := r.head.Load(), r.tail.Load()
	if head == tail {
		r.base = head // so that few places are in use, which stay in the processor's cache
	}
	if head-tail < tapFrames {
		slot := r.place(head)
		slot.gap, slot.sent = r.pending, *line
		slot.heard.codec = r.sound.codec
		slot.heard.n, slot.heard.gaps = r.sound.take(&slot.heard.octets)
		r.pending = 0
		r.head.Store(head + 1)
	} else {
		var unheard [frameBytes]byte
		r.sound.buf.Take(unheard[:])
		r.pending++
	}
	r.keep(codec, sent)
}

// place is where a frame has its place in the ring.
func (r *Recording) place(at uint64) *tapped { return &r.ring[(at-r.base)%tapFrames] }

// lost notes that n turns were not taken; the next makes up for them.
func (r *Recording) lost(n int) { r.owed += n }

// settle makes up for turns not taken. What was heard in them is in the socket
// still, unless they were very many.
func (r *Recording) settle(codec media.Codec) {
	if r.owed > tapFrames/2 {
		r.pending += r.owed - tapFrames/2
		r.owed = tapFrames / 2
	}
	for ; r.owed > 0; r.owed-- {
		r.turn(codec, nil)
	}
}

func (r *Recording) turn(codec media.Codec, sent []byte) {
	if r.fresh < tapDelay {
		r.wait(codec, sent)
	} else {
		r.push(codec, sent)
	}
	r.taps++
	r.fresh++
}
