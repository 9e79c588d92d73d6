package smartflo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// maxActions bounds the actions of one answer.
const maxActions = 20

// question is what an application is told of the call.
type question struct {
	UUID   string `json:"uuid"`
	CallID string `json:"call_id"`
	To     string `json:"call_to_number"`
	From   string `json:"caller_id_number"`
	Start  string `json:"start_stamp"`
}

// Ask asks the application of a custom dialplan where a call goes.
func (d *Dialect) Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error) {
	info := q.Call
	body := question{string(info.ID), string(info.ID), strings.TrimPrefix(info.To, "+"), strings.TrimPrefix(info.From, "+"), stamp(info.Start, d.zone(ctx, info.Tenant))}
	req := voice.HTTPRequest{Method: http.MethodPost, URL: q.URL, Type: "application/json", Timeout: q.Step.Timeout}
	if strings.EqualFold(q.Step.Method, http.MethodGet) {
		u, err := url.Parse(q.URL)
		if err != nil {
			return req, voice.E("smartflo.Ask", voice.Invalid, err)
		}
		query := u.Query()
		for name, value := range map[string]string{"uuid": body.UUID, "call_id": body.CallID, "call_to_number": body.To, "caller_id_number": body.From, "start_stamp": body.Start} {
			query.Set(name, value)
		}
		u.RawQuery = query.Encode()
		req.Method, req.URL, req.Type = http.MethodGet, u.String(), ""
		return req, nil
	}
	var err error
	req.Body, err = json.Marshal(body)
	return req, err
}

// answerStep is one action of an answer: [{"transfer":{"type":"number","data":[…]}}].
type answerStep struct {
	Transfer  *answerTarget `json:"transfer"`
	Recording *answerTarget `json:"recording"`
	Hangup    any           `json:"hangup"`
}

type answerTarget struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	Ring int             `json:"ring_timeout"` // s
}

// Reply makes a program of an application's answer: recordings that are played,
// then the first transfer or hang-up.
func (d *Dialect) Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer, r dialect.Resolver) (*flow.Program, error) {
	const op = "smartflo.Reply"
	answer, err := input.AnswerJSON(a.Status, a.Body)
	if err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	var steps []answerStep
	if err := json.Unmarshal(answer, &steps); err != nil {
		var one answerStep
		if json.Unmarshal(answer, &one) != nil {
			return nil, voice.Errorf(op, voice.Invalid, "the application's answer is no list of actions: %w", err)
		}
		steps = []answerStep{one}
	}
	if len(steps) == 0 || len(steps) > maxActions {
		return nil, voice.Errorf(op, voice.Invalid, "the application's answer has %d actions; 1 to %d are needed", len(steps), maxActions)
	}
	o, err := d.options(ctx, q.Call.Tenant)
	if err != nil {
		return nil, err
	}
	p := &flow.Program{App: q.App, Name: "answer of the application"}
	var last *flow.Node
	for i, s := range steps {
		at := fmt.Sprintf("/%d", i)
		nodes, entry, over, err := d.answered(ctx, q, at, s, r, o)
		if err != nil {
			return nil, voice.Errorf(op, voice.Invalid, "action %d of the application's answer: %s", i, voice.Reason(err))
		}
		if last != nil {
			last.Exits = map[flow.Exit]flow.NodeID{flow.Next: entry}
		} else {
			p.Entry = entry
		}
		p.Nodes = append(p.Nodes, nodes...)
		last = &p.Nodes[len(p.Nodes)-1]
		if over {
			break
		}
	}
	return p, nil
}

// answered makes the nodes of one action; over says that nothing can follow.
func (d *Dialect) answered(ctx context.Context, q flow.Question, at string, s answerStep, r dialect.Resolver, o smartfloivr.Options) ([]flow.Node, flow.NodeID, bool, error) {
	id := flow.NodeID("action" + strings.ReplaceAll(at, "/", "_"))
	switch {
	case s.Recording != nil:
		list, err := texts(s.Recording.Data)
		if err != nil {
			return nil, "", false, err
		}
		var prompts []voice.Prompt
		for _, t := range list {
			ref, err := smartfloivr.ParseRecording(t)
			if err != nil {
				return nil, "", false, err
			}
			n, err := strconv.ParseInt(ref.ID, 10, 64)
			if err != nil {
				return nil, "", false, err
			}
			sound, err := r.SoundBySerial(ctx, n)
			if err != nil {
				return nil, "", false, err
			}
			prompts = append(prompts, voice.Prompt{Kind: voice.PromptSound, Sound: sound.ID})
		}
		return []flow.Node{{ID: id, Origin: at + "/recording", Step: flow.Play{Prompts: prompts}}}, id, false, nil
	case s.Transfer != nil:
		return d.transfer(ctx, q, id, at+"/transfer", *s.Transfer, r, o)
	case s.Hangup != nil:
		return []flow.Node{{ID: id, Origin: at + "/hangup", Step: flow.Hangup{Words: "the application says hang up"}}}, id, true, nil
	}
	return nil, "", false, fmt.Errorf("it is none of transfer, recording, hangup")
}

func (d *Dialect) transfer(ctx context.Context, q flow.Question, id flow.NodeID, at string, t answerTarget, r dialect.Resolver, o smartfloivr.Options) ([]flow.Node, flow.NodeID, bool, error) {
	list, err := texts(t.Data)
	if err != nil {
		return nil, "", false, err
	}
	if len(list) == 0 && t.Type != smartfloivr.RefHangup {
		return nil, "", false, fmt.Errorf("data is missing")
	}
	ring := time.Duration(min(max(t.Ring, 0), int(voice.MaxRingTime/time.Second))) * time.Second
	if strings.EqualFold(t.Type, "number") || strings.EqualFold(t.Type, smartfloivr.RefAgent) {
		dial := flow.Dial{RingTime: ring, Strategy: voice.InTurn}
		for i, s := range list {
			e, err := smartfloivr.Number(s, o.Country)
			if err != nil {
				return nil, "", false, err
			}
			to := voice.Destination{Kind: voice.ToNumber, ID: string(e)}
			if i == 0 {
				dial.To = to
			} else {
				dial.Also = append(dial.Also, to)
			}
		}
		if len(list) > voice.MaxTargets {
			return nil, "", false, fmt.Errorf("data has %d numbers; at most %d are called", len(list), voice.MaxTargets)
		}
		return []flow.Node{{ID: id, Origin: at, Step: dial}}, id, true, nil
	}
	text := t.Type + "|"
	if len(list) > 0 {
		text += list[0]
	}
	ref, err := smartfloivr.ParseDestination(text)
	if err != nil {
		return nil, "", false, err
	}
	p, diags, err := smartfloivr.CompileRef(ctx, q.App, ref, r, o)
	if err != nil {
		return nil, "", false, err
	}
	if first, broken := diags.FirstError(); broken {
		return nil, "", false, fmt.Errorf("%s", first.Text)
	}
	for i := range p.Nodes {
		p.Nodes[i].Origin = at
	}
	return p.Nodes, p.Entry, true, nil
}

// texts reads a text or number, or a list of them.
func texts(raw json.RawMessage) ([]string, error) {
	if input.IsNull(raw) {
		return nil, nil
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
	}
	var list []string
	for _, item := range items {
		s, err := input.Text(item, "data")
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
