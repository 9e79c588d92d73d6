package sonetel

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Timers are the times and limits of a call in a voice app, where the document
// says nothing. Zero fields take the defaults.
type Timers struct {
	FirstDigit     time.Duration // wait for the first key; default 5 s
	InterDigit     time.Duration // between keys; default 2 s
	Rounds         int           // of the menu without success; default 3
	Ring           time.Duration // a number or address rings; default 30 s
	MessageSilence time.Duration // ends a message; default 5 s
	MessageMax     time.Duration // longest message; default 300 s
	MessageMin     time.Duration // shorter messages are dropped; default 1 s
}

func (t Timers) withDefaults() Timers {
	t.FirstDigit = cmp.Or(t.FirstDigit, voice.DefaultFirstDigit)
	t.InterDigit = cmp.Or(t.InterDigit, voice.DefaultInterDigit)
	t.Rounds = cmp.Or(t.Rounds, 3)
	t.Ring = cmp.Or(t.Ring, voice.DefaultRingTime)
	t.MessageSilence = cmp.Or(t.MessageSilence, voice.DefaultSilenceEnd)
	t.MessageMax = cmp.Or(t.MessageMax, voice.DefaultRecordLength)
	t.MessageMin = cmp.Or(t.MessageMin, time.Second)
	return t
}

// Codes of diagnostics.
const (
	diagDocument    = "document-invalid"
	diagDestination = "destination-not-found"
	diagPrompt      = "prompt-not-found"
	diagSilent      = "prompt-without-message"
	diagNotAnswers  = "app-takes-no-calls"
)

// Phrases of the standard recordings.
const (
	phraseWelcome      = "welcome"
	phraseMenu         = "main-menu"
	phraseClosed       = "office-closed"
	phraseInfo         = "info-message-1"
	phraseEnterExt     = "enter-extension"
	phraseInvalidExt   = "invalid-extension"
	phraseInvalidEntry = "invalid-menu-entry"
	phraseWait         = "please-wait"
	phraseGreeting     = "mailbox-greeting"
	phraseGoodbye      = "mailbox-goodbye"
	phraseUnreachable  = "system-error-unreachable"
	phraseTooMany      = "system-error-too-many-tries"
	phraseSaved        = "recording-saved"
	phraseRecordMenu   = "recording-menu"
	phraseRecord       = "record-prompt"
	phraseWhich        = "enter-record-number"
)

// compile makes the program of an app. Faults of the document and dangling
// references are diagnostics; a dangling reference counts as unassigned.
func compile(ctx context.Context, app voice.App, r dialect.Resolver, timers Timers) (flow.Program, flow.Diagnostics, error) {
	b, err := newBuilder(ctx, app, r, timers)
	if err != nil {
		return flow.Program{}, nil, err
	}
	if app.Type == dialect.UserMailbox {
		user, _ := dialect.MailboxUser(app.ID)
		b.doc = newDocument(typeMailbox)
		b.doc.Voice, b.doc.DeliverToDetails = b.system.UserMailboxVoice, string(user)
		if err := b.setUp(ctx, user); err != nil {
			return flow.Program{}, nil, err
		}
		return b.finish(b.mailbox(ctx))
	}
	if b.doc, err = parseDocument(app); err != nil {
		b.diags.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return b.finish(nil)
	}
	switch app.Type {
	case typeIVR:
		return b.finish(b.ivr(ctx))
	case typeMailbox:
		return b.finish(b.mailbox(ctx))
	}
	b.diags.Warnf(diagNotAnswers, "/app_type", "app_type: an app of system prompts takes no calls")
	b.start("hangup")
	b.add("hangup", "/app_type", flow.Hangup{Cause: voice.CauseNotFound, Words: "an app of system prompts takes no calls"}, nil)
	return b.finish(nil)
}

