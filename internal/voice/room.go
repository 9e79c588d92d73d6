package voice

import (
	"context"
	"strings"
	"time"
)

// MaxRoomMembers bounds a room when nothing else is said.
const MaxRoomMembers = 200

// IsRoomName reports whether s may name a room: 1 to 64 letters, digits, ".", "_"
// and "-".
func IsRoomName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// RoomSpec is how a call takes part in a conference room. Rooms belong to an
// account, begin with the first member and end with the last.
type RoomSpec struct {
	Room        string // its name within the account: letters, digits, ".", "_" and "-", at most 64
	Muted       bool   // is not heard
	Tones       bool   // the others hear a tone when the member comes and goes
	Music       []Prompt
	MaxMembers  int           // 0 = MaxRoomMembers
	MaxDuration time.Duration // of the stay; 0 = DefaultMaxDuration
	Record      bool          // the room is recorded, mixed, while it lasts
	// Leave holds the keys by which the member leaves.
	Leave Digits
	// EndWith ends the room for all when this member leaves.
	EndWith bool
}

// RoomEnd says why a stay in a room ended.
type RoomEnd string

// The ends of JoinRoom.
const (
	RoomLeft        RoomEnd = "left"   // by a key
	RoomKicked      RoomEnd = "kicked" // by an order, or with the room
	RoomMaxDuration RoomEnd = "max duration"
	RoomIsFull      RoomEnd = "full" // nobody was let in; so it is with one that is locked
)

// RoomResult is what came of JoinRoom.
type RoomResult struct {
	End    RoomEnd
	Stayed time.Duration
}

// Conferencer puts the caller into a room and returns when the stay is over.
// Error kind HungUp when the caller leaves.
type Conferencer interface {
	JoinRoom(ctx context.Context, s RoomSpec) (RoomResult, error)
}

// Room is a snapshot of a room.
type Room struct {
	Name      string
	Since     time.Time
	Recording RecordingID // being made, or ""
	Locked    bool        // nobody more is let in
	Members   []RoomMember
}

// RoomMember is a call in a room.
type RoomMember struct {
	Call  CallID
	Since time.Time
	Muted bool
}
