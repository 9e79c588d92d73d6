package voice

import (
	"context"
	"encoding/json"
	"time"
)

// PromptKind says what a Prompt is.
type PromptKind string

// The kinds of prompt.
const (
	PromptSound    PromptKind = "sound"     // Sound: a stored sound; an empty standard slot falls back to Standard
	PromptStandard PromptKind = "standard"  // Standard: a phrase of the program, in Voice
	PromptSpeech   PromptKind = "speech"    // Text: spoken by a synthesiser
	PromptTone     PromptKind = "tone"      // Standard names the tone: "beep", "busy", "ringback", "sit"
	PromptSilence  PromptKind = "silence"   // Duration
	PromptRecorded PromptKind = "recording" // Recording: made earlier in this call
	PromptSay      PromptKind = "say"       // Text read as Format says, in the language Voice
	PromptMusic    PromptKind = "music"     // the built-in music
	PromptURL      PromptKind = "url"       // Text: the address of a WAV, MP3 or GSM file, fetched when it is to sound
)

// Prompt is one thing to play or say, before it is sound.
type Prompt struct {
	Kind     PromptKind    `json:"kind"`
	Sound    SoundID       `json:"sound,omitempty"`
	Standard string        `json:"standard,omitempty"` // phrase: "welcome", "main-menu", …
	Text     string        `json:"text,omitempty"`
	Voice    string        `json:"voice,omitempty"`    // voice code: "en", "swe", "en-uk-fe", …
	Duration time.Duration `json:"duration,omitempty"` // of silence or tone

	Recording RecordingID `json:"recording,omitempty"`

	// Template says that Text, Sound and Recording are flow templates, which the
	// interpreter expands before the prompt is played.
	Template bool `json:"template,omitempty"`
	// Format is how a say prompt reads Text.
	Format SayFormat `json:"format,omitempty"`
}

// SayFormat is how a text is read.
type SayFormat string

// The formats.
const (
	SayDigits   SayFormat = "digits"   // "105": one nought five
	SayNumber   SayFormat = "number"   // "-12.5"
	SayOrdinal  SayFormat = "ordinal"  // "3": third
	SayDate     SayFormat = "date"     // "2026-11-25", or RFC 3339
	SayTime     SayFormat = "time"     // "14:30", or RFC 3339
	SayCurrency SayFormat = "currency" // "12.50 EUR", ISO 4217
)

// String gives the prompt in words, for timelines and transcripts.
func (p Prompt) String() string {
	switch p.Kind {
	case PromptSound:
		if p.Standard != "" {
			return "sound " + string(p.Sound) + " (" + p.Standard + ")"
		}
		return "sound " + string(p.Sound)
	case PromptStandard:
		return "standard " + p.Standard + " in voice " + p.Voice
	case PromptSpeech:
		return "speech \"" + p.Text + "\""
	case PromptTone:
		return "tone " + p.Standard
	case PromptRecorded:
		return "the recording"
	case PromptSilence:
		return "silence of " + p.Duration.String()
	case PromptSay:
		return string(p.Format) + " \"" + p.Text + "\""
	case PromptMusic:
		return "music"
	case PromptURL:
		return "the sound at " + p.Text
	}
	return "prompt of unknown kind " + string(p.Kind)
}

// MaxSpeechText bounds a text to be spoken, in bytes.
const MaxSpeechText = 8000

// SoundSource says how a sound's audio came to be.
type SoundSource string

// The sources. Empty means that the slot holds no audio yet.
const (
	SoundUploaded SoundSource = "uploaded"
	SoundByPhone  SoundSource = "phone"
	SoundSpoken   SoundSource = "speech"
)

// Sound is stored audio, or a named slot of an app that may hold some.
type Sound struct {
	ID       SoundID
	Serial   int64 // drawn by the store when 0; unique in the installation, the number of vendors whose ids are numbers
	Tenant   TenantID
	App      AppID  // owner app, or ""
	Name     string // "Welcome"
	Standard string // phrase that sounds while the slot is empty; "" = custom
	Ref      string // vendor's own record number, "1001"
	Source   SoundSource
	FileName string        // as uploaded; never used as a path
	Blob     string        // blob key; "" = no audio
	Size     int64         // bytes of the blob
	Duration time.Duration // length of the audio
	Text     string        // what was spoken, when Source is speech
	Voice    string
	Created  time.Time
	Updated  time.Time // of the audio
}

// SoundStore keeps sounds.
type SoundStore interface {
	CreateSound(ctx context.Context, s Sound) error
	// Sound finds one by id; NotExist for another tenant's.
	Sound(ctx context.Context, t TenantID, id SoundID) (Sound, error)
	// Sounds lists the tenant's sounds of an app ("" = all) by Ref, then creation.
	Sounds(ctx context.Context, t TenantID, app AppID) ([]Sound, error)
	UpdateSound(ctx context.Context, s Sound) error
	DeleteSound(ctx context.Context, t TenantID, id SoundID) error
}

// AppKind is the dialect that an app's document is written in.
type AppKind string

// App is a named flow that can answer a number. Document is kept verbatim as
// the dialect wrote it; what runs is compiled from it.
type App struct {
	ID        AppID
	Serial    int64 // as Sound.Serial
	Tenant    TenantID
	Kind      AppKind // "sonetel", "native", …
	Type      string  // the dialect's own type: "ivr", "mailbox", …
	Name      string
	Shortcode string // dialled by the tenant's extensions: "*21"; "" = none
	Default   bool   // made with the tenant; can't be deleted
	Document  json.RawMessage
	Canary    Canary
	Version   int64 // grows with every update
	Created   time.Time
	Updated   time.Time
}

// AppStore keeps apps.
type AppStore interface {
	// CreateApp stores a together with its sound slots, in one transaction.
	CreateApp(ctx context.Context, a App, slots []Sound) error
	App(ctx context.Context, t TenantID, id AppID) (App, error)
	// Apps lists a tenant's apps in order of creation.
	Apps(ctx context.Context, t TenantID) ([]App, error)
	// UpdateApp replaces name, shortcode, document and canary when a.Version is the
	// stored one, and gives the new version; Conflict otherwise.
	UpdateApp(ctx context.Context, a App) (version int64, err error)
	// DeleteApp removes the app and its sounds; their blobs stay for the sweeper.
	DeleteApp(ctx context.Context, t TenantID, id AppID) error
}
