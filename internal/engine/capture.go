package engine

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	"tandem/internal/blob"
	"tandem/internal/pcap"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// Bounds of captures.
const (
	capturesAtOnce  = 50
	captureBytes    = 64 << 20               // of each, where Config does not say
	captureTime     = 24 * time.Hour         // the longest
	captureEvery    = 100 * time.Millisecond // is written
	captureWaits    = 512                    // messages that wait to be written
	captureLinger   = time.Second            // after the end of the call, and after its last message
	captureLongest  = 10 * time.Second       // the same at the most
	captureOverhead = 256                    // bytes in the file beside the payload of a packet
)

const captureComment = `SIP is shown in the clear, as this server read and wrote it, whatever it travelled by: over TLS in segments of TCP, over WebSockets in datagrams. ` +
	`RTP and RTCP are shown as they were on the wire; what is secured stays so. Headers below are made anew. An x stands for what is hidden: proofs of passwords, keys of SRTP. ` +
	`While secret digits may be keyed RTP is cut after its header, and bodies of INFO are hidden until the end of the call.`

// captures counts those of an engine.
type captures struct {
	mu      sync.Mutex
	n       int
	wg      sync.WaitGroup
	closing chan struct{}
	once    sync.Once
}

// capture is the capture of a call that is being made. Its goroutine ends with it, soon
// after the call; the engine waits.
type capture struct {
	call  *Call
	row   voice.Capture
	draft blob.Draft
	file  *bufio.Writer
	pcap  *pcap.Writer

	// Guarded by the call's wire.mu.
	taps     []*tap
	messages []message
	missed   int64     // messages that found no room
	heard    time.Time // the last message
	ended    time.Time // when the call did; zero = it is up

	stop chan struct{} // closed by StopCapture
	once sync.Once
	done chan struct{} // closed when the file is complete

	// Of its goroutine.
	waiting []packet // in no order
	lost    int64    // of ports that have left
}

// tap is where a port's packets come from.
type tap struct {
	port *rtpport.Port
	from *rtpport.Capture
	over bool // nothing comes any more
}

// CloseCaptures ends those that wait for the last messages of their calls, and waits
// until all are complete.
func (e *Engine) CloseCaptures() {
	e.captures.once.Do(func() { close(e.captures.closing) })
	e.captures.wg.Wait()
}

func (c *captures) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= capturesAtOnce {
		return false
	}
	c.n++
	c.wg.Add(1)
	return true
}

func (c *captures) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	c.wg.Done()
}

// StartCapture implements voice.Capturer.
func (c *Call) StartCapture(ctx context.Context) (voice.CaptureID, error) {
	k, err := c.startCapture(ctx)
	if err != nil {
		c.Note(voice.Event{Kind: voice.EventCaptureFailed, Text: "the call's packets are not captured: " + voice.Reason(err)})
		return "", err
	}
	c.Note(voice.Event{Kind: voice.EventCaptureStarted, Text: "the call's packets are captured", Data: map[string]string{"capture": string(k.row.ID)}})
	go k.run()
	return k.row.ID, nil
}

func (c *Call) startCapture(ctx context.Context) (*capture, error) {
	const op = "engine.StartCapture"
	cfg := &c.e.cfg
	if cfg.Captures == nil {
		return nil, voice.Errorf(op, voice.Unavailable, "this server captures nothing")
	}
	if !c.e.captures.enter() {
		return nil, voice.Errorf(op, voice.Limit, "%d calls are captured, which is as many as may be at once", capturesAtOnce)
	}
	k, err := c.newCapture(ctx)
	if err == nil {
		if err = c.wire.begin(k); err != nil {
			k.drop()
		}
	}
	if err != nil {
		c.e.captures.leave()
		return nil, err
	}
	return k, nil
}

