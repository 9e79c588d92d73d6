package smartfloivr

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// dotted writes a JSON Pointer as fields are named in answers: destination.1.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// route adds the nodes of a destination and gives the first; "" for the zero
// Ref, which ends the call.
func (b *builder) route(id flow.NodeID, at string, ref Ref, depth int) (flow.NodeID, error) {
	if ref.IsZero() {
		return "", nil
	}
	if depth > maxRoute {
		b.diags.Errorf(diagDestination, at, "Invalid destination: the %s field leads through more than %d things.", dotted(at), maxRoute)
		b.add(id, at, flow.Hangup{Cause: voice.CauseFailed, Words: "the destination leads in circles"}, nil, metaRef, ref.String())
		return id, nil
	}
	var err error
	switch ref.Type {
	case RefHangup:
		b.add(id, at, flow.Hangup{Words: "the destination is to hang up"}, nil, metaRef, ref.String())
	case RefExtension:
		err = b.extension(id, at, ref)
	case RefAgent:
		err = b.agent(id, at, ref)
	case RefIVR:
		err = b.ivr(id, at, ref)
	case RefVoicemail:
		return b.voicemail(id, at, ref)
	case RefDepartment, RefQueue:
		err = b.department(id, at, ref, depth)
	case RefTimeGroup:
		err = b.timeGroup(id, at, ref, depth)
	case RefCondition:
		return b.condition(id, at, ref, depth)
	case RefAttendant:
		err = b.attendant(id, at, ref, depth)
	case RefDialplan, RefAPIDialplan:
		err = b.dialplan(id, at, ref, depth)
	default:
		err = voice.Errorf("smartfloivr.route", voice.Invalid, "%s is no destination", ref)
	}
	if voice.IsKind(err, voice.NotExist) {
		b.gone(id, at, ref)
		err = nil
	}
	return id, err
}

// gone stands for a destination that does not exist.
func (b *builder) gone(id flow.NodeID, at string, ref Ref) {
	b.missing(diagDestination, at, cmp.Or(map[string]string{RefIVR: "IVR"}[ref.Type], ref.Type)+" "+ref.ID)
	b.add(id, at, flow.Hangup{Cause: voice.CauseNotFound, Words: "there is no " + ref.String()}, nil, metaRef, ref.String())
}

// member gives who is rung for an extension or agent. NotExist when there is none.
func (b *builder) member(ref Ref) (voice.Destination, error) {
	if ref.Type == RefAgent {
		e, err := Number(ref.ID, b.o.Country)
		return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, err
	}
	if e, ok := FindExtension(b.extensions, ref.ID); ok {
		return voice.Destination{Kind: voice.ToExtension, ID: e.Number}, nil
	}
	if b.o.Open {
		return voice.Destination{Kind: voice.ToExtension, ID: ref.ID}, nil
	}
	return voice.Destination{}, voice.Errorf("smartfloivr.member", voice.NotExist, "there is no extension %s", ref.ID)
}

// extension rings an extension as its user's call settings say, which lead on to
// voicemail where that is enabled.
func (b *builder) extension(id flow.NodeID, at string, ref Ref) error {
	to, err := b.member(ref)
	if err == nil {
		b.add(id, at, flow.Dial{To: to}, nil, metaRef, ref.String())
	}
	return err
}

func (b *builder) agent(id flow.NodeID, at string, ref Ref) error {
	to, err := b.member(ref)
	if err == nil {
		b.add(id, at, flow.Dial{To: to, RingTime: voice.DefaultRingTime}, nil, metaRef, ref.String())
	}
	return err
}

func (b *builder) ivr(id flow.NodeID, at string, ref Ref) error {
	a, err := findIVR(b.ctx, b.r, ref)
	if err == nil {
		b.add(id, at, flow.Goto{App: a.ID}, nil, metaRef, ref.String())
	}
	return err
}

// findIVR finds the app of an IVR; NotExist for apps of other kinds.
func findIVR(ctx context.Context, r dialect.Resolver, ref Ref) (voice.App, error) {
	n, err := strconv.ParseInt(ref.ID, 10, 64)
	if err != nil {
		return voice.App{}, voice.Errorf("smartfloivr.findIVR", voice.NotExist, "there is no IVR %s", ref.ID)
	}
	a, err := r.AppBySerial(ctx, n)
	if err == nil && a.Kind != "" && (a.Kind != Kind || a.Type != TypeIVR) {
		err = voice.Errorf("smartfloivr.findIVR", voice.NotExist, "there is no IVR %s", ref.ID)
	}
	return a, err
}

