// Package sonetelapp writes programs as Sonetel voice apps, the way back of
// the compiler of package sonetel. A voice app has one menu of single figures,
// one counter of rounds, a time-out, and the app's own prompts in fixed places;
// whatever a program does beyond that is a loss, and every node that a caller
// can reach is told or reported.
//
// It holds no wire format beyond the fields of an app, checks no account, and
// starts no goroutine. All of it may be used concurrently.
package sonetelapp

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// What the compiler keeps in Meta for the way back.
const (
	MetaVoice = "sonetel.voice" // of a program: the app's voice
	MetaType  = "sonetel.type"  // of a program: its app_type, where the flow does not tell it
	// MetaAside is a program's: fields of the app, as JSON, that its flow does not
	// use: keys while the menu is off, references to what does not exist.
	MetaAside = "sonetel.aside"
	MetaTo    = "sonetel.to"   // of a dial: the action's to, where it is not the usual one
	MetaID    = "sonetel.id"   // of a dial: the action's id as it was written
	MetaNone  = "sonetel.none" // of a hang-up: no action is assigned
)

// Rules are what the compiler goes by.
type Rules struct {
	FirstDigit, InterDigit, Ring                 time.Duration
	MessageSilence, MessageMax, MessageMin       time.Duration
	Rounds                                       int
	Voices                                       []string // codes; the first is the default
	MaxName                                      int      // characters
	Called                                       func(to, id string) (voice.Destination, error)
	Welcome, Menu, EnterExtension                string // phrases of the standard prompts
	InvalidEntry, InvalidExtension, Wait         string
	Greeting, Goodbye, Unreachable, TooManyTries string
}

// Action is what a key, the time-out or the end of an announcement does.
type Action struct {
	Action string `json:"action"`
	To     string `json:"to"`
	ID     string `json:"id"`
}

// App is a voice app as a client would send it.
type App struct {
	Type string `json:"app_type"`
	Name string `json:"name"`

	Voice        string            `json:"voice,omitempty"`
	PlayWelcome  string            `json:"play_welcome,omitempty"`
	GetExtension string            `json:"get_extension,omitempty"`
	PlayMenu     string            `json:"play_menu,omitempty"`
	Menu         map[string]Action `json:"menu,omitempty"`
	FinalAction  *Action           `json:"final_action,omitempty"`

	Greeting         string `json:"greeting_prompt,omitempty"`
	Goodbye          string `json:"goodbye_prompt,omitempty"`
	DeliverTo        string `json:"deliver_to,omitempty"`
	DeliverToDetails string `json:"deliver_to_details,omitempty"`

	ErrorVoice       string `json:"error_voice,omitempty"`
	ErrorRepeatVoice string `json:"error_repeat_voice,omitempty"`
	UserMailboxVoice string `json:"usermailbox_voice,omitempty"`
}

// The types of app.
const (
	typeIVR     = "ivr"
	typeMailbox = "mailbox"
	typeSystem  = "sysprompt"
)

// Express writes a program as a voice app. Errors: kind Invalid for a program
// without an entry, and those of look-ups that broke.
func Express(ctx context.Context, p flow.Program, r dialect.Resolver, rules Rules) (App, []dialect.Loss, error) {
	o := outline.New(&p)
	if o.Node(p.Entry) == nil {
		return App{}, nil, voice.Errorf("sonetelapp.Express", voice.Invalid, "the program has no entry")
	}
	e := &expresser{ctx: ctx, p: &p, r: r, rules: rules, o: o, ledger: o.Ledger(), app: App{Type: typeIVR}}
	e.name()
	e.voice()
	switch {
	case p.Meta[MetaType] == typeSystem:
		e.app.Type, e.app.Voice = typeSystem, ""
		e.ledger.Tell(o.Lead.Nodes()...)
	default:
		said, rest := e.lead(o.Lead)
		if err := e.body(said, rest); err != nil {
			return App{}, nil, err
		}
	}
	e.aside()
	e.rest()
	return e.app, e.losses, nil
}

type expresser struct {
	ctx    context.Context
	p      *flow.Program
	r      dialect.Resolver
	rules  Rules
	o      *outline.Outline
	ledger *outline.Ledger
	app    App
	home   *outline.Menu // the app's menu, if it has one
	losses []dialect.Loss
}

// said is a prompt and the node that plays it.
type said struct {
	node   *flow.Node
	prompt voice.Prompt
}

