package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Fragment is a flow that comes with a request.
type Fragment struct {
	Steps    json.RawMessage `json:"steps,omitempty" doc:"As the steps of a native document: a map from the name of a step to the step; at most 1,000"`
	Start    string          `json:"start,omitempty" maxLength:"200" doc:"Name of the first step; may be missing where there is one alone"`
	Language string          `json:"language,omitempty" maxLength:"35" doc:"Of what is spoken, such as en-GB"`
}

// StepOrder is what a call that is up is to do.
type StepOrder struct {
	Fragment
	Mode    string `json:"mode,omitempty" enum:"next,instead,over" doc:"next (the default): after the present step; instead: the present step is broken off; over: one play step sounds over whatever is heard, and the flow goes on meanwhile"`
	Replace bool   `json:"replace,omitempty" doc:"The steps take the place of the flow, which otherwise goes on when they are over"`
	At      string `json:"at,omitempty" maxLength:"200" doc:"Only while the call waits in the await step of this name"`
	Last    bool   `json:"last,omitempty" doc:"The call takes no steps after these"`
	Words   string `json:"words,omitempty" maxLength:"200" doc:"For the timeline"`
	Mix     bool   `json:"mix,omitempty" doc:"Of over: mixed with what else is heard; otherwise it covers that"`
	Loop    bool   `json:"loop,omitempty" doc:"Of over: again and again, until it is stopped"`
	Leg     string `json:"leg,omitempty" maxLength:"64" doc:"Of over: who hears it, a leg of the timeline; missing = the caller"`
}

