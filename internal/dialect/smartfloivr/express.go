package smartfloivr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// Reasons of losses.
const (
	whyNoField    = "an IVR of Smartflo has no field for it"
	whyOnePrompt  = "an IVR plays one recording there"
	whyOwnThing   = "it must be made in the account first, and the IVR refer to it"
	whyRecordings = "an IVR refers to recordings of the account by number"
	nothing       = "nothing"
)

// Express writes a program as an IVR in normal form and says what that can't
// say. The IVR of a program that Compile made is the document that it was made
// of. The error is for look-ups that broke, and kind Invalid for a program
// without an entry.
func Express(ctx context.Context, p flow.Program, r dialect.Resolver, o Options) (*IVR, []dialect.Loss, error) {
	if _, ok := p.Node(p.Entry); !ok {
		return nil, nil, voice.E("smartfloivr.Express", voice.Invalid, errors.New("the program has no entry"))
	}
	o.Timers = o.Timers.withDefaults()
	ol := outline.New(&p)
	x := &expresser{ctx: ctx, r: r, o: o, p: &p, ol: ol, told: ol.Ledger(), d: &IVR{Name: p.Name}, decisions: map[flow.NodeID]bool{}}
	var errs [3]error
	x.extensions, errs[0] = r.Extensions(ctx)
	x.sounds, errs[1] = r.Sounds(ctx, "")
	x.apps, errs[2] = r.Apps(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, nil, err
	}
	x.document()
	return x.d, x.losses, x.err
}

// expresser writes one program.
type expresser struct {
	ctx        context.Context
	r          dialect.Resolver
	o          Options
	p          *flow.Program
	ol         *outline.Outline
	told       *outline.Ledger
	d          *IVR
	losses     []dialect.Loss
	extensions []voice.Extension
	sounds     []voice.Sound
	apps       []voice.App
	err        error                // of a look-up that broke
	decisions  map[flow.NodeID]bool // that a destination is being read behind
}

func (x *expresser) lose(n *flow.Node, what, why, instead string) {
	where := "/"
	if n != nil {
		where = outline.Where(n)
		x.told.Tell(n.ID)
	}
	x.losses = append(x.losses, dialect.Loss{Where: where, What: what, Why: why, Instead: instead})
}

func (x *expresser) document() {
	d := x.d
	d.Description = cmp.Or(x.p.Meta[metaDescription], x.p.Name)
	if _, ours := x.p.Meta[metaDescription]; ours {
		d.Description = x.p.Meta[metaDescription]
	}
	if n, err := strconv.ParseInt(x.p.Meta[metaAddedBy], 10, 64); err == nil {
		d.AddedBy = n
	}
	if x.p.Lifetime > 0 {
		x.lose(nil, "the time of "+x.p.Lifetime.String()+" that the call may stay in the menu", whyNoField, nothing)
	}
	if m := x.firstMenu(); m != nil {
		x.menu(m)
	} else {
		x.announcement()
	}
	for _, n := range x.told.Untold() {
		x.lose(n, flow.Words(n.Step), whyNoField, nothing)
	}
	d.Normal(nil, true)
}

// firstMenu finds the menu that answers the call. One that a reference to an
// auto attendant stands for is none.
func (x *expresser) firstMenu() *outline.Menu {
	for _, m := range x.ol.Menus {
		if m.Node.Meta[metaRef] == "" {
			return m
		}
	}
	return nil
}

func whole(n int) *int { return &n }

// menu writes a menu with its keys and retries.
func (x *expresser) menu(m *outline.Menu) {
	d := x.d
	x.told.Tell(m.Node.ID)
	d.Recording = x.mainPrompt(m)
	first := cmp.Or(m.Gather.FirstDigit, voice.DefaultFirstDigit)
	s := min(max(int(math.Ceil(first.Seconds())), 1), MaxTimeout)
	if time.Duration(s)*time.Second != first {
		x.lose(m.Node, "the time of "+first.String()+" to the first key", fmt.Sprintf("it is a whole number of seconds from 1 to %d", MaxTimeout), strconv.Itoa(s)+" s")
	}
	d.Timeout = &s
	if !m.Gather.BargeIn && len(m.Gather.Prompts) > 0 {
		x.lose(m.Node, "keys do not cut the prompt", "a key always cuts the recording of an IVR", "they cut it")
	}
	x.keys(m)
	wrong := m.Invalid
	if wrong.Exit == "" {
		wrong = m.Any
	}
	if m.Gather.Extensions {
		x.lose(m.Node, "callers may dial extensions: "+m.Extension.Words(), whyNoField, "they press the keys of the menu; an auto attendant can be one of the destinations")
		x.told.Tell(m.Extension.Nodes()...)
		if m.Unknown.Way.From != m.Invalid.Way.From {
			x.lose(m.Node, "what follows an extension that does not exist: "+m.Unknown.Way.Words(), whyNoField, "it is a wrong key")
			x.told.Tell(m.Unknown.Way.Nodes()...)
		}
	}
	if slices.Contains(m.Nothing.Shared, wrong.Exit) {
		x.lose(m.Node, "wrong keys and silences are counted together", "an IVR counts them apart", fmt.Sprintf("each up to %d", m.Nothing.Retries()))
	}
	d.IncorrectCount, d.InvalidRetry, d.InvalidFinal, d.InvalidDestination = x.retry(m, wrong)
	d.TimeoutTries, d.TimeoutRetry, d.TimeoutFinal, d.TimeoutDestination = x.retry(m, m.Nothing)
}

