package flow

import "time"

// Collect gathers the caller's keys while the flow goes on: from here on, whatever
// the steps do. What is gathered is submitted, in the way of a dialect, to an
// application, whose answer, when it is a program, takes the place of the flow at
// once. A later Collect changes how, and keeps what has been gathered. Keys are
// submitted: with OnHash by '#' alone; otherwise by a key that cuts a Play with
// BargeIn, and when there are MaxDigits. Every key cuts such a Play.
type Collect struct {
	Dialect   string   `json:"dialect"`              // who asks and understands the answer: "routee"
	URL       Template `json:"url,omitempty"`        // "" = keys are only noted
	MaxDigits int      `json:"max_digits,omitempty"` // 0 = MaxCollected; keys beyond are ignored
	OnHash    bool     `json:"on_hash,omitempty"`
	// End is where the flow ends: what is under way is waited for, and keys that
	// are pending without OnHash are submitted. Wait is how long keys are waited for
	// before, from the last of them, when nothing has been submitted; 0 = not at all.
	// With End the other fields are those of the Collect before.
	End  bool          `json:"end,omitempty"`
	Wait time.Duration `json:"wait,omitempty"`
}

// Bounds of Collect.
const (
	MaxCollected = 30 // keys
	// CollectTime is how long the answer to a submission is waited for.
	CollectTime    = 3 * time.Second
	MaxCollectWait = 10 * time.Minute
)

// VarCollected is among the variables of a submission: the keys, parted by commas.
const VarCollected = "call.collected"

// What the notice of a submission says that is made when the call is over, whose
// answer is ignored.
const (
	DataCollectURL = "collect.url"
	DataCollected  = "collect.tones" // the keys, parted by commas
)

func (Collect) Kind() string  { return "collect" }
func (Collect) Exits() []Exit { return []Exit{Next} }
