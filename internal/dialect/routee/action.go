package routee

import (
	"regexp"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// running is a leg of a call that is up.
type running struct {
	call voice.LiveCall
	leg  int
	id   voice.LegID // of the leg in the engine; "" = the first party's
	to   string
	up   bool // it is in progress
}

// live finds the leg of the path among the calls that are up.
func (q *request) live() (running, error) {
	for _, ref := range candidates(q.params["id"]) {
		c, err := q.d.cfg.Live.LiveCall(q.Context(), q.tenant, ref.call)
		if voice.IsKind(err, voice.NotExist) {
			continue
		}
		if err != nil {
			return running{}, err
		}
		r := running{call: c, leg: ref.leg, up: !c.Answered.IsZero()}
		if ref.leg == first {
			return r, nil
		}
		t, err := q.timeline(ref.call)
		if err != nil {
			return r, err
		}
		if ref.leg >= len(t.legs) || final(t.legs[ref.leg].state) {
			break
		}
		l := t.legs[ref.leg]
		r.id, r.to, r.up = l.id, l.to, l.state == stateInProgress
		return r, nil
	}
	return running{}, badf(codeNotFound, "the call is not found or not active")
}

// hears says why nothing can be sent to a leg; nil when it can, or the engine will
// say.
func (r running) hears() error {
	if r.leg != first && !r.up {
		return badf(codeNotFound, "the leg to %s is not in progress", r.to)
	}
	return nil
}

// done is the answer to an action.
func (q *request) done(r running, words string) map[string]any {
	return map[string]any{"messageId": MessageID(r.call.Info.ID, r.leg), "message": words, "createdAt": stamp(q.d.cfg.Now())}
}

// acted gives the answer to an action, or what its error means.
func (q *request) acted(r running, words string, err error) (any, error) {
	switch voice.KindOf(err) {
	case "":
		return q.done(r, words), nil
	case voice.NotExist:
		return nil, badf(codeNotFound, "the call is not found or not active: %s", voice.Reason(err))
	case voice.Conflict, voice.Invalid:
		return nil, badf(codeAction, "%s", voice.Reason(err))
	}
	return nil, err
}

// action finds the leg and reads the body, which may be empty.
func (q *request) action() (running, input.Fields, error) {
	f, err := q.body()
	if err != nil {
		return running{}, nil, err
	}
	r, err := q.live()
	return r, f, err
}

func putAction(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	action, err := routeeplan.Text(f["action"], "action", 40)
	if err != nil {
		return nil, coded(codeAction, err)
	}
	switch action = strings.ToLower(action); {
	case action != "hangup" && action != "reject":
		return nil, badf(codeAction, "action: %q is neither hangup nor reject", action)
	case action == "hangup" && !r.up:
		return nil, badf(codeAction, "action: a call that is not in progress can be rejected, not hung up")
	case action == "reject" && r.up:
		return nil, badf(codeAction, "action: a call that is in progress can be hung up, not rejected")
	case r.leg != first:
		p := &flow.Program{Name: action, Entry: "back", Nodes: []flow.Node{{ID: "back", Step: flow.Return{}}}}
		err = q.d.cfg.Commands.Command(q.Context(), q.tenant, r.call.Info.ID, flow.Command{Mode: voice.CommandInstead, Program: p, Text: action + " of the leg to " + r.to})
		return q.acted(r, action+" ordered", err)
	}
	err = q.d.cfg.Live.Hangup(q.Context(), q.tenant, r.call.Info.ID, action+" ordered over the Routee API")
	return q.acted(r, action+" ordered", err)
}

func startRecord(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	longest, err := routeeplan.Seconds(f["duration"], "duration", voice.MaxRecordLength)
	if err != nil {
		return nil, coded(codeAction, err)
	}
	format, err := routeeplan.Format(f["format"], "format")
	if err != nil {
		return nil, coded(codeAction, err)
	}
	_, err = q.d.cfg.Commands.StartTape(q.Context(), q.tenant, r.call.Info.ID, voice.TapeSpec{User: q.user, Mixed: true, MaxLength: longest,
		Data: map[string]string{dataFormat: format}})
	return q.acted(r, "recording started", err)
}

func stopRecord(q *request) (any, error) {
	r, err := q.live()
	if err != nil {
		return nil, err
	}
	return q.acted(r, "recording stopped", q.d.cfg.Commands.OrderTape(q.Context(), q.tenant, r.call.Info.ID, voice.TapeStop))
}

func startTalk(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	if input.IsNull(f["language"]) {
		f["language"] = []byte(`"en-US"`)
	}
	m, err := routeeplan.ReadMessage(f, "")
	if err != nil {
		return nil, coded(codeAction, err)
	}
	return q.over(r, f, m.Prompt(), "speaking")
}

func startFile(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	address, err := routeeplan.Address(f["fileURL"], "fileURL", true)
	if err != nil {
		return nil, coded(codeAction, err)
	}
	return q.over(r, f, voice.Prompt{Kind: voice.PromptURL, Text: address}, "playing")
}

// over lets a leg hear a prompt, mixed with what it hears or instead of it.
func (q *request) over(r running, f input.Fields, p voice.Prompt, words string) (any, error) {
	mix, err := routeeplan.Flag(f["multiplex"], "multiplex")
	if err != nil {
		return nil, coded(codeAction, err)
	}
	if err := r.hears(); err != nil {
		return nil, err
	}
	err = q.d.cfg.Commands.PlayOver(q.Context(), q.tenant, r.call.Info.ID, voice.OverSpec{Leg: r.id, Prompts: []voice.Prompt{p}, Mix: mix})
	return q.acted(r, words+" started", err)
}

func stopSound(q *request) (any, error) {
	r, err := q.live()
	if err != nil {
		return nil, err
	}
	if err := r.hears(); err != nil {
		return nil, err
	}
	return q.acted(r, "stopped", q.d.cfg.Commands.StopOver(q.Context(), q.tenant, r.call.Info.ID, r.id))
}

var dtmfKeys = regexp.MustCompile(`^[A-D0-9#*,wW]{1,100}$`)

func sendKeys(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	keys, err := routeeplan.Text(f["dtmf"], "dtmf", 100)
	if err != nil {
		return nil, coded(codeAction, err)
	}
	if !dtmfKeys.MatchString(keys) {
		return nil, badf(codeAction, "dtmf: %q does not match [A-D0-9#*,wW]+ of at most 100", keys)
	}
	if err := r.hears(); err != nil {
		return nil, err
	}
	return q.acted(r, "keys sent", q.d.cfg.Commands.SendKeys(q.Context(), q.tenant, r.call.Info.ID, r.id, keys))
}

// transfer puts a DIAL in place of whatever the call does.
func transfer(q *request) (any, error) {
	r, f, err := q.action()
	if err != nil {
		return nil, err
	}
	v := routeeplan.Verb{Type: routeeplan.Dial, Format: "MP3"}
	if v.From, err = routeeplan.From(f["from"], "from"); err == nil {
		v.To, err = routeeplan.ReadParty(f["to"], "to")
	}
	if err == nil {
		v.Ring, err = routeeplan.Seconds(f["hangupDelay"], "hangupDelay", routeeplan.MaxRing)
	}
	if err == nil {
		v.Longest, err = routeeplan.Seconds(f["maxDuration"], "maxDuration", routeeplan.MaxTalk)
	}
	if err == nil {
		v.Callback, err = routeeplan.ReadCallback(f["callback"], "callback")
	}
	if err != nil {
		return nil, coded(codeAction, err)
	}
	p := routeeplan.Compile(routeeplan.Plan{Verbs: []routeeplan.Verb{v}}, routeeplan.Options{Name: "transfer"})
	err = q.d.cfg.Commands.Command(q.Context(), q.tenant, r.call.Info.ID, flow.Command{
		Mode: voice.CommandInstead, Program: p, Replace: true, Text: "transfer to " + v.To.String()})
	return q.acted(r, "transfer to "+v.To.String()+" ordered at "+q.d.cfg.Now().UTC().Format(time.RFC3339), err)
}
