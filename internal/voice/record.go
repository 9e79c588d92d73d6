package voice

import (
	"context"
	"time"
)

// RecordingPurpose says what a recording is for.
type RecordingPurpose string

// The purposes.
const (
	ForVoicemail RecordingPurpose = "voicemail"
	ForCall      RecordingPurpose = "call"
	ForPrompt    RecordingPurpose = "prompt"
	ForSpeech    RecordingPurpose = "speech" // to be understood; of no use afterwards
)

// RecordingState is where a recording stands.
type RecordingState string

// The states. A row exists before the first byte of audio is written.
const (
	RecordingActive   RecordingState = "recording"
	RecordingFinished RecordingState = "finished"
	RecordingPartial  RecordingState = "partial" // the server ended during it; the file is playable
	RecordingFailed   RecordingState = "failed"
)

// Recording is a stored recording: WAV, 8 kHz, 16 bit.
type Recording struct {
	ID       RecordingID
	Tenant   TenantID
	Call     CallID
	User     UserID // whose it is, or ""
	Purpose  RecordingPurpose
	State    RecordingState
	Blob     string
	Size     int64 // bytes
	SHA256   string
	Duration time.Duration
	Channels int
	From, To string
	Words    string // reason of failure
	Created  time.Time
	Ended    time.Time
}

// RecordingFilter narrows a list; zero fields do not.
type RecordingFilter struct {
	User        UserID
	Call        CallID
	Purpose     RecordingPurpose
	State       RecordingState
	After       time.Time // created at or after
	Before      time.Time // created at or before
	Limit       int       // 0 = 1000
	BeforeID    RecordingID
	AllTenants  bool // for start-up recovery only
	NewestFirst bool
}

// RecordingStore keeps recordings.
type RecordingStore interface {
	CreateRecording(ctx context.Context, r Recording) error
	Recording(ctx context.Context, t TenantID, id RecordingID) (Recording, error)
	Recordings(ctx context.Context, t TenantID, f RecordingFilter) ([]Recording, error)
	UpdateRecording(ctx context.Context, r Recording) error
	DeleteRecording(ctx context.Context, t TenantID, id RecordingID) error
}

// Bounds of recording.
const (
	MaxRecordLength     = 2 * time.Hour
	DefaultRecordLength = 300 * time.Second
	DefaultSilenceEnd   = 5 * time.Second
)

// RecordSpec records the caller.
type RecordSpec struct {
	Purpose   RecordingPurpose
	User      UserID
	Beep      bool          // play the beep first
	Finish    Digits        // keys that end it and are not heard in it
	MaxLength time.Duration // 0 = DefaultRecordLength
	Silence   time.Duration // ends after so much silence; 0 = never
	// FirstSilence takes the place of Silence until there is sound; 0 = Silence.
	FirstSilence time.Duration
	// MinLength drops what is shorter: no recording is kept.
	MinLength time.Duration
}

// RecordEnd says why recording ended.
type RecordEnd string

// The ends of Record.
const (
	RecordFinishKey RecordEnd = "finish key"
	RecordSilence   RecordEnd = "silence"
	RecordMaxLength RecordEnd = "max length"
	RecordHungUp    RecordEnd = "hung up"
	RecordFailedEnd RecordEnd = "failed"
)

// RecordResult is what came of Record. Dropped means that it was shorter than
// MinLength or held no sound at all and nothing is kept; Recording is zero then.
type RecordResult struct {
	Recording Recording
	End       RecordEnd
	Key       byte // the finish key
	Dropped   bool
}

// Recorder records the caller. A hang-up is a normal end (RecordHungUp), not
// an error, so that the message can still be delivered. Errors: Unavailable
// when the storage refuses.
type Recorder interface {
	Record(ctx context.Context, s RecordSpec) (RecordResult, error)
}