// mainPrompt gives the recording of a menu: its own prompt, else what is played
// before it.
func (x *expresser) mainPrompt(m *outline.Menu) Ref {
	var before []*flow.Node
	for _, a := range x.ol.Lead.Actions {
		if _, play := a.Node.Step.(flow.Play); play && x.ol.Lead.At == m.Node {
			before = append(before, a.Node)
		}
	}
	if len(m.Gather.In) > 0 {
		x.lose(m.Node, "prompts in other languages", whyNoField, "the prompt of the first")
	}
	if len(m.Gather.Prompts) == 0 && len(before) > 0 {
		last := before[len(before)-1]
		x.told.Tell(last.ID)
		before = before[:len(before)-1]
		x.lose(last, "it is played once", "the recording of an IVR is played again with each retry", "it is played each time")
		defer x.onceOnly(before)
		return x.recording(last, plays(last, last.Step.(flow.Play).Prompts))
	}
	x.onceOnly(before)
	return x.recording(m.Node, plays(m.Node, m.Gather.Prompts))
}

func (x *expresser) onceOnly(nodes []*flow.Node) {
	for _, n := range nodes {
		x.lose(n, flow.Words(n.Step)+" once, before the menu", whyOnePrompt, nothing)
	}
}

func (x *expresser) keys(m *outline.Menu) {
	for _, k := range m.Keys {
		if len(k.Digits) != 1 || strings.ContainsAny(string(k.Digits), "ABCD") {
			x.lose(m.Node, "what "+string(k.Digits)+" does: "+k.Way.Words(), "options are single keys", nothing)
			for _, id := range k.Way.Nodes() {
				x.told.Tell(id)
			}
			continue
		}
		from, template := x.message(k.Way)
		x.d.Option = append(x.d.Option, string(k.Digits))
		x.d.Destination = append(x.d.Destination, x.destination(from, m))
		x.d.SMSTemplate = append(x.d.SMSTemplate, template)
	}
}

// message reads the text message that a way begins with, and gives where it goes on.
func (x *expresser) message(w outline.Way) (flow.NodeID, int64) {
	if len(w.Actions) == 0 {
		return w.From, 0
	}
	n := w.Actions[0].Node
	s, ok := n.Step.(flow.SMS)
	if !ok {
		return w.From, 0
	}
	x.told.Tell(n.ID)
	next := w.After(1).From
	if failed := w.Actions[0].Branch(flow.Failed); failed != next && failed != "" {
		x.lose(n, "what happens when the message can't be sent", whyNoField, "the call goes on")
	}
	list, err := x.r.Resources(x.ctx, KindTemplate)
	x.fail(err)
	if id := n.Meta[metaTemplate]; id != "" { // the account may be unknown, and list then empty
		res, err := find(x.ctx, x.r, Ref{refTemplate, id})
		x.fail(err)
		if err == nil {
			list = append([]voice.Resource{res}, list...)
		}
	}
	for _, res := range list {
		d, err := Parse(res)
		if t, ok := d.(*Template); err == nil && ok && s.To == "" && smsText(cmp.Or(t.Text, res.Name), x.p.Name) == s.Text {
			return next, res.Serial
		}
	}
	x.lose(n, "the text message", "SMS templates are things of the account, and none has this text", nothing)
	return next, 0
}

// fail notes the first look-up that broke.
func (x *expresser) fail(err error) {
	if err != nil && x.err == nil && !voice.IsKind(err, voice.NotExist) && !voice.IsKind(err, voice.Invalid) {
		x.err = err
	}
}

