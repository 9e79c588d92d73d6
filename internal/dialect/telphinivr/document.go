package telphinivr

import (
	"encoding/json"
	"maps"
	"slices"

	"tandem/internal/voice"
)

// The types of extension that are apps. Telephones are voice.Extension.
const (
	TypeIVR   = "ivr"
	TypeQueue = "queue"
	TypeFax   = "fax"
	TypePhone = "phone"
)

// The states of an extension.
const (
	Active  = "active"
	Blocked = "blocked"
)

// The options that every context has.
const (
	Start   = "start"
	Timeout = "timeout"
	Invalid = "invalid"
)

// Document is everything of an extension of type ivr, queue or fax. It is the
// form in which it is stored, and that of files.
type Document struct {
	Extension Extension `json:"extension"`
	IVR       *IVR      `json:"ivr,omitempty"`
	Contexts  []Context `json:"contexts,omitempty"`
	Queue     *Queue    `json:"queue,omitempty"`
	// LastContext and LastRule are the greatest ids given out.
	LastContext int64 `json:"last_context,omitempty"`
	LastRule    int64 `json:"last_rule,omitempty"`
}

// Extension is what every extension has, whatever its type.
type Extension struct {
	Name                  string  `json:"name"` // short number, without the account's prefix
	Type                  string  `json:"type"`
	Status                string  `json:"status"`
	Label                 *string `json:"label,omitempty"`
	CallerIDName          *string `json:"caller_id_name,omitempty"`
	ExtraParams           *string `json:"extra_params,omitempty"`
	MessageDID            *string `json:"message_did,omitempty"`
	DialRuleID            *int64  `json:"dial_rule_id,omitempty"`
	DialRuleLimit         *int64  `json:"dial_rule_limit,omitempty"`
	ExtensionGroupID      *int64  `json:"extension_group_id,omitempty"`
	DIDAsTransferCallerID *int64  `json:"did_as_transfer_caller_id,omitempty"`
	ANIRFC3325            bool    `json:"ani_rfc3325,omitempty"`
}

// IVR is the configuration of a voice menu.
type IVR struct {
	EntryContext           *int64  `json:"entry_context,omitempty"`
	SleepTime              int64   `json:"sleep_time,omitempty"` // ms of silence before the first rule
	Lifetime               int64   `json:"lifetime"`             // s; 0 = no limit
	LifetimeExpAction      string  `json:"lifetime_exp_action"`  // hangup, transfer or voicemail
	LifetimeExpTransferDst *string `json:"lifetime_exp_transfer_dst,omitempty"`
	VMEnabled              bool    `json:"vm_enabled,omitempty"`
	VMGreeting             *int64  `json:"vm_greeting,omitempty"`
	VMAttachFile           bool    `json:"vm_attach_file"`
	VMMailto               *string `json:"vm_mailto,omitempty"` // addresses parted by commas
}

// Context is a set of options.
type Context struct {
	ID                int64    `json:"id"`
	Name              string   `json:"name"`
	Timeout           int64    `json:"timeout"`             // ms to the first digit
	InterDigitTimeout int64    `json:"inter_digit_timeout"` // ms between digits
	DigitLen          int64    `json:"digit_len"`
	AllowAnyDial      bool     `json:"allow_any_dial,omitempty"`
	Description       *string  `json:"description,omitempty"`
	ExtraParams       *string  `json:"extra_params,omitempty"`
	Options           []Option `json:"options"`
}

// Option is what is done at the start of a context, on a time-out, on wrong
// digits, or on the digits that it names.
type Option struct {
	Digits string `json:"digits"`
	Rules  []Rule `json:"rules,omitempty"`
}

// Rule is one action of an option. What an action does not use is nil.
type Rule struct {
	ID                      int64    `json:"id"`
	Action                  string   `json:"action"`
	TransferDst             *string  `json:"transfer_dst,omitempty"`
	Sound                   *int64   `json:"sound,omitempty"`
	SoundType               *string  `json:"sound_type,omitempty"`
	SilenceTime             *int64   `json:"silence_time,omitempty"` // ms
	Context                 *int64   `json:"context,omitempty"`
	ContextOption           *string  `json:"context_option,omitempty"`
	Digits                  *string  `json:"digits,omitempty"`
	PlayDigitsMethod        *string  `json:"play_digits_method,omitempty"`
	PlayDigitsVariable      *string  `json:"play_digits_variable,omitempty"`
	RecordDigitsVariable    *string  `json:"record_digits_variable,omitempty"`
	RecordDigitsMax         *int64   `json:"record_digits_max,omitempty"`
	RecordDigitsSound       *int64   `json:"record_digits_sound,omitempty"`
	SetVariableName         *string  `json:"set_variable_name,omitempty"`
	SetVariableValue        *string  `json:"set_variable_value,omitempty"`
	TransferVariable        *string  `json:"transfer_variable,omitempty"`
	CallInteractiveURL      *string  `json:"call_interactive_url,omitempty"`
	CallInteractiveMethod   *string  `json:"call_interactive_method,omitempty"`
	CallerIDNumber          *string  `json:"caller_id_number,omitempty"`
	CallerIDName            *string  `json:"caller_id_name,omitempty"`
	MaxRate                 *int64   `json:"max_rate,omitempty"`
	VoiceHelperRules        []Phrase `json:"voice_helper_rules,omitempty"`
	VoiceHelperTimeout      *int64   `json:"voice_helper_timeout,omitempty"` // ms
	VoiceHelperDigitsMax    *int64   `json:"voice_helper_digits_max,omitempty"`
	VoiceHelperFinalCount   *int64   `json:"voice_helper_final_count,omitempty"`
	VoiceHelperClassicTerm  *bool    `json:"voice_helper_classic_term,omitempty"`
	MatchVariableName       *string  `json:"match_variable_name,omitempty"`
	MatchVariableValue      *string  `json:"match_variable_value,omitempty"`
	PlaySoundFromVariableOf *string  `json:"play_sound_from_variable,omitempty"` // the variable
	// Extra holds the scalars of a client that are none of the above; they are
	// given back and mean nothing here.
	Extra map[string]json.RawMessage `json:"-"`
}

