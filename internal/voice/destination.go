package voice

import "time"

// DestinationKind says what a Destination names.
type DestinationKind string

// The kinds of destination.
const (
	ToUser      DestinationKind = "user"      // ID is a UserID; rung per the user's call settings
	ToExtension DestinationKind = "extension" // ID is the short number of an extension
	ToNumber    DestinationKind = "number"    // ID is an E.164 number, dialled through a trunk
	ToSIP       DestinationKind = "sip"       // ID is a SIP address: user@host[:port], with or without sip:
	ToGroup     DestinationKind = "group"     // ID is a ring group
	ToApp       DestinationKind = "app"       // ID is an AppID: the call goes on in that app
	ToMailbox   DestinationKind = "mailbox"   // ID is a UserID: leave that user a message
	ToPhones    DestinationKind = "phones"    // ID is the short number of an extension: its phones alone, no call settings
	ToDialled   DestinationKind = "dialled"   // ID is what a caller keyed or a document says: whatever an extension of the tenant would reach by it
)

// Destination is a place a call can go, before it is resolved to legs.
type Destination struct {
	Kind DestinationKind `json:"kind,omitempty"`
	ID   string          `json:"id,omitempty"`
}

// Strategy is how several destinations are rung.
type Strategy string

// The strategies; "" takes the step's default.
const (
	AllAtOnce Strategy = "all"
	InTurn    Strategy = "in turn"
	Random    Strategy = "random"   // in turn, in an order drawn anew each time
	Rotating  Strategy = "rotating" // in turn, beginning after the one that answered last
)

// IsZero reports whether the destination is nowhere.
func (d Destination) IsZero() bool { return d.Kind == "" }

// String gives "user 5523", "number +4685…".
func (d Destination) String() string {
	if d.Kind == "" {
		return "nowhere"
	}
	return string(d.Kind) + " " + d.ID
}

// Route is what a destination comes to for one call: attempts in turn, each
// made only when the one before it failed.
type Route struct {
	Attempts []Attempt
}

// Attempt is one try of a route: ring targets at once, go on in an app, or
// hang up. Exactly one of Targets, App and Disconnect is set.
type Attempt struct {
	Targets    []Target
	RingTime   time.Duration // 0 = DefaultRingTime
	CallerID   string        // number shown to the targets; "" = the caller's own where allowed
	App        AppID
	Disconnect bool
	Text       string // the attempt in words, for the timeline: "anna's phones"
}

// Target is one leg to be dialled.
type Target struct {
	Kind DestinationKind // ToExtension, ToNumber or ToSIP
	ID   string
}

// String gives "extension 101".
func (t Target) String() string { return string(t.Kind) + " " + t.ID }

// Bounds of dialling.
const (
	// DefaultRingTime is how long a target rings when nothing else is said.
	DefaultRingTime = 30 * time.Second
	// MaxRingTime bounds a ring time (RFC 3261 §16.6 timer C is 3 minutes).
	MaxRingTime = 180 * time.Second
	// DefaultMaxDuration bounds an answered outbound leg.
	DefaultMaxDuration = 4 * time.Hour
	// MaxTargets bounds the legs rung at once.
	MaxTargets = 20
)