// builder makes one program.
type builder struct {
	app     voice.App
	doc     document
	system  document              // of the System Prompt app
	box     voice.MailboxSettings // of a user's mailbox
	r       dialect.Resolver
	timers  Timers
	apps    []voice.App
	slots   map[string]voice.SoundID // of the standard prompts, by phrase
	program flow.Program
	diags   flow.Diagnostics
	shared  []flow.NodeID   // shared nodes that are wired, still to be added
	told    map[string]bool // pointers of what the program tells, of what refers to something
}

type exits = map[flow.Exit]flow.NodeID

func newBuilder(ctx context.Context, app voice.App, r dialect.Resolver, timers Timers) (*builder, error) {
	b := &builder{app: app, r: r, timers: timers.withDefaults(), slots: map[string]voice.SoundID{}, told: map[string]bool{},
		system: newDocument(typeSystem), program: flow.Program{App: app.ID, Name: app.Name}}
	var err error
	if b.apps, err = r.Apps(ctx); err != nil {
		return nil, err
	}
	for _, other := range b.apps {
		if other.Type != typeSystem {
			continue
		}
		if d, err := parseDocument(other); err == nil {
			b.system = d
		}
		break
	}
	if app.Type == dialect.UserMailbox {
		return b, nil
	}
	sounds, err := r.Sounds(ctx, app.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range sounds {
		if s.Standard != "" {
			b.slots[s.Standard] = s.ID
		}
	}
	return b, nil
}

func (b *builder) finish(err error) (flow.Program, flow.Diagnostics, error) {
	if err != nil {
		return flow.Program{}, nil, err
	}
	if err := b.keepMeta(); err != nil {
		return flow.Program{}, nil, err
	}
	return b.program, b.diags, nil
}

// add adds a node; exits to "" are left unwired, which ends the call normally.
func (b *builder) add(id flow.NodeID, origin string, step flow.Step, ways exits) {
	for exit, to := range ways {
		if to == "" {
			delete(ways, exit)
		}
	}
	b.program.Nodes = append(b.program.Nodes, flow.Node{ID: id, Origin: origin, Step: step, Exits: ways})
}

// start answers the call and goes on at first.
func (b *builder) start(first flow.NodeID) {
	b.program.Entry = "answer"
	b.add("answer", "", flow.Answer{}, exits{flow.Next: first})
}

// standard is a standard prompt of the app: its slot, or the phrase alone.
func (b *builder) standard(phrase string) voice.Prompt {
	p := voice.Prompt{Kind: voice.PromptStandard, Standard: phrase, Voice: b.doc.Voice}
	if id, ok := b.slots[phrase]; ok {
		p.Kind, p.Sound = voice.PromptSound, id
	}
	return p
}

// systemPrompts speak a system error in error_voice, then in error_repeat_voice.
func (b *builder) systemPrompts(phrase string) []voice.Prompt {
	prompts := []voice.Prompt{{Kind: voice.PromptStandard, Standard: phrase, Voice: b.system.ErrorVoice}}
	if again := b.system.ErrorRepeatVoice; again != "" {
		prompts = append(prompts, voice.Prompt{Kind: voice.PromptStandard, Standard: phrase, Voice: again})
	}
	return prompts
}

// Shared nodes, added once each when something leads to them.
const (
	nodeMenu        flow.NodeID = "menu"
	nodeBack        flow.NodeID = "back"            // success: the rounds begin anew
	nodeRounds      flow.NodeID = "rounds"          // no success: one round less
	nodeUnreachable flow.NodeID = "unreachable"     // say so, back to the menu
	nodeLost        flow.NodeID = "unreachable.end" // say so, hang up
	nodeTooMany     flow.NodeID = "too-many"        // say so, hang up
)

// shareds marks a shared node as wired.
func (b *builder) sharedNode(id flow.NodeID) flow.NodeID {
	if !slices.Contains(b.shared, id) {
		b.shared = append(b.shared, id)
	}
	return id
}

// ways is where an action goes on when it comes back.
type ways struct {
	played func() flow.NodeID // after play
	failed func() flow.NodeID // after a call that failed
	barge  bool               // a key cuts the prompt of play
}

// action adds the nodes of an action and gives the first, or "" when it is
// unassigned or refers to what is not there.
func (b *builder) action(ctx context.Context, id flow.NodeID, pointer string, a action, w ways) (flow.NodeID, error) {
	ok, err := b.exists(ctx, pointer, a)
	if err != nil || !ok || a.isZero() {
		return "", err
	}
	b.told[pointer] = true
	switch a.Action {
	case "call":
		dial := id + ".dial"
		b.add(id, pointer, flow.Play{Prompts: []voice.Prompt{b.standard(phraseWait)}}, exits{flow.Next: dial})
		failed := w.failed()
		step := b.dial(a)
		b.add(dial, pointer, step, exits{flow.Busy: failed, flow.NoAnswer: failed, flow.Failed: failed})
		b.program.Nodes[len(b.program.Nodes)-1].Meta = asWritten(a, step.To)
	case "connect":
		b.add(id, pointer, flow.Goto{App: voice.AppID(a.ID)}, exits{flow.Failed: b.sharedNode(nodeLost)})
	case "play":
		b.add(id, pointer, flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSound, Sound: voice.SoundID(a.ID), Voice: b.doc.Voice}},
			BargeIn: w.barge}, exits{flow.Next: w.played()})
	case "disconnect":
		b.add(id, pointer, flow.Hangup{Cause: voice.CauseNormal, Words: "the app says disconnect"}, nil)
	}
	return id, nil
}