// lose reports a loss at a node.
func (e *expresser) lose(n *flow.Node, what, why, instead string) {
	where := "name" // what no node does
	if n != nil {
		where = outline.Where(n)
		e.ledger.Tell(n.ID)
	}
	e.losses = append(e.losses, dialect.Loss{Where: where, What: what, Why: why, Instead: cmp.Or(instead, "nothing")})
}

// body chooses between a mailbox, a menu and an announcement.
func (e *expresser) body(heard []said, rest outline.Way) error {
	if v, ok := rest.Voicemail(); ok {
		e.mailbox(heard, rest, v)
		return nil
	}
	if rest.End == outline.ToMenu && len(rest.Actions) == 0 {
		e.home = e.o.Menu(rest.At.ID)
		return e.menu(heard)
	}
	return e.announcement(heard, rest)
}

// name gives the app a name that its form allows.
func (e *expresser) name() {
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, e.p.Name))
	if letters := []rune(clean); len(letters) > e.rules.MaxName {
		clean = strings.TrimSpace(string(letters[:e.rules.MaxName]))
	}
	e.app.Name = cmp.Or(clean, string(e.p.App), "Voice app")
	if e.p.Name != "" && e.app.Name != e.p.Name {
		e.lose(nil, "the name as it is", "a name has 1 to 100 characters that print", "the name "+e.app.Name)
	}
}

// voice finds the voice of the standard recordings.
func (e *expresser) voice() {
	candidates := []string{e.p.Meta[MetaVoice]}
	for _, n := range e.o.Nodes() {
		switch s := n.Step.(type) {
		case flow.Play:
			for _, p := range s.Prompts {
				candidates = append(candidates, p.Voice)
			}
		case flow.Gather:
			for _, p := range s.Prompts {
				candidates = append(candidates, p.Voice)
			}
		case flow.Set:
			if s.Name == flow.VarLanguage {
				candidates = append(candidates, voiceOf(string(s.Value)))
			}
		}
	}
	i := slices.IndexFunc(candidates, func(v string) bool { return slices.Contains(e.rules.Voices, v) })
	e.app.Voice = e.rules.Voices[0]
	if i >= 0 {
		e.app.Voice = candidates[i]
	}
}

// voiceOf gives the voice code of a language (BCP 47); "" when there is none.
func voiceOf(language string) string {
	codes := map[string]string{"en": "en", "en-us": "en", "en-gb": "en-uk-fe", "en-in": "en-fe", "sv": "swe", "es": "spa", "hi": "hin-fe",
		"ta": "tam-fe", "te": "tel-fe", "de": "gr-fe", "fr": "fr-fe", "ar": "ara-fe"}
	language = strings.ToLower(language)
	if code, ok := codes[language]; ok {
		return code
	}
	first, _, _ := strings.Cut(language, "-")
	return codes[first]
}

// aside lays the fields over the app that its flow does not use.
func (e *expresser) aside() {
	kept := e.p.Meta[MetaAside]
	if kept == "" {
		return
	}
	var fields App
	if err := json.Unmarshal([]byte(kept), &fields); err != nil {
		e.lose(e.o.Node(e.p.Entry), "fields kept aside", "they are not the JSON that they should be", "")
		return
	}
	for key, a := range fields.Menu {
		if _, taken := e.app.Menu[key]; !taken {
			e.assign(key, a)
		}
	}
	if e.app.FinalAction == nil && e.app.PlayMenu == "no" {
		e.app.FinalAction = fields.FinalAction
	}
	e.app.DeliverToDetails = cmp.Or(e.app.DeliverToDetails, fields.DeliverToDetails)
	if e.app.Type == typeSystem {
		e.app.ErrorVoice, e.app.ErrorRepeatVoice, e.app.UserMailboxVoice = fields.ErrorVoice, fields.ErrorRepeatVoice, fields.UserMailboxVoice
	}
}

// assign sets an entry of the menu.
func (e *expresser) assign(key string, a Action) {
	if e.app.Menu == nil {
		e.app.Menu = map[string]Action{}
	}
	e.app.Menu[key] = a
}

// rest reports what has been neither told nor reported.
func (e *expresser) rest() {
	if e.p.Lifetime > 0 {
		at := e.o.Node(e.p.Expired)
		if at == nil {
			at = e.o.Node(e.p.Entry)
		}
		e.lose(at, "the bound of "+e.p.Lifetime.String()+" for the whole, and what follows it", "a voice app has no such bound", "")
	}
	for _, n := range e.ledger.Untold() {
		e.lose(n, flow.Words(n.Step), "a voice app has no place for it", "")
	}
}