// voicemail takes a message, or goes on in the mailbox of an extension's user.
func (b *builder) voicemail(id flow.NodeID, at string, ref Ref) (flow.NodeID, error) {
	d, res, err := load[*Voicemail](b.ctx, b.r, ref)
	if e, ok := FindExtension(b.extensions, ref.ID); voice.IsKind(err, voice.NotExist) && ok && e.User != "" {
		b.add(id, at, flow.Dial{To: voice.Destination{Kind: voice.ToMailbox, ID: string(e.User)}}, nil, metaRef, ref.String())
		return id, nil
	}
	if voice.IsKind(err, voice.NotExist) {
		b.gone(id, at, ref)
		return id, nil
	}
	if err != nil {
		return "", err
	}
	m := voice.Mailbox{App: b.program.App, Name: cmp.Or(d.Name, res.Name), Email: d.Email}
	if e, ok := FindExtension(b.extensions, d.Extension); ok && d.Extension != "" && d.Email == "" {
		m.User = e.User
	}
	prompts, err := b.prompts(at, d.Recording)
	if err != nil {
		return "", err
	}
	// A greeting is always a node, so that the destination has a first one.
	b.add(id, at, flow.Play{Prompts: prompts}, exits{flow.Next: id + ".record"}, metaRef, ref.String(), metaRecording, d.Recording.String())
	b.add(id+".record", at, flow.Record{Purpose: voice.ForVoicemail, User: m.User, Beep: true, Finish: "#",
		MaxLength: b.o.Timers.MessageMax, Silence: b.o.Timers.MessageSilence, MinLength: b.o.Timers.MessageMin}, exits{flow.Recorded: id + ".deliver"})
	b.add(id+".deliver", at, flow.Deliver{Mailbox: m}, nil)
	return id, nil
}

// department rings a group, or lets the caller wait for it in its queue.
func (b *builder) department(id flow.NodeID, at string, ref Ref, depth int) error {
	d, res, err := load[*Department](b.ctx, b.r, ref)
	if err != nil {
		return err
	}
	var members []voice.Destination
	for i, m := range d.Members {
		to, err := b.member(m)
		if voice.IsKind(err, voice.NotExist) {
			b.diags.Warnf(diagDestination, at, "Department %s: agent %d is %s, which does not exist.", d.Name, i, m)
			continue
		}
		if err != nil {
			return err
		}
		members = append(members, to)
	}
	if len(members) == 0 && b.o.Open {
		members = []voice.Destination{{Kind: voice.ToGroup, ID: ref.ID}}
	}
	otherwise, err := b.route(id+".otherwise", at, d.Otherwise, depth+1)
	if err != nil {
		return err
	}
	music, err := b.prompts(at, d.Music)
	if err != nil {
		return err
	}
	if len(members) == 0 {
		b.add(id, at, flow.Hangup{Cause: voice.CauseUnavailable, Words: "department " + d.Name + " has no agents"}, nil, metaRef, ref.String())
		return nil
	}
	strategy := map[string]voice.Strategy{"sequential": voice.InTurn, "random": voice.Random, "round_robin": voice.Rotating}[d.Strategy]
	if ref.Type == RefQueue {
		q := flow.Queue{ID: res.Kind + "/" + strconv.FormatInt(res.Serial, 10), Name: d.Name, Members: members, Strategy: cmp.Or(strategy, voice.AllAtOnce),
			Music: music, RingTime: seconds(d.RingTime), MaxWait: seconds(d.MaxWait), Position: true}
		if d.MaxLength != nil {
			q.MaxLength = *d.MaxLength
		}
		b.add(id, at, q, exits{flow.NoAnswer: otherwise, flow.QueueFull: otherwise, flow.Failed: otherwise}, metaRef, ref.String())
		return nil
	}
	b.add(id, at, flow.Dial{To: members[0], Also: members[1:], Strategy: strategy, RingTime: cmp.Or(seconds(d.RingTime), voice.DefaultRingTime), Music: music},
		exits{flow.Busy: otherwise, flow.NoAnswer: otherwise, flow.Failed: otherwise}, metaRef, ref.String())
	return nil
}

