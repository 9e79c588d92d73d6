package flow

import (
	"time"

	"tandem/internal/voice"
)

// Await waits for a command to the call, carries it out and goes on when that is
// over. It does not answer the call unless there is Music.
type Await struct {
	// Name is what commands that are meant for this place call it.
	Name string `json:"name"`
	Ring bool   `json:"ring,omitempty"` // the caller hears it ring, before the answer
	// Idle bounds the waiting; NoInput is taken then. 0 = MaxIdle.
	Idle  time.Duration  `json:"idle,omitempty"`
	Music []voice.Prompt `json:"music,omitempty"` // sounds meanwhile, again and again
}

// Notice notes something that an application is to be told. What is sent, and
// where to, is the business of the dialect.
type Notice struct {
	Dialect string              `json:"dialect"`
	Fields  map[string]Template `json:"fields,omitempty"`
	// Ready lets the call take commands for the Await of that name from here on:
	// the application may answer before the run has come to it. "" = not yet.
	Ready string `json:"ready,omitempty"`
}

// Bounds of notices and names.
const (
	MaxNoticeFields = 50
	MaxAwaitName    = 64
	// MaxIdle bounds Await.Idle.
	MaxIdle = 24 * time.Hour
)

func (Await) Kind() string  { return "await" }
func (Notice) Kind() string { return "notice" }

func (Await) Exits() []Exit  { return []Exit{Next, NoInput} }
func (Notice) Exits() []Exit { return []Exit{Next} }