func (a *API) registerSteps(section string) {
	handle(a, route{id: "command-call", method: http.MethodPost, path: "/calls/{call}/steps", section: section, scope: CallsWrite, status: http.StatusAccepted,
		title: "Let a call do something",
		text: "Steps of several orders are done in the order in which they came. The answer does not wait for them. With an Idempotency-Key, a repeated " +
			"order does nothing. 404 when the call is not up, 409 when it takes no steps or does not wait where it should, 429 when too many wait."}, a.command)
	handle(a, route{id: "stop-over-call", method: http.MethodDelete, path: "/calls/{call}/over", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Stop what sounds over a call"}, a.stopOver)
	handle(a, route{id: "record-call", method: http.MethodPost, path: "/calls/{call}/recording", section: section, scope: CallsWrite, status: http.StatusCreated,
		title: "Record a call from now on", text: "Beside its flow, across transfers, until the call is over. 409 when it is being recorded."}, a.startTape)
	handle(a, route{id: "pause-call-recording", method: http.MethodPut, path: "/calls/{call}/recording", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Pause or resume the recording of a call", text: "While it is paused, silence is recorded."}, a.pauseTape)
	handle(a, route{id: "stop-call-recording", method: http.MethodDelete, path: "/calls/{call}/recording", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Stop the recording of a call"}, a.stopTape)
	handle(a, route{id: "press-keys", method: http.MethodPost, path: "/calls/{call}/keys", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Press keys on a call"}, a.pressKeys)
	handle(a, route{id: "hold-call", method: http.MethodPost, path: "/calls/{call}/hold", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Put a party of a talk on hold", text: "It hears music and is not heard until it is taken off hold or the talk is over. " +
			"Who is on hold already hears the new music. 404 when the call is not up or has no such leg in its talk, 409 when nobody talks."}, a.hold)
	handle(a, route{id: "unhold-call", method: http.MethodPost, path: "/calls/{call}/unhold", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Take a party of a talk off hold", text: "409 when it is not on hold."}, a.unhold)
}

// fragment makes the program of steps that came with a request.
func (a *API) fragment(ctx context.Context, c caller, f Fragment, name string, app voice.AppID) (*flow.Program, error) {
	var steps map[string]json.RawMessage
	if err := json.Unmarshal(f.Steps, &steps); err != nil || len(steps) == 0 {
		return nil, invalid("body.steps", "steps is a map from the name of a step to the step, and holds at least one")
	}
	if len(steps) > flow.MaxFetched {
		return nil, invalid("body.steps", "there are %d steps; at most %d are allowed", len(steps), flow.MaxFetched)
	}
	if f.Start == "" {
		if len(steps) > 1 {
			return nil, invalid("body.start", "start is missing: the name of the first of %d steps", len(steps))
		}
		for f.Start = range steps {
		}
	}
	head := map[string]any{"flow": native.Version, "name": name, "start": f.Start, "steps": f.Steps}
	if f.Language != "" {
		head["language"] = f.Language
	}
	document, err := json.Marshal(head)
	if err != nil {
		return nil, voice.E("httpapi.fragment", voice.Internal, err)
	}
	p, ds, err := native.NewFormat().CompileFile(ctx, document, a.cfg.Resolver(c.tenant))
	if bad := faults(ds, "body", "the steps have errors"); bad != nil {
		return nil, bad
	}
	if err != nil {
		return nil, there(err, "body.steps")
	}
	p.App = app
	return &p, nil
}

func (a *API) command(ctx context.Context, c caller, in *struct {
	CallPath
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Your own word for this order; it counts for a day"`
	Body StepOrder
}) (*answer[Ordered], error) {
	id := voice.CallID(in.Call)
	key := ""
	if in.Key != "" {
		key = orderRef(c.tenant, in.Call+"\x00"+in.Key)
	}
	begin := func() (voice.CallID, error) { return id, a.orderSteps(ctx, c, id, key, in.Body) }
	if key == "" {
		if _, err := begin(); err != nil {
			return nil, err
		}
		return body(Ordered{Call: in.Call}), nil
	}
	_, repeated, err := a.orders.once(ctx, key, in.Body, a.cfg.Now(), begin)
	if err != nil {
		return nil, err
	}
	return body(Ordered{Call: in.Call, Repeated: repeated}), nil
}

// orderSteps gives the call its order.
func (a *API) orderSteps(ctx context.Context, c caller, id voice.CallID, key string, in StepOrder) error {
	live, err := a.cfg.Live.LiveCall(ctx, c.tenant, id)
	if err != nil {
		return err
	}
	words := cmp.Or(cleanName(in.Words), "steps") + ", by order of " + c.by()
	p, err := a.fragment(ctx, c, in.Fragment, words, live.App)
	if err != nil {
		return err
	}
	if in.Mode == "over" {
		spec, err := over(in, p)
		if err != nil {
			return err
		}
		return a.cfg.Commands.PlayOver(ctx, c.tenant, id, spec)
	}
	if in.Mix || in.Loop || in.Leg != "" {
		return invalid("body.mode", "mix, loop and leg belong to mode over")
	}
	cmd := flow.Command{Mode: voice.CommandMode(in.Mode), At: in.At, Program: p, Replace: in.Replace, Last: in.Last, Key: key, Text: words}
	return there(a.cfg.Commands.Command(ctx, c.tenant, id, cmd), "body.steps", voice.Invalid)
}

// over makes of a program of one play step what sounds over a call.
func over(in StepOrder, p *flow.Program) (voice.OverSpec, error) {
	none := voice.OverSpec{}
	if in.Replace || in.At != "" || in.Last {
		return none, invalid("body.mode", "replace, at and last belong to the modes next and instead")
	}
	s, is := p.Nodes[0].Step.(flow.Play)
	if len(p.Nodes) != 1 || !is || s.BargeIn || len(s.In) > 0 || len(s.Prompts) == 0 {
		return none, invalid("body.steps", "mode over takes one play step with prompts alone")
	}
	if slices.ContainsFunc(s.Prompts, func(p voice.Prompt) bool { return p.Template }) {
		return none, invalid("body.steps", "what sounds over a call has no variables: it is no step of the flow")
	}
	return voice.OverSpec{Leg: voice.LegID(in.Leg), Prompts: s.Prompts, Mix: in.Mix, Loop: in.Loop}, nil
}