func (b *builder) dial(a action) flow.Dial {
	switch a.To {
	case "user":
		return flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: a.ID}}
	case "csg":
		return flow.Dial{To: voice.Destination{Kind: voice.ToGroup, ID: a.ID}}
	}
	to, _ := calledAddress(a.To, a.ID) // the document has been checked
	return flow.Dial{To: to, RingTime: b.timers.Ring}
}

// exists reports whether what an action refers to is there; a diagnostic says
// so when it is not.
func (b *builder) exists(ctx context.Context, pointer string, a action) (bool, error) {
	switch a.To {
	case "user":
		_, err := b.r.User(ctx, voice.UserID(a.ID))
		return b.found(err, diagDestination, pointer+"/id", "user", a.ID)
	case "csg":
		ok, err := b.r.Group(ctx, a.ID)
		if err == nil && !ok {
			err = voice.Errorf("sonetel.exists", voice.NotExist, "no team %s", a.ID)
		}
		return b.found(err, diagDestination, pointer+"/id", "team", a.ID)
	case "app":
		i := slices.IndexFunc(b.apps, func(other voice.App) bool { return string(other.ID) == a.ID })
		var err error
		_, open := b.r.(dialect.OpenResolver) // has no list of apps, and every app
		if i < 0 && voice.AppID(a.ID) != b.app.ID && !open {
			err = voice.Errorf("sonetel.exists", voice.NotExist, "no app %s", a.ID)
		}
		if i >= 0 && b.apps[i].Type == typeSystem {
			b.diags.Errorf(diagDestination, pointer+"/id", "%s: app %s holds system prompts and takes no calls", dotted(pointer+"/id"), a.ID)
			return false, nil
		}
		return b.found(err, diagDestination, pointer+"/id", "voice app", a.ID)
	case "prompt":
		s, err := b.r.Sound(ctx, voice.SoundID(a.ID))
		if err == nil && s.Standard == "" && s.Blob == "" {
			b.diags.Warnf(diagSilent, pointer+"/id", "%s: prompt %s has no message yet and stays silent", dotted(pointer+"/id"), a.ID)
		}
		return b.found(err, diagPrompt, pointer+"/id", "prompt", a.ID)
	}
	return true, nil
}

func (b *builder) found(err error, code, pointer, what, id string) (bool, error) {
	if err == nil {
		return true, nil
	}
	if !voice.IsKind(err, voice.NotExist) {
		return false, err
	}
	b.diags.Errorf(code, pointer, "%s: %s %q does not exist in this account", dotted(pointer), what, id)
	return false, nil
}