// Phrase is what may be said to a voice_helper, and the option that it leads to.
type Phrase struct {
	ToOption      string `json:"to_option"`
	Transcription string `json:"transcription"` // words or parts of words, parted by "|"
}

// Queue is the configuration of a queue of callers.
type Queue struct {
	Agents                 []string `json:"agents,omitempty"`          // short numbers, in the order of ringing
	Strategy               string   `json:"strategy,omitempty"`        // ring-all, linear, round-robin, random; "" = linear
	AgentRingTime          int64    `json:"agent_ring_time,omitempty"` // s
	MaxWaitTime            int64    `json:"max_wait_time,omitempty"`   // s; 0 = flow.DefaultQueueWait
	MaxLength              int64    `json:"max_length,omitempty"`      // callers; 0 = no bound
	MusicSound             *int64   `json:"music_sound,omitempty"`     // nil = the built-in music
	AnnouncePosition       bool     `json:"announce_position"`
	AnnounceFrequency      int64    `json:"announce_frequency,omitempty"` // s between announcements of the position
	ExitKey                *string  `json:"exit_key,omitempty"`
	ExitTransferDst        *string  `json:"exit_transfer_dst,omitempty"`             // after ExitKey
	TimeoutTransferDst     *string  `json:"timeout_transfer_dst,omitempty"`          // when nobody answers in time, or the queue is full
	NoAgentTimeoutTransfer *string  `json:"no_agent_timeout_transfer_dst,omitempty"` // when there is no agent
	// Extra is as Rule.Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// NewDocument gives an extension of a type with the defaults of a new one.
func NewDocument(kind string) Document {
	d := Document{Extension: Extension{Type: kind, Status: Blocked}}
	switch kind {
	case TypeIVR:
		d.IVR = NewIVR()
	case TypeQueue:
		d.Queue = &Queue{AnnouncePosition: true, AgentRingTime: 20}
	}
	return d
}

// NewIVR gives the configuration of a new voice menu, as the vendor's worked
// example shows it.
func NewIVR() *IVR {
	return &IVR{Lifetime: 1800, LifetimeExpAction: ExpireHangup, VMAttachFile: true}
}

// What is done when the lifetime is over.
const (
	ExpireHangup    = "hangup"
	ExpireTransfer  = "transfer"
	ExpireVoicemail = "voicemail"
)

// NewContext gives a context with the defaults and the three options that every
// context has.
func NewContext(id int64) Context {
	return Context{ID: id, Timeout: 5000, InterDigitTimeout: 2000, DigitLen: 3,
		Options: []Option{{Digits: Start}, {Digits: Timeout}, {Digits: Invalid}}}
}

// Fixed reports whether an option is one of the three of every context.
func Fixed(digits string) bool { return digits == Start || digits == Timeout || digits == Invalid }

// Context finds a context by its id.
func (d *Document) Context(id int64) (*Context, bool) {
	i := slices.IndexFunc(d.Contexts, func(c Context) bool { return c.ID == id })
	if i < 0 {
		return nil, false
	}
	return &d.Contexts[i], true
}

// Option finds an option by its digits.
func (c *Context) Option(digits string) (*Option, bool) {
	i := slices.IndexFunc(c.Options, func(o Option) bool { return o.Digits == digits })
	if i < 0 {
		return nil, false
	}
	return &c.Options[i], true
}

// MarshalJSON writes the known fields in their order, then the others by name.
func (r Rule) MarshalJSON() ([]byte, error) {
	type plain Rule
	data, err := json.Marshal(plain(r))
	return withExtra(data, r.Extra, err)
}

// MarshalJSON is as Rule.MarshalJSON.
func (q Queue) MarshalJSON() ([]byte, error) {
	type plain Queue
	data, err := json.Marshal(plain(q))
	return withExtra(data, q.Extra, err)
}

func withExtra(data []byte, extra map[string]json.RawMessage, err error) ([]byte, error) {
	if err != nil || len(extra) == 0 {
		return data, err
	}
	data = data[:len(data)-1]
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		data = append(append(append(append(data, ','), key...), ':'), extra[name]...)
	}
	return append(data, '}'), nil
}

// Marshal gives the document as it is stored.
func (d Document) Marshal() (json.RawMessage, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, voice.E("telphinivr.Marshal", voice.Internal, err)
	}
	return raw, nil
}
