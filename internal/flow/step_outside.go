package flow

import (
	"slices"
	"time"

	"tandem/internal/voice"
)

// Request makes an HTTP request and takes values out of a JSON answer. Values of
// variables are percent-encoded in the URL, but for one at its beginning, and
// written as JSON strings or form values in a body of that type. The caller
// hears Music meanwhile. Failed: no answer in time, an answer that is
// not 2xx, or one that Extract does not fit.
type Request struct {
	Method  string              `json:"method,omitempty"` // GET, POST, PUT, DELETE; "" = GET
	URL     Template            `json:"url"`
	Headers map[string]Template `json:"headers,omitempty"`
	Body    Template            `json:"body,omitempty"`
	Type    string              `json:"type,omitempty"`    // of Body; "" = application/json
	Timeout time.Duration       `json:"timeout,omitempty"` // 0 = DefaultRequestTime; at most MaxRequestTime
	Extract []Extraction        `json:"extract,omitempty"`
	Music   []voice.Prompt      `json:"music,omitempty"`
}

// Extraction puts a value of a JSON answer into a variable.
type Extraction struct {
	Pointer  string `json:"pointer"` // JSON Pointer, RFC 6901
	Variable string `json:"variable"`
	Optional bool   `json:"optional,omitempty"` // absent = empty, not Failed
}

// Bounds of Request and Fetch.
const (
	DefaultRequestTime = 10 * time.Second
	MaxRequestTime     = 30 * time.Second
	MaxExtractions     = 50
	// ComfortAfter is how long a caller who is answered hears nothing while the
	// outside is waited for.
	ComfortAfter = 2 * time.Second
	// MaxQuestions bounds how often one call asks the application of one host.
	MaxQuestions = 200
	// MaxFetched bounds the nodes of a program that is an answer.
	MaxFetched = 1_000
)

// Fetch asks an application what to do next, in a dialect's own way, and runs
// the answer, which is a program, as Subflow does. Where neither URL nor Fallback
// gives a valid answer the step fails; when nothing in the flow takes that up, the
// account's rescue app goes on.
type Fetch struct {
	Dialect string        `json:"dialect"`          // who asks and understands the answer: "telphin"
	Method  string        `json:"method,omitempty"` // GET or POST; "" = POST
	URL     Template      `json:"url"`
	Timeout time.Duration `json:"timeout,omitempty"` // of each address; 0 = DefaultRequestTime
	// Fallback is asked in the same way when URL gives no valid answer; "" = nobody.
	Fallback Template `json:"fallback,omitempty"`
	// Comfort is what a caller who is answered hears, again and again, from
	// ComfortAfter on until there is an answer; none = the built-in music.
	Comfort []voice.Prompt `json:"comfort,omitempty"`
	// Replace gives the present program up for the answer. It may have no Ways.
	Replace bool `json:"replace,omitempty"`
	// Ways are further exits that the answer may take by Return.
	Ways []Exit `json:"ways,omitempty"`
}

// Question is what a Fetch step of a call wants to know of an application.
type Question struct {
	Step Fetch
	URL  string // of Step, expanded
	Call voice.CallInfo
	App  voice.AppID // that is running
	Vars map[string]string
}

// Subflow runs another app and comes back when its flow reaches an end without
// hanging up. Variables are shared, counters are not.
type Subflow struct {
	App voice.AppID `json:"app"`
}

// Return ends the present subflow or fetched program: the node that began it is
// left by Exit ("" = Next). In the outermost program it ends the call normally.
type Return struct {
	Exit Exit `json:"exit,omitempty"`
}

// SMS sends a text message through the installation's gateway. The step does
// not wait for delivery. Failed when there is no gateway or no mobile number.
type SMS struct {
	To   Template `json:"to"` // "" = the caller
	Text Template `json:"text"`
}

// Listen plays prompts and understands speech. Phrases are tried in order, each
// a list of words or beginnings of words parted by "|"; the first that what was
// said contains decides. A key ends listening and goes on as Gather's keys do.
type Listen struct {
	Prompts   []voice.Prompt            `json:"prompts,omitempty"`
	In        map[string][]voice.Prompt `json:"in,omitempty"` // as Play.In
	Language  string                    `json:"language,omitempty"`
	Phrases   []Phrase                  `json:"phrases"`
	Timeout   time.Duration             `json:"timeout,omitempty"`    // for speech to begin; 0 = voice.DefaultFirstDigit
	MaxLength time.Duration             `json:"max_length,omitempty"` // of what is said; 0 = 15 s
	MaxDigits int                       `json:"max_digits,omitempty"` // 0 = keys are not taken
}

// Phrase is what may be said and the exit that it takes.
type Phrase struct {
	Words string `json:"words"`
	Exit  Exit   `json:"exit"`
}

// NotUnderstood is Listen's exit for speech that is none of its phrases.
const NotUnderstood Exit = "not understood"

// Queue holds callers in order with music, and rings its members for the first
// of them. Its exits: Completed, NoAnswer when MaxWait is over, QueueFull,
// QueueKey for ExitKey, Failed when there are no members.
type Queue struct {
	ID        string              `json:"id"` // callers of one ID wait in one line
	Name      string              `json:"name,omitempty"`
	Members   []voice.Destination `json:"members"`
	Strategy  voice.Strategy      `json:"strategy,omitempty"` // "" = in turn
	Music     []voice.Prompt      `json:"music,omitempty"`    // repeated; none = the built-in music
	RingTime  time.Duration       `json:"ring_time,omitempty"`
	MaxWait   time.Duration       `json:"max_wait,omitempty"` // 0 = DefaultQueueWait
	MaxLength int                 `json:"max_length,omitempty"`
	// Position announces the caller's place at the beginning and every AnnounceEvery.
	Position      bool          `json:"position,omitempty"`
	AnnounceEvery time.Duration `json:"announce_every,omitempty"` // 0 = 30 s
	Language      string        `json:"language,omitempty"`
	ExitKey       voice.Digits  `json:"exit_key,omitempty"`
}

// DefaultQueueWait is how long a caller waits in a queue when nothing is said.
const DefaultQueueWait = 10 * time.Minute

// Exits of Queue.
const (
	QueueFull Exit = "full"
	QueueKey  Exit = "left by key"
)

func (Request) Kind() string { return "request" }
func (Fetch) Kind() string   { return "fetch" }
func (Subflow) Kind() string { return "subflow" }
func (Return) Kind() string  { return "return" }
func (SMS) Kind() string     { return "sms" }
func (Listen) Kind() string  { return "listen" }
func (Queue) Kind() string   { return "queue" }

func (Request) Exits() []Exit { return []Exit{Next, Failed} }
func (f Fetch) Exits() []Exit { return append([]Exit{Next, Failed}, f.Ways...) }
func (Subflow) Exits() []Exit { return []Exit{Next, Failed} }
func (Return) Exits() []Exit  { return nil }
func (SMS) Exits() []Exit     { return []Exit{Next, Failed} }

// Exits of a Listen depend on its phrases.
func (l Listen) Exits() []Exit {
	exits := []Exit{NoInput, NotUnderstood, Failed}
	if l.MaxDigits > 0 {
		exits = append(exits, GotDigits)
	}
	for _, p := range l.Phrases {
		if !slices.Contains(exits, p.Exit) {
			exits = append(exits, p.Exit)
		}
	}
	return exits
}

func (Queue) Exits() []Exit {
	return []Exit{Completed, NoAnswer, QueueFull, QueueKey, Failed, MaxDuration}
}
