package telphinivr

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps whose documents these are, and the dialect that
// Fetch steps name.
const Kind voice.AppKind = "telphin"

// MaxRuns bounds the options that one call may go through, so that menus that
// lead to themselves end.
const MaxRuns = 200

// RateTopic is the kind of the records of quality_rate. Kinds with a slash are
// parts of the server, which flows may not write.
const RateTopic = "quality-rate"

// Codes of diagnostics.
const (
	diagDocument    = "document-invalid"
	diagRule        = "rule-invalid"
	diagSound       = "sound-not-found"
	diagContext     = "context-not-found"
	diagSpeech      = "no-recogniser"
	diagFax         = "fax-not-received"
	diagUnreachable = "never-reached"
)

// Settings are what compiling depends on beside the document.
type Settings struct {
	// Speech says that there is a recogniser for voice_helper.
	Speech bool
}

// Shared nodes.
const (
	nodeTooMany flow.NodeID = "too-many" // a menu that leads to itself
	nodeLost    flow.NodeID = "lost"     // nobody was reached
	nodeMail    flow.NodeID = "vm"       // voicemail
	nodeExpired flow.NodeID = "expired"  // the lifetime is over
	countRuns               = "telphin.options"
)

// Names of Meta.
const (
	metaContext = "context"
	metaOption  = "option"
	metaExtra   = "extra"
)

type exits = map[flow.Exit]flow.NodeID

// Compile makes the program of an extension of type ivr, queue or fax. Faults of
// the document and dangling references are diagnostics; a rule that can't be done
// is left out.
func Compile(ctx context.Context, app voice.App, r dialect.Resolver, s Settings) (flow.Program, flow.Diagnostics, error) {
	b := &builder{app: app, r: r, settings: s, program: flow.Program{App: app.ID, Name: app.Name}}
	doc, err := Parse(app.Document)
	if err != nil {
		b.diags.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return b.program, b.diags, nil
	}
	b.doc = doc
	if err := b.others(ctx); err != nil {
		return flow.Program{}, nil, err
	}
	switch {
	case doc.Extension.Status == Blocked:
		b.program.Entry = "blocked"
		b.add("blocked", "/extension/status", flow.Hangup{Cause: voice.CauseRejected, Words: "the extension is blocked"}, nil)
	case doc.IVR != nil:
		err = b.ivr(ctx)
	case doc.Queue != nil:
		err = b.queue(ctx)
	default:
		b.diags.Warnf(diagFax, "/extension/type", "extension.type: an extension of type %s takes no calls here", doc.Extension.Type)
		b.program.Entry = "fax"
		b.add("fax", "/extension/type", flow.Hangup{Cause: voice.CauseRejected, Words: "faxes are not received here"}, nil)
	}
	if err != nil {
		return flow.Program{}, nil, err
	}
	b.meta()
	b.prune()
	return b.program, b.diags, nil
}

// builder makes one program.
type builder struct {
	app      voice.App
	doc      Document
	r        dialect.Resolver
	settings Settings
	numbers  map[string]voice.App // other extensions that are apps, by short number
	closed   []string             // those that are blocked, with telephones
	program  flow.Program
	diags    flow.Diagnostics
}

// PhoneTopic is the kind of the resources that hold what a telephone's
// extension has beside its line; their name is its short number.
const PhoneTopic = "telphin/phone"

// others finds what the account has to dial.
func (b *builder) others(ctx context.Context) error {
	apps, err := b.r.Apps(ctx)
	if err != nil {
		return err
	}
	b.numbers = map[string]voice.App{}
	for _, a := range apps {
		if a.Kind != Kind {
			continue
		}
		d, err := Parse(a.Document)
		if err != nil {
			continue // its own compilation says so
		}
		if d.Extension.Status == Blocked {
			b.closed = append(b.closed, d.Extension.Name)
			continue
		}
		b.numbers[d.Extension.Name] = a
	}
	phones, err := b.r.Resources(ctx, PhoneTopic)
	if err != nil {
		return err
	}
	for _, p := range phones {
		if e, err := ParsePhone(p.Data); err == nil && e.Status == Blocked {
			b.closed = append(b.closed, p.Name)
		}
	}
	return nil
}