// timeGroup asks the clock.
func (b *builder) timeGroup(id flow.NodeID, at string, ref Ref, depth int) error {
	d, _, err := load[*TimeGroup](b.ctx, b.r, ref)
	if err != nil {
		return err
	}
	ways := exits{}
	for _, w := range []struct {
		exit flow.Exit
		to   Ref
	}{{flow.Open, d.Open}, {flow.Closed, d.Closed}, {flow.Holiday, d.Holiday}} {
		if ways[w.exit], err = b.route(id+"."+flow.NodeID(w.exit), at, w.to, depth+1); err != nil {
			return err
		}
	}
	b.add(id, at, flow.Hours{Schedule: d.Schedule()}, ways, metaRef, ref.String())
	return nil
}

// condition asks the clock for one time group after the other.
func (b *builder) condition(id flow.NodeID, at string, ref Ref, depth int) (flow.NodeID, error) {
	d, _, err := load[*Condition](b.ctx, b.r, ref)
	if voice.IsKind(err, voice.NotExist) {
		b.gone(id, at, ref)
		return id, nil
	}
	if err != nil {
		return "", err
	}
	next, err := b.route(id+".default", at, d.Otherwise, depth+1)
	if err != nil {
		return "", err
	}
	for i := len(d.Groups) - 1; i >= 0; i-- {
		group, _, err := load[*TimeGroup](b.ctx, b.r, d.Groups[i])
		if voice.IsKind(err, voice.NotExist) {
			b.diags.Warnf(diagDestination, at, "Time condition %s: %s does not exist and is never open.", d.Name, d.Groups[i])
			continue
		}
		if err != nil {
			return "", err
		}
		here, meta := id, ref.String()
		if i > 0 {
			here, meta = id+"."+flow.NodeID(strconv.Itoa(i)), ""
		}
		open, err := b.route(id+".open."+flow.NodeID(strconv.Itoa(i)), at, d.Leads[i], depth+1)
		if err != nil {
			return "", err
		}
		b.add(here, at, flow.Hours{Schedule: group.Schedule()}, exits{flow.Open: open, flow.Closed: next}, metaRef, meta)
		next = here
	}
	if next != id { // no group is left: the condition itself is the default
		b.add(id, at, flow.Wait{}, exits{flow.Next: next}, metaRef, ref.String())
	}
	return id, nil
}

// attendant plays a prompt and dials the extension that is keyed.
func (b *builder) attendant(id flow.NodeID, at string, ref Ref, depth int) error {
	d, _, err := load[*Attendant](b.ctx, b.r, ref)
	if err != nil {
		return err
	}
	prompts, err := b.prompts(at, d.Recording)
	if err != nil {
		return err
	}
	otherwise, err := b.route(id+".otherwise", at, d.Otherwise, depth+1)
	if err != nil {
		return err
	}
	wait, tries := cmp.Or(seconds(d.Timeout), voice.DefaultFirstDigit), 2
	if d.Tries != nil {
		tries = *d.Tries
	}
	wrong, err := b.play(id+".invalid", played{at, d.Invalid}, true, id+".count")
	if err != nil {
		return err
	}
	b.add(id, at, flow.Gather{Prompts: prompts, BargeIn: true, Extensions: true, FirstDigit: wait, InterDigit: b.o.Timers.InterDigit},
		exits{flow.Extension: id + ".dial", flow.UnknownExt: wrong, flow.InvalidKey: wrong, flow.NoInput: id + ".count"}, metaRef, ref.String())
	b.add(id+".dial", at, flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension},
		exits{flow.Busy: otherwise, flow.NoAnswer: otherwise, flow.Failed: otherwise})
	b.add(id+".count", at, flow.Count{Name: "attendant " + ref.ID, Limit: tries + 1}, exits{flow.Again: id, flow.Over: otherwise})
	return nil
}

// dialplan asks an application.
func (b *builder) dialplan(id flow.NodeID, at string, ref Ref, depth int) error {
	d, _, err := load[*Dialplan](b.ctx, b.r, ref)
	if voice.IsKind(err, voice.NotExist) && b.o.Open {
		d, err = &Dialplan{}, nil
	}
	if err != nil {
		return err
	}
	failed, err := b.route(id+".failed", at, d.Failed, depth+1)
	if err != nil {
		return err
	}
	method := strings.ToUpper(cmp.Or(d.Method, "post"))
	address := flow.Literal(cmp.Or(d.URL, "https://unknown.invalid/"+url.PathEscape(ref.ID)))
	b.add(id, at, flow.Fetch{Dialect: string(Kind), Method: method, URL: address, Timeout: fetchTime}, exits{flow.Failed: failed}, metaRef, ref.String())
	return nil
}

// fetchTime bounds the answer of an application, which the caller waits for in silence.
const fetchTime = 5 * time.Second
