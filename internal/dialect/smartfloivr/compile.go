package smartfloivr

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that hold documents of this package.
const Kind voice.AppKind = "smartflo"

// Options of Compile.
type Options struct {
	Country string // of the account, ISO 3166 alpha-2; see Number
	// Open says that whatever a document refers to exists: there is no account.
	Open   bool
	Timers Timers
}

// Timers are the times of a call where documents say nothing. Zero fields take
// the defaults.
type Timers struct {
	MessageSilence time.Duration // ends a message; default 5 s
	MessageMax     time.Duration // longest message; default 300 s
	MessageMin     time.Duration // shorter messages are dropped; default 1 s
	InterDigit     time.Duration // between the keys of an extension; default 2 s
}

func (t Timers) withDefaults() Timers {
	t.MessageSilence = cmp.Or(t.MessageSilence, voice.DefaultSilenceEnd)
	t.MessageMax = cmp.Or(t.MessageMax, voice.DefaultRecordLength)
	t.MessageMin = cmp.Or(t.MessageMin, time.Second)
	t.InterDigit = cmp.Or(t.InterDigit, voice.DefaultInterDigit)
	return t
}

// Codes of diagnostics.
const (
	diagDocument    = "document-invalid"
	diagDestination = "destination-not-found"
	diagRecording   = "recording-not-found"
)

// Members of flow.Node.Meta and flow.Program.Meta: what a document says that the
// steps of its program do not.
const (
	metaRef         = "smartflo.ref"          // of the first node of a destination
	metaRecording   = "smartflo.recording"    // of a node that plays one
	metaTemplate    = "smartflo.sms_template" // of a node that sends one
	metaDescription = "smartflo.description"
	metaAddedBy     = "smartflo.added_by"
)

// Names of the counters of an IVR.
const (
	countBad  = "invalid"
	countLate = "timeout"
)

// maxRoute bounds how many things one destination may lead through.
const maxRoute = 8

// Compile makes the program of an app. Faults of the document and dangling
// references are diagnostics; a dangling destination ends the call, a dangling
// recording is passed over. The error is for look-ups that broke.
func Compile(ctx context.Context, app voice.App, r dialect.Resolver, o Options) (flow.Program, flow.Diagnostics, error) {
	o.Timers = o.Timers.withDefaults()
	b := &builder{ctx: ctx, r: r, o: o, program: flow.Program{App: app.ID, Name: app.Name}}
	var err error
	if b.extensions, err = r.Extensions(ctx); err != nil {
		return flow.Program{}, nil, err
	}
	switch app.Type {
	case TypeRoute:
		err = b.routeApp(app)
	default:
		err = b.ivrApp(app)
	}
	if err != nil && !voice.IsKind(err, voice.Invalid) {
		return flow.Program{}, nil, err
	}
	if err != nil {
		b.diags.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return flow.Program{}, b.diags, nil
	}
	return b.program, b.diags, nil
}

// CompileRef makes a program that leads to a destination, as app would.
func CompileRef(ctx context.Context, app voice.AppID, ref Ref, r dialect.Resolver, o Options) (flow.Program, flow.Diagnostics, error) {
	o.Timers = o.Timers.withDefaults()
	b := &builder{ctx: ctx, r: r, o: o, program: flow.Program{App: app, Name: ref.String()}}
	var err error
	if b.extensions, err = r.Extensions(ctx); err != nil {
		return flow.Program{}, nil, err
	}
	b.program.Entry, err = b.route("to", "/destination", ref, 0)
	return b.program, b.diags, err
}

// builder makes one program.
type builder struct {
	ctx        context.Context
	r          dialect.Resolver
	o          Options
	extensions []voice.Extension
	program    flow.Program
	diags      flow.Diagnostics
}

type exits = map[flow.Exit]flow.NodeID

// add adds a node; exits to "" are left unwired, which ends the call. meta holds
// names and values in turn; empty values are left out.
func (b *builder) add(id flow.NodeID, origin string, step flow.Step, ways exits, meta ...string) {
	for exit, to := range ways {
		if to == "" {
			delete(ways, exit)
		}
	}
	n := flow.Node{ID: id, Origin: origin, Step: step, Exits: ways}
	for i := 0; i+1 < len(meta); i += 2 {
		if meta[i+1] == "" {
			continue
		}
		if n.Meta == nil {
			n.Meta = map[string]string{}
		}
		n.Meta[meta[i]] = meta[i+1]
	}
	b.program.Nodes = append(b.program.Nodes, n)
}

func (b *builder) routeApp(app voice.App) error {
	d, err := ParseRoute(app)
	if err == nil {
		b.program.Entry, err = b.route("to", "/destination", d.Destination, 0)
	}
	return err
}

// The nodes of an IVR.
const nodeMenu flow.NodeID = "menu"