// retry reads what a menu does about a caller without a good key.
func (x *expresser) retry(m *outline.Menu, r outline.Retry) (most *int, again, last Ref, to Ref) {
	x.told.Tell(r.Nodes...)
	n := r.Retries()
	if n < 0 || n > MaxRetries {
		x.lose(m.Node, "retries without end", fmt.Sprintf("there may be %d", MaxRetries), strconv.Itoa(MaxRetries))
		n = MaxRetries
	}
	before, each := x.heard(r)
	if r.Loops || r.Limit > 0 {
		again = x.recording(m.Node, append(slices.Clone(before), each...))
		if r.Limit > 0 && !r.Loops {
			x.lose(m.Node, "what happens before another try", whyNoField, "the menu is played again")
		}
	}
	final, from := x.spoken(r.Over)
	if r.Limit > 0 {
		final = append(before, final...)
	}
	last = x.recording(m.Node, final)
	return &n, again, last, x.destination(from, m)
}

// heard is a prompt with the node that plays it.
type heard struct {
	prompt voice.Prompt
	node   *flow.Node
}

func plays(n *flow.Node, prompts []voice.Prompt) []heard {
	var list []heard
	for _, p := range prompts {
		list = append(list, heard{p, n})
	}
	return list
}

// heard gives what a retry plays before it counts, and then with each try.
func (x *expresser) heard(r outline.Retry) (before, each []heard) {
	for _, id := range r.Nodes {
		n := x.ol.Node(id)
		switch s := n.Step.(type) {
		case flow.Play:
			each = append(each, plays(n, s.Prompts)...)
		case flow.Count:
			before, each = each, nil
		}
	}
	return before, each
}

// spoken parts the prompts that a way begins with from the destination that
// follows them.
func (x *expresser) spoken(w outline.Way) ([]heard, flow.NodeID) {
	var list []heard
	if _, ok := w.Voicemail(); ok && w.Actions[0].Node.Meta[metaRecording] == "" {
		return nil, w.From
	}
	for len(w.Actions) > 0 {
		n := w.Actions[0].Node
		s, play := n.Step.(flow.Play)
		if !play || len(s.In) > 0 || n.Meta[metaRef] != "" {
			break
		}
		list = append(list, plays(n, s.Prompts)...)
		x.told.Tell(n.ID)
		w = w.After(1)
	}
	return list, w.From
}

// recording gives the reference to what is played; at is where it is lost, if
// nothing of it is known.
func (x *expresser) recording(at *flow.Node, list []heard) Ref {
	var first Ref
	for _, h := range list {
		n := cmp.Or(h.node, at)
		ref, why := x.prompt(n, h.prompt)
		switch {
		case ref.IsZero():
			x.lose(n, h.prompt.String(), why, nothing)
		case !first.IsZero():
			x.lose(n, h.prompt.String(), whyOnePrompt, nothing)
		default:
			first = ref
		}
	}
	return first
}

func (x *expresser) prompt(n *flow.Node, p voice.Prompt) (Ref, string) {
	if p.Template {
		return Ref{}, "recordings are the same in every call"
	}
	switch p.Kind {
	case voice.PromptSound:
		if ref, err := ParseRecording(string(p.Sound)); err == nil && strings.Contains(string(p.Sound), "|") {
			return ref, "" // it does not exist in the account either
		}
		s, err := x.r.Sound(x.ctx, p.Sound)
		if err != nil || s.Serial == 0 {
			x.fail(err)
			return Ref{}, whyRecordings
		}
		ref := Ref{RefRecording, strconv.FormatInt(s.Serial, 10)}
		if own, err := ParseRecording(n.Meta[metaRecording]); err == nil && own.ID == ref.ID {
			return own, ""
		}
		return ref, ""
	case voice.PromptSpeech:
		i := slices.IndexFunc(x.sounds, func(s voice.Sound) bool { return s.Source == voice.SoundSpoken && s.Text == p.Text && s.Serial != 0 })
		if i >= 0 {
			return Ref{RefSpeech, strconv.FormatInt(x.sounds[i].Serial, 10)}, ""
		}
	}
	return Ref{}, whyRecordings + "; make one with POST /v1/recording and put its number there"
}

// announcement writes a program without a menu: its prompt, then, without
// waiting for long, what follows.
func (x *expresser) announcement() {
	d := x.d
	w := x.ol.Lead
	if len(w.Actions) > 0 {
		if _, answer := w.Actions[0].Node.Step.(flow.Answer); answer {
			x.told.Tell(w.Actions[0].Node.ID)
			w = w.After(1)
		}
	}
	first := x.ol.Node(w.From)
	prompts, from := x.spoken(w)
	d.Recording = x.recording(first, prompts)
	to := x.destination(from, nil)
	x.lose(first, "the call goes on as soon as the prompt is over", "every IVR waits for a key", "it goes on after 1 s, or with any key")
	d.Timeout, d.IncorrectCount, d.TimeoutTries = whole(1), whole(0), whole(0)
	d.InvalidDestination, d.TimeoutDestination = to, to
}