// add adds a node; exits to "" are left unwired, which ends the call normally.
func (b *builder) add(id flow.NodeID, origin string, step flow.Step, ways exits) *flow.Node {
	for exit, to := range ways {
		if to == "" {
			delete(ways, exit)
		}
	}
	b.program.Nodes = append(b.program.Nodes, flow.Node{ID: id, Origin: origin, Step: step, Exits: ways})
	return &b.program.Nodes[len(b.program.Nodes)-1]
}

// meta puts down what the document says beside its flow.
func (b *builder) meta() {
	m := map[string]string{"extension": b.doc.Extension.Name}
	for _, c := range b.doc.Contexts {
		key := "context." + strconv.FormatInt(c.ID, 10)
		m[key+".name"] = c.Name
		for name, v := range map[string]*string{"description": c.Description, "extra_params": c.ExtraParams} {
			if v != nil {
				m[key+"."+name] = *v
			}
		}
	}
	b.program.Meta = m
}

// prune drops what no call can come to, and says which options those are.
func (b *builder) prune() {
	seen := map[flow.NodeID]bool{}
	flow.Walk(&b.program, func(n *flow.Node) bool {
		seen[n.ID] = true
		return true
	})
	for _, n := range b.program.Nodes {
		o := n.Meta[metaOption]
		if count, ok := n.Step.(flow.Count); !seen[n.ID] && ok && count.Name == countRuns {
			b.diags.Warnf(diagUnreachable, n.Origin, "option %s of context %s is never reached", o, n.Meta[metaContext])
		}
	}
	b.program.Nodes = slices.DeleteFunc(b.program.Nodes, func(n flow.Node) bool { return !seen[n.ID] })
	names := map[string]bool{}
	for _, n := range b.program.Nodes {
		names["context."+n.Meta[metaContext]+"."] = true
	}
	for key := range b.program.Meta {
		if i := strings.LastIndexByte(key, '.'); i > 0 && !names[key[:i+1]] {
			delete(b.program.Meta, key)
		}
	}
}