func (b *builder) ivrApp(app voice.App) error {
	d, err := ParseIVR(app)
	if err != nil {
		return err
	}
	b.program.Name = cmp.Or(d.Name, app.Name)
	b.program.Meta = map[string]string{metaDescription: d.Description}
	if d.AddedBy != 0 {
		b.program.Meta[metaAddedBy] = strconv.FormatInt(d.AddedBy, 10)
	}
	b.program.Entry = "answer"
	b.add("answer", "", flow.Answer{}, exits{flow.Next: nodeMenu})
	prompts, err := b.prompts("/recording", d.Recording)
	if err != nil {
		return err
	}
	g := flow.Gather{Prompts: prompts, BargeIn: true, MaxDigits: 1, FirstDigit: seconds(d.Timeout)}
	out := exits{flow.NoInput: "late", flow.InvalidKey: "bad"}
	if len(d.Option) == 0 {
		out = exits{flow.NoInput: "late", flow.GotDigits: "bad"}
	}
	at := len(b.program.Nodes)
	b.add(nodeMenu, "/recording", g, nil, metaRecording, d.Recording.String())
	for i, key := range d.Option {
		to, err := b.option(i, d)
		if err != nil {
			return err
		}
		g.Keys = append(g.Keys, voice.Digits(key))
		out[flow.Key(voice.Digits(key))] = to
	}
	b.program.Nodes[at].Step, b.program.Nodes[at].Exits = g, out
	if err := b.retries("bad", countBad, d.IncorrectCount, "/incorrect_count",
		played{"/" + TwiceNamed, d.InvalidRetry}, played{"/recording_invalid", d.InvalidFinal}, "/invalid_destination", d.InvalidDestination); err != nil {
		return err
	}
	return b.retries("late", countLate, d.TimeoutTries, "/timeout_tries",
		played{"/timeout_retry_recording", d.TimeoutRetry}, played{"/timeout_recording", d.TimeoutFinal}, "/timeout_destination", d.TimeoutDestination)
}

// seconds gives a time in seconds; nil = 0.
func seconds(n *int) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}

// option adds what a key does: the text message, then the destination.
func (b *builder) option(i int, d *IVR) (flow.NodeID, error) {
	id := flow.NodeID("option_" + d.Option[i])
	to, err := b.route(id, "/destination/"+strconv.Itoa(i), d.Destination[i], 0)
	serial := d.Template(d.Option[i])
	if err != nil || serial == 0 {
		return to, err
	}
	ref, at := Ref{refTemplate, strconv.FormatInt(serial, 10)}, "/sms_template/"+strconv.Itoa(i)
	t, res, err := load[*Template](b.ctx, b.r, ref)
	if voice.IsKind(err, voice.NotExist) {
		b.missing(diagDestination, at, "SMS template "+ref.ID)
		return to, nil
	}
	if err != nil {
		return "", err
	}
	b.add(id+".sms", at, flow.SMS{Text: smsText(cmp.Or(t.Text, res.Name), d.Name)}, exits{flow.Next: to, flow.Failed: to}, metaTemplate, ref.ID)
	return id + ".sms", nil
}

// played is a recording with its place in the document.
type played struct {
	at  string
	ref Ref
}

// retries adds what an IVR does about a caller without a good key: tries more
// rounds, each after a prompt that a key cuts, then a last prompt and elsewhere.
func (b *builder) retries(id flow.NodeID, counter string, most *int, at string, again, last played, toAt string, to Ref) error {
	n := 0
	if most != nil {
		n = *most
	}
	first, err := b.route(id+".to", toAt, to, 0)
	if err != nil {
		return err
	}
	over, err := b.play(id+".last", last, false, first)
	if err != nil {
		return err
	}
	back, err := b.play(id+".again", again, true, nodeMenu)
	if err != nil {
		return err
	}
	b.add(id, at, flow.Count{Name: counter, Limit: n + 1}, exits{flow.Again: back, flow.Over: over})
	return nil
}

// play adds the playing of a recording, if there is one, and gives where to go.
func (b *builder) play(id flow.NodeID, p played, barge bool, next flow.NodeID) (flow.NodeID, error) {
	prompts, err := b.prompts(p.at, p.ref)
	if err != nil || len(prompts) == 0 {
		return next, err
	}
	b.add(id, p.at, flow.Play{Prompts: prompts, BargeIn: barge}, exits{flow.Next: next}, metaRecording, p.ref.String())
	return id, nil
}

// prompts gives a recording. One that does not exist is a prompt that can't be
// played, so that the call says so on its timeline.
func (b *builder) prompts(at string, ref Ref) ([]voice.Prompt, error) {
	if ref.IsZero() {
		return nil, nil
	}
	serial, err := strconv.ParseInt(ref.ID, 10, 64)
	if err != nil {
		return nil, voice.Errorf("smartfloivr.prompts", voice.Invalid, "%s is no reference to a recording", ref)
	}
	s, err := b.r.SoundBySerial(b.ctx, serial)
	if voice.IsKind(err, voice.NotExist) {
		b.missing(diagRecording, at, "recording "+ref.ID)
		return []voice.Prompt{{Kind: voice.PromptSound, Sound: voice.SoundID(ref.String())}}, nil
	}
	return []voice.Prompt{{Kind: voice.PromptSound, Sound: s.ID}}, err
}

func (b *builder) missing(code, at, what string) {
	words := "Invalid destination"
	if code == diagRecording {
		words = "Invalid recording"
	}
	b.diags.Errorf(code, at, "%s: the %s field refers to %s, which does not exist.", words, dotted(at), what)
}
