package smartflo

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Beginnings of the references of orders, which say who is rung first.
const (
	agentFirst    = "c2c"
	customerFirst = "sup"
)

// queued is the vendor's answer to an order that was taken.
const queued = "Originate successfully queued"

// maxIdentifier bounds custom_identifier, in bytes.
const maxIdentifier = 1000

// order is what both click-to-call requests have.
type order struct {
	limit      time.Duration
	identifier string
}

func (q *request) order(f input.Fields, known ...string) (order, error) {
	var o order
	known = append(known, "caller_id", "async", "call_timeout", "custom_identifier", "get_call_id")
	for _, name := range f.Names() {
		if !slices.Contains(known, name) {
			return o, bad("The %s field is unknown.", name)
		}
	}
	async, err := text(f, "async", false)
	if err != nil {
		return o, err
	}
	if async != "" && async != "1" && async != "true" {
		return o, bad("The async field must be 1.")
	}
	if o.limit, err = span(f, "call_timeout", 1, int(voice.DefaultMaxDuration/time.Second)); err != nil {
		return o, err
	}
	raw := f["custom_identifier"]
	switch {
	case input.IsNull(raw):
	case raw[0] == '{' || raw[0] == '[':
		o.identifier = string(raw)
	default:
		if o.identifier, err = text(f, "custom_identifier", false); err != nil {
			return o, err
		}
	}
	if len(o.identifier) > maxIdentifier {
		return o, bad("The custom_identifier field is invalid: it is longer than %d bytes.", maxIdentifier)
	}
	return o, nil
}

// span reads a time in seconds; 0 when it is not given.
func span(f input.Fields, name string, least, most int) (time.Duration, error) {
	s, err := text(f, name, false)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, bad("The %s field is invalid: %q is not a whole number from %d to %d.", name, s, least, most)
	}
	return time.Duration(n) * time.Second, nil
}

// shown reads caller_id, which has to be a number of the account.
func (q *request) shown(f input.Fields) (string, error) {
	s, err := text(f, "caller_id", false)
	if err != nil || s == "" {
		return "", err
	}
	o, err := q.d.options(q.Context(), q.tenant)
	if err != nil {
		return "", err
	}
	e, err := smartfloivr.Number(s, o.Country)
	if err != nil {
		return "", bad("The caller_id field is invalid: %s.", voice.Reason(err))
	}
	n, err := q.d.cfg.Numbers.NumberByE164(q.Context(), e)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return "", err
	}
	if err != nil || n.Tenant != q.tenant {
		return "", bad("The caller_id field is invalid: %s is not a number of this account.", s)
	}
	return string(e), nil
}

// agent reads who is meant by an agent's id, EID, intercom, number or log-in.
func (q *request) agent(field, s string) (voice.Destination, error) {
	ctx := q.Context()
	extensions, err := q.d.cfg.Extensions.Extensions(ctx, q.tenant)
	if err != nil {
		return voice.Destination{}, err
	}
	users, err := q.d.cfg.Users.Users(ctx, q.tenant)
	if err != nil {
		return voice.Destination{}, err
	}
	o, err := q.d.options(ctx, q.tenant)
	if err != nil {
		return voice.Destination{}, err
	}
	number, numberErr := smartfloivr.Number(s, o.Country)
	if e, ok := smartfloivr.FindExtension(extensions, strings.TrimPrefix(s, "+")); ok && (numberErr != nil || e.Number == s || smartfloivr.EID(q.tenant, e.Number) == s) {
		return voice.Destination{Kind: voice.ToExtension, ID: e.Number}, nil
	}
	for _, u := range users {
		if s == strconv.FormatInt(u.Serial, 10) || s != "" && strings.EqualFold(u.Email, s) {
			return voice.Destination{Kind: voice.ToUser, ID: string(u.ID)}, nil
		}
		for _, p := range u.Phones {
			if numberErr == nil && p.Number == number {
				return voice.Destination{Kind: voice.ToNumber, ID: string(p.Number)}, nil
			}
		}
	}
	if e, ok := smartfloivr.FindExtension(extensions, s); ok { // an EID of another system that looks like a number
		return voice.Destination{Kind: voice.ToExtension, ID: e.Number}, nil
	}
	return voice.Destination{}, bad("The %s field is invalid: there is no agent %s.", field, s)
}

