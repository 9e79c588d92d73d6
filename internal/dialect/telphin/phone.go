package telphin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// minPassword is how short a telephone's password may be.
const minPassword = 8

// maxSettings bounds the fields that are kept for a telephone.
const maxSettings = 60

func (q *request) phoneAnswer(e *extension) map[string]any {
	answer := map[string]any{"allow_webrtc": false, "record_enabled": false, "record_transfer": false}
	for name, raw := range e.phone.Settings {
		answer[name] = raw
	}
	answer["extension_id"], answer["login"], answer["domain"] = e.serial(), e.line.Username, q.d.cfg.SIPDomain
	answer["password"] = nil // it is kept as a digest alone
	return answer
}

func getPhone(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	if err := e.of(telphinivr.TypePhone); err != nil {
		return nil, err
	}
	return q.phoneAnswer(e), nil
}

// putPhone sets a telephone's password, and keeps the other fields for clients.
func putPhone(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	password, err := input.Text(body["password"], "password")
	if err != nil {
		return nil, badf("%s", err)
	}
	if password != "" && (len(password) < minPassword || len(password) > 64) {
		return nil, badf("password: 8 to 64 characters are needed")
	}
	e, err := q.changed(func(e *extension) error {
		if err := e.of(telphinivr.TypePhone); err != nil {
			return err
		}
		return setPhone(e, body)
	})
	if err != nil {
		return nil, err
	}
	if password != "" {
		if err := q.setPassword(e, password); err != nil {
			return nil, err
		}
	}
	return q.phoneAnswer(e), nil
}

func setPhone(e *extension, body input.Fields) error {
	settings := maps.Clone(e.phone.Settings)
	if settings == nil {
		settings = map[string]json.RawMessage{}
	}
	for _, name := range body.Names() {
		switch k := input.Kind(body[name]); {
		case slices.Contains([]string{"password", "login", "domain", "extension_id"}, name):
			continue
		case k == "an object" || k == "a list":
			return badf("%s: %s can't be kept here", cut(name), k)
		case len(name) > 64 || len(body[name]) > 1000:
			return badf("%s: it is too long", cut(name))
		}
		settings[name] = body[name]
	}
	if len(settings) > maxSettings {
		return badf("at most %d fields are kept for a telephone", maxSettings)
	}
	e.phone.Settings = settings
	return nil
}

// setPassword replaces the line by one with another password.
func (q *request) setPassword(e *extension, password string) error {
	fresh, _ := q.newLine(e.line.Number, password)
	fresh.Serial, fresh.User, fresh.Created, fresh.Username, fresh.SRTP = e.line.Serial, e.line.User, e.line.Created, e.line.Username, e.line.SRTP
	q.d.making.Lock()
	defer q.d.making.Unlock()
	ctx := context.WithoutCancel(q.Context()) // a client that goes meanwhile leaves no account without the line
	if err := q.d.cfg.Extensions.RemoveExtension(ctx, q.tenant, e.line.Number); err != nil {
		return err
	}
	err := q.d.cfg.Extensions.AddExtension(ctx, fresh)
	if err != nil { // the line that there was comes back
		_ = q.d.cfg.Extensions.AddExtension(ctx, e.line)
		return err
	}
	e.line = fresh
	return nil
}

func (q *request) queueAnswer(e *extension) map[string]any {
	answer := telphinivr.Answer(e.doc.Queue)
	if e.doc.Queue.Agents == nil {
		answer["agents"] = []string{}
	}
	return answer
}

// queue finds the queue of the path.
func (q *request) queue() (*extension, error) {
	e, err := q.extension()
	if err == nil {
		err = e.of(telphinivr.TypeQueue)
	}
	return e, err
}

func getQueue(q *request) (any, error) {
	e, err := q.queue()
	if err != nil {
		return nil, err
	}
	return q.queueAnswer(e), nil
}

func putQueue(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	return q.changeQueue(func(v *telphinivr.Queue) error { return v.Merge(body, "", "extension_id") })
}

