package suite

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// house is what the calls of one test have in common: the account.
type house struct {
	world      *sim.World
	callID     string // what the ids of calls begin with
	programs   map[voice.AppID]*flow.Program
	asker      func(dialect string) dialect.Asker
	routes     map[string]voice.Route // by Destination.String
	missing    map[string]bool        // destinations that are gone
	extensions []voice.Digits
	shows      []string // numbers that may be shown
	zone       string   // the account's time zone
	rescuer    voice.AppID
	refuses    map[string]bool // services that do not answer
	sounds     []soundRule     // a later one wins
	refer      sim.Referred
	web        []webAnswer
	lines      map[string]*line
	answered   map[string]string                         // who answered last, by key
	measure    func(voice.Prompt) (time.Duration, error) // nil = as sim does
}

// tenant is the account of all tests.
const tenant = "1"

// soundRule gives the prompts that hold text a length; below 0 they can't be had.
type soundRule struct {
	text string
	time time.Duration
}

// length gives a prompt's length.
func (h *house) length(p voice.Prompt) (time.Duration, error) {
	for i := len(h.sounds) - 1; i >= 0; i-- {
		switch r := h.sounds[i]; {
		case !holds(p.String(), r.text):
			continue
		case r.time < 0:
			return 0, voice.Errorf("suite", voice.NotExist, "it does not exist")
		default:
			return r.time, nil
		}
	}
	if h.measure != nil {
		return h.measure(p)
	}
	return sim.PromptLength(p)
}

// webAnswer is what an address answers.
type webAnswer struct {
	method, url   string // method "" = any
	status        int
	body          string
	after         time.Duration
	fails, silent bool
}

func (h *house) setWeb(a webAnswer) {
	h.web = slices.DeleteFunc(h.web, func(x webAnswer) bool { return x.url == a.url && x.method == a.method })
	h.web = append(h.web, a)
}

// answerOf finds what an address answers: the whole address as it is written, else
// one whose query is not, else the longest that ends in "*".
func (h *house) answerOf(method, url string) (webAnswer, bool) {
	plain, _, _ := strings.Cut(url, "?")
	var best *webAnswer
	rank := -1
	for i, a := range h.web {
		if a.method != "" && a.method != method {
			continue
		}
		r := -1
		begin, open := strings.CutSuffix(a.url, "*")
		switch {
		case a.url == url:
			r = 1 << 20
		case a.url == plain:
			r = 1 << 19
		case open && strings.HasPrefix(url, begin):
			r = len(begin)
		}
		if r > rank {
			best, rank = &h.web[i], r
		}
	}
	if best == nil {
		return webAnswer{}, false
	}
	return *best, true
}

// line is a queue: tickets in order. Those without a call are strangers.
type line struct {
	tickets []*ticket
}

type ticket struct {
	line     *line
	world    *sim.World
	stranger bool
	moved    chan struct{}
}

func (h *house) line(id string) *line {
	l := h.lines[id]
	if l == nil {
		l = &line{}
		h.lines[id] = l
	}
	return l
}

// strangers puts callers into the line who do nothing but wait.
func (l *line) strangers(n int) {
	for range n {
		l.tickets = append(l.tickets, &ticket{line: l, stranger: true, moved: make(chan struct{})})
	}
}

// moves lets the stranger who is first leave.
func (l *line) moves() bool {
	if len(l.tickets) == 0 || !l.tickets[0].stranger {
		return false
	}
	l.tickets[0].Leave()
	return true
}

// Position implements voice.Ticket.
func (t *ticket) Position() int { return slices.Index(t.line.tickets, t) + 1 }

// Moved implements voice.Ticket.
func (t *ticket) Moved() <-chan struct{} { return t.moved }

// Leave implements voice.Ticket.
func (t *ticket) Leave() {
	i := slices.Index(t.line.tickets, t)
	if i < 0 {
		return
	}
	t.line.tickets = slices.Delete(t.line.tickets, i, i+1)
	for _, behind := range t.line.tickets[i:] {
		close(behind.moved)
		behind.moved = make(chan struct{})
	}
	if t.world != nil {
		t.world.Wake()
	}
}

// route resolves a destination: what a test says of it, else who is of that name.
func (h *house) route(d voice.Destination) (voice.Route, error) {
	const op = "suite.Route"
	if h.missing[d.String()] {
		return voice.Route{}, voice.Errorf(op, voice.NotExist, "there is no %s", d)
	}
	if r, ok := h.routes[d.String()]; ok {
		return r, nil
	}
	a := voice.Attempt{Text: d.String()}
	switch d.Kind {
	case voice.ToApp:
		a.App = voice.AppID(d.ID)
	case voice.ToMailbox:
		a.App = mailboxApp + voice.AppID(d.ID)
	case voice.ToPhones:
		a.Targets = []voice.Target{{Kind: voice.ToExtension, ID: d.ID}}
	case voice.ToDialled:
		kind := voice.ToExtension
		if strings.HasPrefix(d.ID, "+") || len(d.ID) > maxExtension {
			kind = voice.ToNumber
		}
		a.Targets = []voice.Target{{Kind: kind, ID: d.ID}}
	case voice.ToUser, voice.ToExtension, voice.ToNumber, voice.ToSIP, voice.ToGroup:
		a.Targets = []voice.Target{{Kind: d.Kind, ID: d.ID}}
	default:
		return voice.Route{}, voice.Errorf(op, voice.NotExist, "there is no route to %s", d)
	}
	return voice.Route{Attempts: []voice.Attempt{a}}, nil
}

// maxExtension is the most digits that an extension has; more are a number.
const maxExtension = 6

// mailboxApp begins the ids of the apps that stand for users' mailboxes.
const mailboxApp voice.AppID = "mailbox/"

// mailboxProgram is the mailbox of a user, as short as can be: the real one has the
// user's own greeting.
func mailboxProgram(user string) *flow.Program {
	greeting := voice.Prompt{Kind: voice.PromptStandard, Standard: "voicemail", Voice: "en"}
	return &flow.Program{App: mailboxApp + voice.AppID(user), Name: "mailbox of " + user, Entry: "greeting", Nodes: []flow.Node{
		{ID: "greeting", Step: flow.Play{Prompts: []voice.Prompt{greeting}, BargeIn: true}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "record"}},
		{ID: "record", Step: flow.Record{Purpose: voice.ForVoicemail, User: voice.UserID(user), Beep: true, Finish: "#"}, Exits: map[flow.Exit]flow.NodeID{flow.Recorded: "deliver"}},
		{ID: "deliver", Step: flow.Deliver{Mailbox: voice.Mailbox{User: voice.UserID(user)}}},
	}}
}

// program finds the program of an app.
func (h *house) program(id voice.AppID) (*flow.Program, error) {
	if p, ok := h.programs[id]; ok {
		return p, nil
	}
	if user, ok := strings.CutPrefix(string(id), string(mailboxApp)); ok {
		return mailboxProgram(user), nil
	}
	return nil, voice.Errorf("suite.Program", voice.NotExist, "there is no app %s in the test: name its file by \"app %s is FILE\"", id, cmp.Or(id, "ID"))
}
