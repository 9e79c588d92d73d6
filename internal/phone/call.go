package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Ending is how a call ended.
type Ending struct {
	ByUs       bool          // we ended it
	Method     string        // the request that did: BYE, CANCEL, INVITE (refused)
	Status     int           // of a refusal, else 0
	Phrase     string        // reason phrase of the refusal
	Reason     string        // the Reason header of the far end, RFC 3326
	Text       string        // all of it in words
	RetryAfter time.Duration // of a refusal, 0 = not said
}

// Call is one call of a Phone, from its first message to its last.
type Call struct {
	phone    *Phone
	id       string // Call-ID
	localTag string
	outgoing bool
	began    time.Time
	opts     CallOptions
	media    *media
	sdpID    uint64

	answered chan struct{} // closed when the call is answered
	done     chan struct{} // closed when the call is over
	cancel   chan struct{} // closed to give an unanswered outgoing call up
	timer    sessionTimer
	offering chan struct{} // holds one token: only one INVITE of ours at a time

	mu         sync.Mutex
	events     []Event
	ending     *Ending
	isAnswered bool
	cancelled  bool
	from       *sip.FromHeader // our side, with our tag
	to         *sip.ToHeader   // the far side, with its tag once known
	target     sip.Uri         // remote target, RFC 3261 §12.1
	routes     []sip.Header
	allow      []string
	cseq       uint32
	remoteCSeq uint32
	mediaOn    bool
	local      session
	remote     session
	direction  Direction // what we want: sendrecv, or sendonly on hold

	invite *sip.Request      // the first INVITE, ours or theirs
	server *sip.ServerTx     // of an incoming INVITE not yet finished
	ack    *sip.Request      // for the last 2xx to an INVITE of ours
	accept *pendingAccept    // a 2xx of ours that waits for its ACK
	ring   *pendingRing      // a reliable 1xx of ours that waits for its PRACK
	early  *session          // the answer already given in a 183 of ours
	client []*sip.ClientTx   // INVITE transactions kept for repeated 2xx
	pracks map[string]uint32 // last RSeq acknowledged, by remote tag

	progress    func(status int, phrase string) // told of 101-199 to our first INVITE; may be nil
	referrals   []*referral                     // REFERs of ours that are open
	refersTaken int                             // of the far end
	successor   chan *Call                      // out
}

func (p *Phone) newCall(id string, outgoing bool, o CallOptions) (*Call, error) {
	m, err := newMedia(p.opts.ListenUDP, p.rtp)
	if err != nil {
		return nil, fmt.Errorf("rtp socket: %w", err)
	}
	c := &Call{
		phone: p, id: id, localTag: newTag(), outgoing: outgoing, began: time.Now(), opts: o, media: m,
		sdpID: rand.Uint64N(1 << 40), cseq: firstCSeq(), direction: SendRecv, pracks: map[string]uint32{},
		answered: make(chan struct{}), done: make(chan struct{}), cancel: make(chan struct{}),
		offering: make(chan struct{}, 1), successor: make(chan *Call, successors),
	}
	c.timer.refreshed = make(chan struct{}, 1)
	c.local = session{addr: m.local(), codecs: p.codecs(o.Codecs), eventType: 101, direction: SendRecv, ptime: 20, version: 1}
	if p.opts.NoTelephoneEvent || o.NoTelephoneEvent {
		c.local.eventType = -1
	}
	m.key = func(r rune) { c.note(Event{Kind: KindKeyHeard, Text: string(r) + " by " + string(KeyEvent)}) }
	return c, nil
}

// ID is the SIP Call-ID.
func (c *Call) ID() string { return c.id }

// Done is closed when the call is over, whoever ended it.
func (c *Call) Done() <-chan struct{} { return c.done }

// Answered is closed when the call is answered.
func (c *Call) Answered() <-chan struct{} { return c.answered }

// RemoteMedia is where the far end wants our RTP, as its last description says.
func (c *Call) RemoteMedia() netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote.addr
}

// From is the far end's address of an incoming call, the address called of an
// outgoing one.
func (c *Call) From() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.Address.String()
}

// CallerName is the display name the far end sent.
func (c *Call) CallerName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.DisplayName
}

// Header is the value of a header of the first INVITE, "" when absent.
func (c *Call) Header(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return headerValue(c.invite, name)
}

// Ending tells how the call ended; ok is false while it lasts.
func (c *Call) Ending() (e Ending, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending == nil {
		return e, false
	}
	return *c.ending, true
}

// EndReason is the end of the call in words, "" while it lasts.
func (c *Call) EndReason() string {
	e, _ := c.Ending()
	return e.Text
}

// Timeline is everything that has happened so far, in order.
func (c *Call) Timeline() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// Codec is the law in use; its meaning starts with the first media event.
func (c *Call) Codec() Codec {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.codec
}

