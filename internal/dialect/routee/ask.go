package routee

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// question is what an application is asked with.
type question struct {
	MessageID  string  `json:"messageId"`
	TrackingID string  `json:"conversationTrackingId"`
	From       string  `json:"from"`
	To         string  `json:"to"`
	Tones      *string `json:"collectedTones,omitempty"`
	AnsweredBy string  `json:"answeredBy,omitempty"`
}

// Ask gives the request for a plan: of a number, of a conversation with a
// dialPlanUrl, of COLLECT with the keys, or for an answering machine.
func (d *Dialect) Ask(_ context.Context, q flow.Question) (voice.HTTPRequest, error) {
	body := question{
		MessageID: MessageID(q.Call.ID, first), TrackingID: TrackingID(q.Call.ID),
		From: cmp.Or(q.Vars[routeeplan.VarFrom], plus(q.Call.From)), To: cmp.Or(q.Vars[routeeplan.VarTo], plus(q.Call.To)),
	}
	if tones, is := q.Vars[flow.VarCollected]; is {
		body.Tones = &tones
	} else if q.Vars[flow.VarAnsweredBy] == string(voice.AnsweredByMachine) {
		body.AnsweredBy = strings.ToUpper(string(voice.AnsweredByMachine))
		if to := q.Vars[routeeplan.VarMachineTo]; to != "" {
			body.MessageID = MessageID(q.Call.ID, strokes(q.Vars[routeeplan.VarDials]))
			body.From, body.To = q.Vars[routeeplan.VarMachineFrom], to
		}
	}
	data, err := json.Marshal(body)
	if err != nil {
		return voice.HTTPRequest{}, voice.E("routee.Ask", voice.Internal, err)
	}
	return voice.HTTPRequest{Method: http.MethodPost, URL: q.URL, Timeout: q.Step.Timeout, Type: "application/json", Body: data}, nil
}

// Reply makes a program of the plan that an application answers.
func (d *Dialect) Reply(_ context.Context, q flow.Question, a voice.HTTPAnswer, _ dialect.Resolver) (*flow.Program, error) {
	const op = "routee.Reply"
	f, err := input.AnswerObject(a.Status, a.Body)
	if err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	if inner := f["dialPlan"]; f["verbs"] == nil && !input.IsNull(inner) { // as in a conversation
		if f, err = input.Object(inner, "dialPlan"); err != nil {
			return nil, voice.E(op, voice.Invalid, err)
		}
	}
	plan, err := routeeplan.Read(f)
	if err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	p := routeeplan.Compile(plan, routeeplan.Options{Name: "dial plan of the answer"})
	p.App = q.App
	return p, nil
}
