package routeeplan

import (
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Bounds of a dial plan.
const (
	MaxVerbs  = 200
	MaxRepeat = 300 // extra repetitions
	MaxPause  = time.Minute
	// MaxRing bounds hangupDelay.
	MaxRing = time.Minute
	// MaxTalk bounds maxDuration.
	MaxTalk = 24 * time.Hour
	// TailWait is how long keys are waited for after a COLLECT that is the last verb.
	TailWait = 10 * time.Second
)

// Types of verbs.
const (
	Say     = "SAY"
	Play    = "PLAY"
	Pause   = "PAUSE"
	Collect = "COLLECT"
	Dial    = "DIAL"
)

// Plan is a dial plan.
type Plan struct {
	Verbs []Verb
}

// Verb is one verb of a plan; which fields count depends on Type.
type Verb struct {
	Type    string
	Message Message // SAY
	File    string  // PLAY
	Repeat  int     // extra repetitions of SAY and PLAY; -1 = for ever
	BargeIn bool
	Pause   time.Duration // PAUSE

	Event     string // COLLECT: "" = keys are only noted
	MaxDigits int    // 0 = 30
	OnHash    bool

	From          string // DIAL
	To            Party
	Ring, Longest time.Duration // 0 = not bounded by the plan
	Callback      Callback
	Record        bool
	Format        string // of the recording: MP3 or WAV
	RecordingURL  string
	Machine       Machine
}

// Message is what is spoken.
type Message struct {
	Text, Language, Gender string
}

// Prompt gives the message as sound.
func (m Message) Prompt() voice.Prompt {
	v := m.Language
	if v == "es-LA" { // no tag of BCP 47: Latin America is 419 there
		v = "es-419"
	}
	if m.Gender == "male" {
		v += "/male"
	}
	return voice.Prompt{Kind: voice.PromptSpeech, Text: m.Text, Voice: v}
}

// Languages lists the languages of messages.
func Languages() []string {
	return []string{"en-US", "de-DE", "fr-FR", "it-IT", "pt-BR", "es-ES", "es-LA", "en-GB", "el-GR", "bg-BG", "pl-PL", "hu-HU", "sv-SE", "ru-RU"}
}

// language gives a language as the vendor spells it; "" when there is no such one.
func language(s string) string {
	i := slices.IndexFunc(Languages(), func(l string) bool { return strings.EqualFold(l, strings.ReplaceAll(s, "_", "-")) })
	if i < 0 {
		return ""
	}
	return Languages()[i]
}

// Party is who is called: exactly one of the two.
type Party struct {
	Phone string // E.164
	SIP   string
}

// Destination gives where the party is reached.
func (p Party) Destination() voice.Destination {
	if p.SIP != "" {
		return voice.Destination{Kind: voice.ToSIP, ID: p.SIP}
	}
	return voice.Destination{Kind: voice.ToNumber, ID: p.Phone}
}

func (p Party) String() string {
	if p.SIP != "" {
		return p.SIP
	}
	return p.Phone
}

// Strategies of callbacks.
const (
	OnChange     = "OnChange"
	OnCompletion = "OnCompletion"
)

// Callback is where states of a call are told.
type Callback struct {
	URL      string `json:"url,omitempty"`
	Strategy string `json:"strategy,omitempty"`
}

// Strategies of machine detection.
const (
	MachineHangup   = "Hangup"
	MachineContinue = "Continue"
)

// Machine is what becomes of an answering machine; Strategy "" = nobody looks.
type Machine struct {
	Strategy string `json:"strategy,omitempty"`
	Event    string `json:"eventUrl,omitempty"`
}
