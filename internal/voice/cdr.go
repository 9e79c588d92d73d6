package voice

import (
	"context"
	"time"
)

// EventKind is a fact about a call, past tense.
type EventKind string

// The kinds of event. Text on each says it in words.
const (
	EventCallArrived       EventKind = "call.arrived"
	EventCallWaiting       EventKind = "call.waiting" // an ordered call does not begin yet; data: why
	EventCallBegun         EventKind = "call.begun"   // it waited, and begins; data: waited, in s
	EventCallRinging       EventKind = "call.ringing"
	EventCallAnswered      EventKind = "call.answered"
	EventCallRefused       EventKind = "call.refused"
	EventCallEnded         EventKind = "call.ended"
	EventSIP               EventKind = "sip" // data: dir in|out, method, status
	EventMedia             EventKind = "media"
	EventSilence           EventKind = "media.silent" // no sound comes, or none arrives; data: direction in|out, reason, and what was counted
	EventHeard             EventKind = "media.heard"  // it does after all; data: direction, reason, after_ms since the answer
	EventAppEntered        EventKind = "app.entered"
	EventStep              EventKind = "step" // a node was entered, or its exit was taken
	EventPromptStarted     EventKind = "prompt.started"
	EventPromptFinished    EventKind = "prompt.finished"
	EventPromptCut         EventKind = "prompt.cut"
	EventPromptFailed      EventKind = "prompt.failed"
	EventDigit             EventKind = "digit" // data: digit, method
	EventDigitDropped      EventKind = "digit.dropped"
	EventGatherEnded       EventKind = "gather.ended"
	EventDialStarted       EventKind = "dial.started"
	EventDialFailed        EventKind = "dial.failed"
	EventLegRinging        EventKind = "leg.ringing"
	EventLegAnswered       EventKind = "leg.answered"
	EventLegEnded          EventKind = "leg.ended"
	EventBridgeStarted     EventKind = "bridge.started"
	EventBridgeEnded       EventKind = "bridge.ended"
	EventHold              EventKind = "hold"
	EventRecordingStarted  EventKind = "recording.started"
	EventRecordingFinished EventKind = "recording.finished"
	EventRecordingPaused   EventKind = "recording.paused" // data as of the others: recording, purpose, leg
	EventRecordingResumed  EventKind = "recording.resumed"
	EventRecordingDropped  EventKind = "recording.dropped"
	EventRecordingFailed   EventKind = "recording.failed"
	EventCaptureStarted    EventKind = "capture.started" // data: capture
	EventCaptureEnded      EventKind = "capture.ended"   // data: capture, packets, bytes, lost
	EventCaptureFailed     EventKind = "capture.failed"  // data: capture, where there is one
	EventMessageStored     EventKind = "message.stored"
	EventMailSent          EventKind = "mail.sent"
	EventMailFailed        EventKind = "mail.failed"
	EventWebhookSent       EventKind = "webhook.sent"
	EventWebhookFailed     EventKind = "webhook.failed"
	EventFlowError         EventKind = "flow.error"
	EventCallOrdered       EventKind = "call.ordered"      // somebody ordered the live call away or its end; data: order
	EventSuperviseStarted  EventKind = "supervise.started" // somebody listens to the talk; data: mode, by, call
	EventSuperviseEnded    EventKind = "supervise.ended"
	EventNotice            EventKind = "notice"    // an application is to be told; data: dialect, and that dialect's own
	EventTalkHeld          EventKind = "talk.held" // a party of the talk hears music by order
	EventTalkResumed       EventKind = "talk.resumed"
	EventRoomJoined        EventKind = "room.joined"      // data: room
	EventRoomLeft          EventKind = "room.left"        // data: room
	EventTransferStarted   EventKind = "transfer.started" // data: to, how: refer or dial
	EventTransferEnded     EventKind = "transfer.ended"   // data: to, how, end
	EventMachine           EventKind = "machine.detected" // data: answered_by
)

// Origin is a place in a vendor's document.
type Origin struct {
	App     AppID  `json:"app,omitempty"`
	Pointer string `json:"pointer,omitempty"` // JSON Pointer, RFC 6901: "/menu/digit_1"
}

// Event is one entry of a call's timeline.
type Event struct {
	Call   CallID            `json:"call"`
	Tenant TenantID          `json:"tenant,omitempty"`
	Seq    int               `json:"seq"` // 1, 2, 3 … within the call
	At     time.Time         `json:"at"`  // microseconds
	Kind   EventKind         `json:"kind"`
	Leg    LegID             `json:"leg,omitempty"`
	Origin Origin            `json:"origin,omitzero"`
	Text   string            `json:"text"` // the fact in words
	Data   map[string]string `json:"data,omitempty"`
}

// LegRecord is one leg in a CDR.
type LegRecord struct {
	ID       LegID     `json:"id"`
	To       string    `json:"to"`
	Start    time.Time `json:"start"`
	Answered time.Time `json:"answered,omitzero"`
	End      time.Time `json:"end"`
	Cause    Cause     `json:"cause"`
	Words    string    `json:"words,omitempty"`
	Codec    string    `json:"codec,omitempty"`
	Quality  Quality   `json:"quality,omitzero"`
	// Keys is how the party sends keys: as it did, or else as was agreed.
	Keys DigitMethod `json:"keys,omitempty"`
	// Course is how the quality went, in the order of time. It is kept in the data of
	// EventLegEnded, not in records.
	Course []QualitySample `json:"-"`
}

