package flow

import (
	"time"

	"tandem/internal/voice"
)

// Conference puts the caller into a conference room of the account, which begins
// with its first member and ends with its last.
type Conference struct {
	Room  Template       `json:"room"` // its name: letters, digits, ".", "_" and "-"
	Muted bool           `json:"muted,omitempty"`
	Tones bool           `json:"tones,omitempty"` // the others hear it when members come and go
	Music []voice.Prompt `json:"music,omitempty"` // for who is alone, again and again
	// MaxMembers bounds the room for this caller; 0 = voice.MaxRoomMembers.
	MaxMembers  int           `json:"max_members,omitempty"`
	MaxDuration time.Duration `json:"max_duration,omitempty"` // of the stay; 0 = voice.DefaultMaxDuration
	Record      bool          `json:"record,omitempty"`       // the room, while it lasts
	Leave       voice.Digits  `json:"leave,omitempty"`        // keys by which the caller leaves
	EndWith     bool          `json:"end_with,omitempty"`     // the room ends for all when this caller leaves
}

// Exits of Conference besides Next, which is taken for a key of Leave.
const (
	Kicked   Exit = "kicked" // by an order, or with the room
	RoomFull Exit = "full"
)

func (Conference) Kind() string  { return "conference" }
func (Conference) Exits() []Exit { return []Exit{Next, Kicked, RoomFull, MaxDuration, Failed} }