// changeQueue makes a change to the queue of the path.
func (q *request) changeQueue(do func(v *telphinivr.Queue) error) (any, error) {
	e, err := q.changed(func(e *extension) error {
		if err := e.of(telphinivr.TypeQueue); err != nil {
			return err
		}
		if err := do(e.doc.Queue); err != nil {
			return err
		}
		return telphinivr.CheckQueue(q.Context(), e.doc.Queue, q.resolver())
	})
	if err != nil {
		return nil, err
	}
	return q.queueAnswer(e), nil
}

// agentAnswer is one agent of a queue; its id is that of its extension.
func (q *request) agentAnswers(e *extension) ([]map[string]any, error) {
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, a := range e.doc.Queue.Agents {
		answer := map[string]any{"extension": a, "extension_id": nil, "id": nil, "queue_extension_id": e.serial()}
		for _, other := range list {
			if other.fields().Name == a {
				answer["id"], answer["extension_id"] = other.serial(), other.serial()
			}
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func listAgents(q *request) (any, error) {
	e, err := q.queue()
	if err != nil {
		return nil, err
	}
	answers, err := q.agentAnswers(e)
	if err != nil {
		return nil, err
	}
	return paged(q, answers)
}

// postAgent adds an agent: "extension" is its internal number, "extension_id" the
// id of its extension.
func postAgent(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	number, err := input.Text(body["extension"], "extension")
	if err != nil {
		return nil, badf("%s", err)
	}
	if id, _ := input.Text(body["extension_id"], "extension_id"); number == "" && id != "" {
		agent := *q
		agent.params = map[string]string{"extension": id}
		e, err := agent.extension()
		if err != nil {
			return nil, badf("extension_id: extension %s does not exist", cut(id))
		}
		number = e.fields().Name
	}
	short, ok := telphinivr.ShortNumber(number)
	if !ok {
		return nil, badf("extension: %q is no internal number", cut(number))
	}
	_, err = q.changeQueue(func(v *telphinivr.Queue) error {
		if slices.Contains(v.Agents, short) {
			return conflictf(statusExists, "extension: %s is an agent of the queue already", short)
		}
		v.Agents = append(v.Agents, short)
		return nil
	})
	if err != nil {
		return nil, err
	}
	e, err := q.queue()
	if err != nil {
		return nil, err
	}
	answers, err := q.agentAnswers(e)
	if err != nil || len(answers) == 0 {
		return nil, err
	}
	return answers[len(answers)-1], nil
}

// deleteAgent removes the agent whose extension's id, or "@" and whose number, the
// path names.
func deleteAgent(q *request) (any, error) {
	agent := *q
	agent.params = map[string]string{"extension": q.params["agent"]}
	who, err := agent.extension()
	if err != nil {
		return nil, err
	}
	return q.changeQueue(func(v *telphinivr.Queue) error {
		i := slices.Index(v.Agents, who.fields().Name)
		if i < 0 {
			return missing("", "extension %s is no agent of the queue", q.params["agent"])
		}
		v.Agents = slices.Delete(v.Agents, i, i+1)
		return nil
	})
}

// getFax answers for an extension of type fax: faxes are not received here.
func getFax(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	if err := e.of(telphinivr.TypeFax); err != nil {
		return nil, err
	}
	return map[string]any{"extension_id": e.serial(), "receives": false}, nil
}

// getANI answers which number an extension shows: none is set for it alone, the
// account's rules decide.
func getANI(q *request) (any, error) {
	if _, err := q.extension(); err != nil {
		return nil, err
	}
	return map[string]any{"default": nil}, nil
}

// numberOf gives an external number that is connected to an extension; "" = none.
func (q *request) numberOf(e *extension) (string, error) {
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return "", err
	}
	for _, n := range numbers {
		if n.Dest == e.destination() {
			return n.E164.Digits(), nil
		}
	}
	return "", nil
}

// destination is where calls to an extension go.
func (e *extension) destination() voice.Destination {
	if e.isApp() {
		return voice.Destination{Kind: voice.ToApp, ID: string(e.app.ID)}
	}
	return voice.Destination{Kind: voice.ToExtension, ID: e.line.Number}
}