// ivr compiles a voice menu.
func (b *builder) ivr(ctx context.Context) error {
	v := b.doc.IVR
	b.program.Entry = "answer"
	if v.EntryContext == nil {
		b.add("answer", "/ivr/entry_context", flow.Answer{}, exits{flow.Next: "nowhere"})
		b.add("nowhere", "/ivr/entry_context", flow.Hangup{Cause: voice.CauseNormal, Words: "the voice menu has no entry context"}, nil)
		return nil
	}
	first := b.optionNode("/ivr/entry_context", *v.EntryContext, Start)
	if v.SleepTime > 0 {
		b.add("answer", "", flow.Answer{}, exits{flow.Next: "sleep"})
		b.add("sleep", "/ivr/sleep_time", flow.Wait{For: millis(v.SleepTime)}, exits{flow.Next: first})
	} else {
		b.add("answer", "", flow.Answer{}, exits{flow.Next: first})
	}
	for i := range b.doc.Contexts {
		if err := b.context(ctx, i); err != nil {
			return err
		}
	}
	b.shared()
	if err := b.mail(ctx); err != nil {
		return err
	}
	return b.lifetime(ctx)
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func nodeOf(c int64, opt string) flow.NodeID {
	return flow.NodeID("c" + strconv.FormatInt(c, 10) + "." + opt)
}

func waitOf(c int64) flow.NodeID { return nodeOf(c, "wait") }

// optionNode gives the node of an option, or of a hang-up when there is none.
func (b *builder) optionNode(origin string, id int64, opt string) flow.NodeID {
	c, ok := b.doc.Context(id)
	if ok {
		_, ok = c.Option(opt)
	}
	if !ok {
		b.diags.Errorf(diagContext, origin, "%s: context %d has no option %q", dotted(origin), id, opt)
		return b.missing()
	}
	return nodeOf(id, opt)
}

const nodeMissing flow.NodeID = "missing"

func (b *builder) missing() flow.NodeID { return nodeMissing }

// shared adds the nodes that many lead to; those that nothing leads to are pruned.
func (b *builder) shared() {
	b.add(nodeTooMany, "", flow.Hangup{Cause: voice.CauseFailed, Words: fmt.Sprintf("the menu went on for %d options", MaxRuns)}, nil)
	b.add(nodeLost, "", flow.Hangup{Cause: voice.CauseUnavailable, Words: "nobody was reached"}, nil)
	b.add(nodeMissing, "", flow.Hangup{Cause: voice.CauseNormal, Words: "the menu leads to an option that does not exist"}, nil)
}

// dotted writes a JSON Pointer as clients name fields.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// unreached is where a transfer that reached nobody goes on, after its last rule.
func (b *builder) unreached() flow.NodeID {
	if b.doc.IVR != nil && b.doc.IVR.VMEnabled {
		return nodeMail
	}
	return nodeLost
}

// context compiles one context: its options and what waits for digits.
func (b *builder) context(ctx context.Context, i int) error {
	c := &b.doc.Contexts[i]
	origin := "/contexts/" + strconv.Itoa(i)
	for j, o := range c.Options {
		if err := b.option(ctx, c, origin+"/options/"+strconv.Itoa(j), o); err != nil {
			return err
		}
	}
	b.wait(c, origin)
	return nil
}

// option compiles the rules of an option from the last to the first, as each
// leads to the next.
func (b *builder) option(ctx context.Context, c *Context, origin string, o Option) error {
	id := nodeOf(c.ID, o.Digits)
	meta := map[string]string{metaContext: strconv.FormatInt(c.ID, 10), metaOption: o.Digits}
	if len(o.Rules) == 0 {
		b.add(id, origin, flow.Hangup{Cause: voice.CauseNormal, Words: "option " + o.Digits + " of " + c.Name + " has no rules"}, nil).Meta = meta
		return nil
	}
	entry := b.add(id, origin, flow.Count{Name: countRuns, Limit: MaxRuns}, nil)
	entry.Meta = meta
	entry.Label = c.Name + ": " + o.Digits
	at := len(b.program.Nodes)
	next, last := waitOf(c.ID), true
	var groups [][]flow.Node
	for k := len(o.Rules) - 1; k >= 0; k-- {
		p := place{c: c, rule: &o.Rules[k], origin: origin + "/rules/" + strconv.Itoa(k), next: next, failed: next,
			id: id + flow.NodeID(".r"+strconv.FormatInt(o.Rules[k].ID, 10))}
		if last {
			p.failed = b.unreached()
		}
		begin := len(b.program.Nodes)
		first, err := b.rule(ctx, p)
		if err != nil {
			return err
		}
		groups = append(groups, slices.Clone(b.program.Nodes[begin:]))
		if first != next {
			last = false
		}
		next = first
	}
	b.program.Nodes = b.program.Nodes[:at]
	for _, g := range slices.Backward(groups) {
		b.program.Nodes = append(b.program.Nodes, g...)
	}
	b.program.Nodes[at-1].Exits = exits{flow.Again: next, flow.Over: nodeTooMany}
	return nil
}

// wait adds what collects digits in a context.
func (b *builder) wait(c *Context, origin string) {
	g := flow.Gather{Whole: true, Extensions: c.AllowAnyDial, MaxDigits: int(c.DigitLen), Finish: "#",
		FirstDigit: max(millis(c.Timeout), time.Millisecond), InterDigit: max(millis(c.InterDigitTimeout), time.Millisecond)}
	ways := exits{flow.NoInput: nodeOf(c.ID, Timeout)}
	wrong := nodeOf(c.ID, Invalid)
	for _, o := range c.Options {
		if Fixed(o.Digits) {
			continue
		}
		g.Keys = append(g.Keys, voice.Digits(o.Digits))
		ways[flow.Key(voice.Digits(o.Digits))] = nodeOf(c.ID, o.Digits)
		if strings.Contains(o.Digits, "#") {
			g.Finish = ""
		}
	}
	at := len(b.program.Nodes)
	b.add(waitOf(c.ID), origin, g, nil)
	if c.AllowAnyDial {
		b.anyDial(c, origin, &g, ways)
	}
	switch {
	case g.Extensions:
		ways[flow.UnknownExt], ways[flow.InvalidKey] = wrong, wrong
	case len(g.Keys) > 0:
		ways[flow.InvalidKey] = wrong
	default:
		ways[flow.GotDigits] = wrong
	}
	n := &b.program.Nodes[at]
	n.Step, n.Exits, n.Label = g, ways, c.Name
	n.Meta = map[string]string{metaContext: strconv.FormatInt(c.ID, 10)}
}

// anyDial lets the caller key any number of the account: telephones by the
// gather's own look-up, the other extensions as keys. Those that are blocked are
// wrong digits.
func (b *builder) anyDial(c *Context, origin string, g *flow.Gather, ways exits) {
	origin += "/allow_any_dial"
	failed := b.unreached()
	dial := nodeOf(c.ID, "dial")
	ways[flow.Extension] = dial
	b.add(dial, origin, flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension}, dialExits(failed))
	var numbers []string
	for n := range b.numbers {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range slices.Concat(numbers, b.closed) {
		d := voice.Digits(n)
		if len(n) > int(c.DigitLen) || slices.Contains(g.Keys, d) {
			continue
		}
		g.Keys = append(g.Keys, d)
		app, open := b.numbers[n]
		if !open {
			ways[flow.Key(d)] = nodeOf(c.ID, Invalid)
			continue
		}
		to := dial + flow.NodeID("."+n)
		ways[flow.Key(d)] = to
		b.add(to, origin, flow.Goto{App: app.ID}, exits{flow.Failed: failed})
	}
}

func dialExits(failed flow.NodeID) exits {
	return exits{flow.Busy: failed, flow.NoAnswer: failed, flow.Failed: failed}
}

// Voicemail of a menu.
const (
	mailMax     = 180 * time.Second
	mailMin     = time.Second
	mailSilence = voice.DefaultSilenceEnd
)

// mail adds the voicemail of the menu.
func (b *builder) mail(ctx context.Context) error {
	v := b.doc.IVR
	greeting, err := b.sound(ctx, "/ivr/vm_greeting", v.VMGreeting)
	if err != nil {
		return err
	}
	if greeting == nil {
		greeting = &voice.Prompt{Kind: voice.PromptStandard, Standard: "mailbox-greeting", Voice: "en"}
	}
	box := voice.Mailbox{App: b.app.ID, Name: b.app.Name, NoAttachment: !v.VMAttachFile}
	if v.VMMailto != nil {
		box.Email = *v.VMMailto
	}
	b.add(nodeMail, "/ivr/vm_greeting", flow.Play{Prompts: []voice.Prompt{*greeting}}, exits{flow.Next: nodeMail + ".record"})
	b.add(nodeMail+".record", "/ivr/vm_enabled", flow.Record{Purpose: voice.ForVoicemail, Beep: true, Finish: "#",
		MaxLength: mailMax, Silence: mailSilence, MinLength: mailMin}, exits{flow.Recorded: nodeMail + ".deliver"})
	b.add(nodeMail+".deliver", "/ivr/vm_mailto", flow.Deliver{Mailbox: box}, nil)
	return nil
}

// lifetime adds what ends the menu when its time is over.
func (b *builder) lifetime(ctx context.Context) error {
	v := b.doc.IVR
	if v.Lifetime == 0 {
		return nil
	}
	b.program.Lifetime, b.program.Expired = time.Duration(v.Lifetime)*time.Second, nodeExpired
	switch {
	case v.LifetimeExpAction == ExpireVoicemail:
		b.program.Expired = nodeMail
	case v.LifetimeExpAction == ExpireTransfer && v.LifetimeExpTransferDst != nil:
		p := place{rule: &Rule{Action: Transfer}, origin: "/ivr/lifetime_exp_transfer_dst", id: nodeExpired, failed: b.unreached()}
		first, err := b.transfer(p, "lifetime_exp_transfer_dst", *v.LifetimeExpTransferDst, voice.ToDialled)
		b.program.Expired = first
		return err
	default:
		b.add(nodeExpired, "/ivr/lifetime", flow.Hangup{Cause: voice.CauseMaxDuration, Words: "the voice menu's lifetime is over"}, nil)
	}
	return nil
}