func postClickToCall(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	o, err := q.order(f, "agent_number", "destination_number")
	if err != nil {
		return nil, err
	}
	agent, err := text(f, "agent_number", true)
	if err != nil {
		return nil, err
	}
	to, err := text(f, "destination_number", true)
	if err != nil {
		return nil, err
	}
	cb := dialect.CallBack{Tenant: q.tenant, User: q.user.ID, App: "click_to_call", Tag: o.identifier, Order: voice.NewID(agentFirst)}
	if cb.First, err = q.agent("agent_number", agent); err != nil {
		return nil, err
	}
	if cb.Second, err = q.customer("destination_number", to); err != nil {
		return nil, err
	}
	if cb.ShowSecond, err = q.shown(f); err != nil {
		return nil, err
	}
	if o.limit > 0 {
		cb.Program = joined(cb.Second, cb.ShowSecond, o.limit)
	}
	return q.originate(cb)
}

// customer reads the number of a customer.
func (q *request) customer(field, s string) (voice.Destination, error) {
	o, err := q.d.options(q.Context(), q.tenant)
	if err != nil {
		return voice.Destination{}, err
	}
	e, err := smartfloivr.Number(s, o.Country)
	if err != nil {
		return voice.Destination{}, bad("The %s field is invalid: %s.", field, voice.Reason(err))
	}
	return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, nil
}

// joined is the program of whoever has answered an order: the other is called,
// for a bounded time.
func joined(to voice.Destination, show string, limit time.Duration) *flow.Program {
	const tone = 5 * time.Second
	busy := voice.Prompt{Kind: voice.PromptTone, Standard: "busy", Duration: tone}
	return &flow.Program{Name: "click to call", Entry: "to", Nodes: []flow.Node{
		{ID: "to", Step: flow.Dial{To: to, CallerID: show, MaxDuration: limit},
			Exits: map[flow.Exit]flow.NodeID{flow.Busy: "tone", flow.NoAnswer: "tone", flow.Failed: "tone"}},
		{ID: "tone", Step: flow.Play{Prompts: []voice.Prompt{busy}}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "end"}},
		{ID: "end", Step: flow.Hangup{Words: "the second party was not reached"}},
	}}
}

// originate gives an order to the switchboard.
func (q *request) originate(cb dialect.CallBack) (any, error) {
	_, err := q.d.cfg.Control.Originate(q.Context(), cb)
	switch voice.KindOf(err) {
	case "":
		return done{Success: true, Message: queued, RefID: cb.Order}, nil
	case voice.Invalid, voice.NotExist:
		return nil, bad("The call can't be made: %s.", voice.Reason(err))
	case voice.Permission:
		return nil, failf(http.StatusForbidden, "The call is not allowed: %s.", voice.Reason(err))
	}
	return nil, err
}

// postSupport is click_to_call_support: a key stands in for the token. The
// customer is rung first, then the key's destination.
func postSupport(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	key, err := text(f, "api_key", true)
	if err != nil {
		return nil, err
	}
	res, doc, err := q.d.byKey(q, key)
	if err != nil {
		return nil, err
	}
	q.tenant = res.Tenant
	if err := q.d.slow(q.tenant); err != nil {
		return nil, err
	}
	o, err := q.order(f, "api_key", "customer_number", "customer_ring_timeout")
	if err != nil {
		return nil, err
	}
	customer, err := text(f, "customer_number", true)
	if err != nil {
		return nil, err
	}
	cb := dialect.CallBack{Tenant: q.tenant, App: "click_to_call_support", Tag: o.identifier, Order: voice.NewID(customerFirst)}
	if cb.First, err = q.customer("customer_number", customer); err != nil {
		return nil, err
	}
	if cb.ShowFirst, err = q.shown(f); err != nil {
		return nil, err
	}
	if cb.RingFirst, err = span(f, "customer_ring_timeout", 10, 30); err != nil {
		return nil, err
	}
	opt, err := q.d.options(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	p, diags, err := smartfloivr.CompileRef(q.Context(), "", doc.Destination, q.d.resolver(q.tenant), opt)
	if err != nil {
		return nil, err
	}
	if first, broken := diags.FirstError(); broken {
		return nil, bad("%s", first.Text)
	}
	for i, n := range p.Nodes {
		if s, ok := n.Step.(flow.Dial); ok && o.limit > 0 {
			s.MaxDuration = o.limit
			p.Nodes[i].Step = s
		}
	}
	cb.Program = &p
	return q.originate(cb)
}