// newCapture begins the file and stores the row.
func (c *Call) newCapture(ctx context.Context) (*capture, error) {
	const op = "engine.StartCapture"
	info, now := c.Info(), time.Now()
	k := &capture{call: c, stop: make(chan struct{}), done: make(chan struct{}), row: voice.Capture{
		ID: voice.CaptureID(voice.NewID("CP")), Tenant: info.Tenant, Call: info.ID, State: voice.CaptureActive, Blob: blob.NewKey("captures", "pcapng", now), Created: now,
	}}
	if err := c.wire.free(); err != nil {
		return nil, err
	}
	var err error
	if k.draft, err = c.e.cfg.Drafts.Create(ctx, k.row.Blob); err != nil {
		return nil, voice.E(op, voice.Unavailable, err)
	}
	if err := c.e.cfg.Captures.CreateCapture(ctx, k.row); err != nil {
		k.discard()
		return nil, err
	}
	k.file = bufio.NewWriterSize(k.draft, 64<<10)
	k.pcap, err = pcap.New(k.file, pcap.Header{Application: "tandem", Comment: fmt.Sprintf("Call %s from %s to %s. %s", info.ID, info.From, info.To, captureComment), Interface: "call " + string(info.ID)})
	if err != nil {
		k.drop()
		return nil, voice.E(op, voice.Unavailable, err)
	}
	return k, nil
}

// free refuses a second capture of the call, and one of a call that is over.
func (w *wire) free() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.freeLocked()
}

func (w *wire) freeLocked() error {
	switch {
	case w.closed:
		return voice.Errorf("engine.StartCapture", voice.Conflict, "the call is over")
	case w.on != nil:
		return voice.Errorf("engine.StartCapture", voice.Conflict, "the call's packets are captured already")
	}
	return nil
}

// begin lets k see all that the call does.
func (w *wire) begin(k *capture) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.freeLocked(); err != nil {
		return err
	}
	w.on = k
	k.messages, w.early = w.early, nil
	for _, p := range w.ports {
		k.attach(p)
	}
	return nil
}

// attach begins to take a port's packets. The caller holds wire.mu.
func (k *capture) attach(p *rtpport.Port) {
	t := &tap{port: p, from: rtpport.NewCapture(&k.call.wire.hush)}
	k.taps = append(k.taps, t)
	p.Capture(t.from)
}

// detach ends that.
func (k *capture) detach(p *rtpport.Port) {
	w := &k.call.wire
	w.mu.Lock()
	var found *tap
	for _, t := range k.taps {
		if t.port == p {
			found = t
		}
	}
	w.mu.Unlock()
	if found == nil {
		return
	}
	p.Uncapture(found.from)
	w.mu.Lock()
	found.over = true
	w.mu.Unlock()
}

// take keeps a message to be written. The caller holds wire.mu.
func (k *capture) take(m message) {
	k.heard = m.at
	if len(k.messages) >= captureWaits {
		k.missed++
		return
	}
	k.messages = append(k.messages, m)
}

// callOver is told of the end of the call. The caller holds wire.mu.
func (k *capture) callOver() { k.ended = time.Now() }

// StopCapture implements voice.Capturer.
func (c *Call) StopCapture(ctx context.Context) error {
	const op = "engine.StopCapture"
	c.wire.mu.Lock()
	k := c.wire.on
	c.wire.mu.Unlock()
	if k == nil {
		return voice.Errorf(op, voice.NotExist, "the call's packets are not captured")
	}
	k.once.Do(func() { close(k.stop) })
	select {
	case <-k.done:
		return nil
	case <-ctx.Done():
		return voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
}

// run writes what comes until the capture ends.
func (k *capture) run() {
	defer k.call.e.captures.leave()
	tick := time.NewTicker(captureEvery)
	defer tick.Stop()
	longest := time.NewTimer(captureTime)
	defer longest.Stop()
	for {
		words := ""
		select {
		case <-tick.C:
			words = k.lingered(time.Now())
		case <-k.stop:
			words = "it was stopped by order"
		case <-longest.C:
			words = "the longest time of " + captureTime.String() + " is over"
		case <-k.call.e.captures.closing:
			words = "the server is stopping"
		}
		if words != "" {
			k.finish(words, nil)
			return
		}
		if err := k.write(time.Now().Add(-captureDelay)); err != nil {
			k.finish("", err)
			return
		}
	}
}