// QualitySample is what the sound of a leg was like between the sample before and At.
type QualitySample struct {
	At        float64 `json:"at"`                   // s since the leg's start
	LossIn    float64 `json:"loss_in,omitempty"`    // percent of the packets
	LossOut   float64 `json:"loss_out,omitempty"`   // as the peer reports it
	JitterIn  float64 `json:"jitter_in,omitempty"`  // ms
	JitterOut float64 `json:"jitter_out,omitempty"` // likewise
	RTT       float64 `json:"rtt,omitempty"`        // ms; 0 = not known
	MOSIn     float64 `json:"mos_in,omitempty"`     // as Quality.MOSIn
	MOSOut    float64 `json:"mos_out,omitempty"`
}

// Quality is what the media of a leg was like, from RTP and RTCP (RFC 3550).
type Quality struct {
	PacketsIn  uint64        `json:"packets_in"`
	PacketsOut uint64        `json:"packets_out"`
	LostIn     uint64        `json:"lost_in"`
	LostOut    uint64        `json:"lost_out"` // as the peer reports it
	JitterIn   time.Duration `json:"jitter_in"`
	JitterOut  time.Duration `json:"jitter_out"`
	RTT        time.Duration `json:"rtt"`
	LateIn     uint64        `json:"late_in,omitempty"`    // overtaken by others
	StrangeIn  uint64        `json:"strange_in,omitempty"` // of a payload type that was not agreed
	ForeignIn  uint64        `json:"foreign_in,omitempty"` // from elsewhere, ignored
	ExcessIn   uint64        `json:"excess_in,omitempty"`  // of more sound than there was time for, left out
	// MOSIn is how the peer was heard, by the E-model (media/emodel), MOSOut how we
	// were, as far as the peer reports: 1 to 4.5, 0 = not known.
	MOSIn  float64 `json:"mos_in,omitempty"`
	MOSOut float64 `json:"mos_out,omitempty"`
}

// CDR is the call detail record: one per call.
type CDR struct {
	Call      CallID
	Tenant    TenantID
	Direction CallDirection
	From, To  string
	FromName  string
	App       AppID // the app that answered first
	Start     time.Time
	Answered  time.Time // zero = never
	End       time.Time // zero = the call is still up
	Cause     Cause
	Reason    EndReason
	Words     string // the reason of the end in words
	Legs      []LegRecord
	Tag       string // CallInfo.Tag
	Order     string // CallInfo.Order
}

// CallBatch is what is written about calls at once, all of it or nothing: what
// happened, the records, and what others are to be told of it.
type CallBatch struct {
	Events     []Event
	CDRs       []CDR
	Deliveries []Delivery
}

// CallSummary is what an engine knows of a call for its CDR.
type CallSummary struct {
	Answered time.Time // zero = never
	Legs     []LegRecord
	Cause    Cause  // how the caller's leg ended; "" while it is up
	Words    string // the reason in words
	// Reason is why, where the call itself knows it; "" = whoever hung it up does.
	Reason EndReason
}

// CDRFilter narrows a list of CDRs; zero fields do not.
type CDRFilter struct {
	Tenant TenantID  // "" = all, for the operator's tools only
	Before time.Time // started before it
	After  time.Time // started at or after it
	Open   bool      // only calls without an end
	App    AppID
	Order  string
	// Find takes only calls that have it in their numbers, name, words, tag or id,
	// whatever the case of the letters A to Z.
	Find   string
	Number string    // called or calling
	Reason EndReason // why it ended
	// OrderBegins takes only calls whose order begins so.
	OrderBegins string
	Oldest      bool     // the oldest first
	Past        CDRPlace // only what comes after it in the list; zero = from its beginning
	Limit       int      // 0 = 100
	Offset      int      // how many of the first are passed over
}

// CDRPlace is a place in a list of CDRs, by which it is read on: it stays the same
// when calls are added.
type CDRPlace struct {
	Start time.Time
	Call  CallID
}

// CallStore keeps CDRs and timelines.
type CallStore interface {
	// PutCDR inserts or replaces the record of a call.
	PutCDR(ctx context.Context, c CDR) error
	// CDR finds one; t "" finds it whoever owns it, for the operator's tools.
	CDR(ctx context.Context, t TenantID, id CallID) (CDR, error)
	// CDRs lists the newest first, unless f says otherwise.
	CDRs(ctx context.Context, f CDRFilter) ([]CDR, error)
	// AppendEvents stores a batch of events of any calls in one transaction.
	AppendEvents(ctx context.Context, events []Event) error
	// WriteCalls stores a batch in one transaction. What of it is stored already is
	// left as it is, records apart, so a batch may be sent again when it is not known
	// whether it arrived.
	WriteCalls(ctx context.Context, b CallBatch) error
	// Events lists a call's timeline in order of Seq.
	Events(ctx context.Context, id CallID) ([]Event, error)
}