// Direction is our side of the audio as last agreed, "" before that.
func (c *Call) Direction() Direction {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mediaOn {
		return ""
	}
	return c.local.direction
}

// Play sends samples at 8 kHz after the sounds that still wait, and returns
// when the last has left or the call is over. While keys are pressed it pauses.
func (c *Call) Play(ctx context.Context, samples []int16) error {
	if len(samples) == 0 {
		return nil
	}
	c.note(Event{Kind: KindPlay, Text: fmt.Sprintf("%.2f s of sound", float64(len(samples))/Rate)})
	if err := c.wait(ctx, c.media.enqueue(&c.media.play, &sound{samples: slices.Clone(samples)})); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	return nil
}

// Heard is all audio received so far at 8 kHz, laid on real time by its RTP
// timestamps: what was not received is silence. Sample 0 is at HeardAt.
func (c *Call) Heard() []int16 {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return slices.Clone(c.media.heard.samples)
}

// HeardAt is when the first packet arrived, as a time since the call began
// (see Timeline), and false when none has.
func (c *Call) HeardAt() (time.Duration, bool) {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	start := c.media.heard.start
	return start.Sub(c.began), !start.IsZero()
}

// KeysHeard are the keys the far end sent as RFC 4733 events or SIP INFO.
func (c *Call) KeysHeard() string {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return string(c.media.heard.keys)
}

// Stats is what arrived on the RTP socket so far.
func (c *Call) Stats() MediaStats {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.heard.snapshot()
}

// Lateness is how late a phone was itself with the media of a call, at most: what its
// process or machine had no time for, and no fault of the far end.
type Lateness struct {
	Read time.Duration // from a packet's arrival at the machine to its being read
	Send time.Duration // from when a packet was due to its being sent
}

// Lateness says how late this side was so far.
func (c *Call) Lateness() Lateness {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.late
}

func (c *Call) note(e Event) {
	e.Time, e.CallID = time.Now(), c.id
	e.At = e.Time.Sub(c.began)
	c.mu.Lock()
	c.events = append(c.events, e)
	c.mu.Unlock()
	c.phone.emit(e)
}

func (c *Call) noteResponse(kind EventKind, method sip.RequestMethod, res *sip.Response) {
	c.note(Event{Kind: kind, Method: string(method), Status: res.StatusCode, Text: res.Reason})
}

// ended is the error of doing something with a call that is over.
func (c *Call) ended() error { return errors.New("call is over: " + c.EndReason()) }

// finish ends the call once; the first ending counts.
func (c *Call) finish(e Ending) {
	c.mu.Lock()
	if c.ending != nil {
		c.mu.Unlock()
		return
	}
	c.ending = &e
	server, client := c.server, c.client
	c.server, c.client = nil, nil
	c.mu.Unlock()
	c.note(Event{Kind: KindEnded, Method: e.Method, Text: e.Text})
	close(c.done)
	c.phone.drop(c)
	c.media.close()
	if server != nil {
		server.TerminateGracefully()
	}
	for _, tx := range client {
		tx.Terminate()
	}
}

// run starts a goroutine that Phone.Close waits for, unless that is under way.
func (c *Call) run(f func()) {
	if !c.phone.enter() {
		return
	}
	go func() {
		defer c.phone.wg.Done()
		f()
	}()
}

// markAnswered closes Answered once.
func (c *Call) markAnswered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isAnswered {
		c.isAnswered = true
		close(c.answered)
	}
}

// applyMedia settles both descriptions into one stream and starts it.
func (c *Call) applyMedia(local, remote session) error {
	codec, err := choose(local.codecs, remote.codecs)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending != nil {
		return errors.New("call is over")
	}
	eventIn, eventOut := local.eventType, remote.eventType
	if eventIn < 0 || eventOut < 0 {
		eventIn, eventOut = -1, -1
	}
	// On hold we send nothing, as a phone without music.
	sending := local.direction.sends() && remote.direction.receives() && c.direction != SendOnly
	c.media.configure(remote.addr, codec, eventIn, eventOut, sending)
	c.local, c.remote = local, remote
	if !c.mediaOn {
		c.mediaOn = true
		c.media.start()
	}
	return nil
}

func (c *Call) noteMedia() {
	c.mu.Lock()
	local, remote := c.local, c.remote
	c.mu.Unlock()
	keys := "no key events"
	if local.eventType >= 0 && remote.eventType >= 0 {
		keys = fmt.Sprintf("key events as %d", remote.eventType)
	}
	c.note(Event{Kind: KindMedia, Text: fmt.Sprintf("%s with %s, we %s, they %s, %s", c.Codec(), remote.addr, local.direction, remote.direction, keys)})
}
