package routee

import (
	"encoding/json"
	"strings"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// typeNumber is the type of the apps that answer numbers; their document is a strategy.
const typeNumber = "number"

// strategy is what a number does with its calls: at most one of the first three is set.
type strategy struct {
	PlanURL  string `json:"dialplanUrl,omitempty"`
	ToSIP    string `json:"forwardCallToSip,omitempty"`
	To       string `json:"forwardCallTo,omitempty"` // E.164
	SMS      string `json:"inboundSmsCallbackUrl,omitempty"`
	Callback string `json:"inboundVoiceCallbackUrl,omitempty"`
	Strategy string `json:"inboundVoiceCallbackStrategy,omitempty"` // "" = OnChange
}

// program is what answers calls to the number.
func (s strategy) program() *flow.Program {
	notify := s.Strategy
	if notify == "" {
		notify = routeeplan.OnChange
	}
	p := &flow.Program{Entry: "arrived", Nodes: []flow.Node{
		{ID: "arrived", Origin: "/inboundVoiceCallbackUrl", Exits: map[flow.Exit]flow.NodeID{flow.Next: "go"}, Step: flow.Notice{Dialect: routeeplan.Kind,
			Fields: map[string]flow.Template{dataService: serviceInbound, dataCallback: flow.Literal(s.Callback), dataStrategy: flow.Literal(notify)}}},
	}}
	to := routeeplan.Party{Phone: s.To, SIP: s.ToSIP}
	switch {
	case s.PlanURL != "":
		p.Nodes = append(p.Nodes,
			flow.Node{ID: "go", Origin: "/voiceInboundStrategy/dialplanUrl", Exits: map[flow.Exit]flow.NodeID{flow.Failed: "none"},
				Step: flow.Fetch{Dialect: routeeplan.Kind, URL: flow.Literal(s.PlanURL), Timeout: flow.CollectTime, Replace: true}},
			flow.Node{ID: "none", Origin: "/voiceInboundStrategy/dialplanUrl", Step: flow.Hangup{Cause: voice.CauseNoAnswer, Words: "no dial plan came"}})
	case s.To != "" || s.ToSIP != "":
		p.Nodes = append(p.Nodes, flow.Node{ID: "go", Origin: "/voiceInboundStrategy", Step: flow.Dial{To: to.Destination()}})
	default:
		p.Nodes = append(p.Nodes, flow.Node{ID: "go", Origin: "/voiceInboundStrategy", Step: flow.Hangup{Cause: voice.CauseNoAnswer, Words: "the number has no strategy for calls"}})
	}
	return p
}

// readStrategy changes s by the fields that are given.
func (s *strategy) read(f input.Fields) (err error) {
	if raw, given := f["inboundSmsCallbackUrl"]; given {
		if s.SMS, err = routeeplan.Address(raw, "inboundSmsCallbackUrl", false); err != nil {
			return err
		}
	}
	if raw, given := f["inboundVoiceCallbackUrl"]; given {
		if s.Callback, err = routeeplan.Address(raw, "inboundVoiceCallbackUrl", false); err != nil {
			return err
		}
	}
	if raw, given := f["inboundVoiceCallbackStrategy"]; given {
		if s.Strategy, err = routeeplan.Strategy(raw, "inboundVoiceCallbackStrategy"); err != nil {
			return err
		}
	}
	const field = "voiceInboundStrategy"
	raw, given := f[field]
	if !given {
		return nil
	}
	s.PlanURL, s.To, s.ToSIP = "", "", ""
	in, err := input.Object(raw, field)
	if err != nil {
		return err
	}
	if s.PlanURL, err = routeeplan.Address(in["dialplanUrl"], field+".dialplanUrl", false); err != nil {
		return err
	}
	party := func(name, key string) (routeeplan.Party, error) {
		if v, err := input.Text(in[name], field+"."+name); err != nil || v == "" {
			return routeeplan.Party{}, err
		}
		object, err := json.Marshal(map[string]json.RawMessage{key: in[name]})
		if err != nil {
			return routeeplan.Party{}, err
		}
		return routeeplan.ReadParty(object, field+"."+name)
	}
	number, err := party("forwardCallTo", "phone")
	if err != nil {
		return err
	}
	sip, err := party("forwardCallToSip", "sip")
	if err != nil {
		return err
	}
	s.To, s.ToSIP = number.Phone, sip.SIP
	ways := 0
	for _, way := range []string{s.PlanURL, s.To, s.ToSIP} {
		if way != "" {
			ways++
		}
	}
	if ways > 1 {
		return voice.InvalidField("", field, "%s: one of dialplanUrl, forwardCallToSip and forwardCallTo is needed, not %d", field, ways).Err
	}
	return nil
}

// view gives a number as the API shows it.
func (q *request) view(n voice.Number) (map[string]any, error) {
	s, _, err := q.strategyOf(n)
	if err != nil {
		return nil, err
	}
	in := map[string]string{}
	for key, value := range map[string]string{"dialplanUrl": s.PlanURL, "forwardCallTo": s.To, "forwardCallToSip": s.ToSIP} {
		if value != "" {
			in[key] = value
		}
	}
	a := map[string]any{"trackingId": numberID(n), "msisdn": string(n.E164), "country": country(string(n.E164)), "services": []string{"Voice"},
		"monthlyCosts": 0.0, "activationCosts": 0.0, "inboundCosts": []any{}, "nextRenewal": nil, "chargeInterval": 1, "tollFree": false,
		"voiceInboundStrategy": in, "createdAt": stamp(n.Created)}
	for key, value := range map[string]string{"inboundSmsCallbackUrl": s.SMS, "inboundVoiceCallbackUrl": s.Callback, "inboundVoiceCallbackStrategy": s.Strategy} {
		if value != "" {
			a[key] = value
		}
	}
	return a, nil
}

// numberID gives a UUID made of a number, which is always the same.
func numberID(n voice.Number) string {
	return uuid(mixed(append([]byte(n.E164), make([]byte, 16)...)[:16], maxDials+1))
}

// strategyOf reads the strategy of a number, and its app: zero when it is not ours.
func (q *request) strategyOf(n voice.Number) (strategy, voice.App, error) {
	var s strategy
	if n.Dest.Kind != voice.ToApp {
		return s, voice.App{}, nil
	}
	a, err := q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(n.Dest.ID))
	switch {
	case voice.IsKind(err, voice.NotExist):
		return s, voice.App{}, nil
	case err != nil:
		return s, a, err
	case a.Kind != Kind:
		return s, voice.App{}, nil
	}
	if err := json.Unmarshal(a.Document, &s); err != nil {
		return s, a, voice.E("routee.strategyOf", voice.Internal, err)
	}
	return s, a, nil
}

func listNumbers(q *request) (any, error) {
	list, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	views := []map[string]any{}
	for _, n := range list {
		v, err := q.view(n)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return paged(q, views)
}

func addNumber(q *request) (any, error) {
	f, err := q.body()
	if err != nil {
		return nil, err
	}
	text, err := routeeplan.Text(f["msisdn"], "msisdn", 40)
	if err != nil {
		return nil, coded(codeNumber, err)
	}
	e, err := voice.ParseE164(text)
	if err != nil {
		return nil, badf(codeNumber, "msisdn: %s", voice.Reason(err))
	}
	var s strategy
	if err := s.read(f); err != nil {
		return nil, coded(codeNumber, err)
	}
	app, err := q.newApp(e, s)
	if err != nil {
		return nil, err
	}
	n := voice.Number{E164: e, Tenant: q.tenant, Dest: voice.Destination{Kind: voice.ToApp, ID: string(app.ID)}, Created: q.d.cfg.Now()}
	if err := q.d.cfg.Numbers.AddNumber(q.Context(), n); err != nil {
		_ = q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, app.ID)
		if voice.IsKind(err, voice.Exists) {
			return nil, badf(codeNumberTaken, "msisdn: the number %s is taken", e)
		}
		return nil, err
	}
	return q.view(n)
}

func (q *request) newApp(e voice.E164, s strategy) (voice.App, error) {
	doc, err := json.Marshal(s)
	if err != nil {
		return voice.App{}, voice.E("routee.newApp", voice.Internal, err)
	}
	now := q.d.cfg.Now()
	a := voice.App{ID: voice.AppID(voice.NewID("A")), Tenant: q.tenant, Kind: Kind, Type: typeNumber, Name: "Routee number " + string(e), Document: doc, Created: now, Updated: now}
	return a, q.d.cfg.Apps.CreateApp(q.Context(), a, nil)
}

// number finds the number of the path.
func (q *request) number() (voice.Number, error) {
	gone := badf(codeNoNumber, "number %s not found", q.params["msisdn"])
	e, err := voice.ParseE164(q.params["msisdn"])
	if err != nil {
		return voice.Number{}, gone
	}
	n, err := q.d.cfg.Numbers.NumberByE164(q.Context(), e)
	if err == nil && n.Tenant != q.tenant {
		return n, gone
	}
	return n, ifNotExist(err, gone)
}

func changeNumber(q *request) (any, error) {
	f, err := q.body()
	if err != nil {
		return nil, err
	}
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	s, app, err := q.strategyOf(n)
	if err != nil {
		return nil, err
	}
	if err := s.read(f); err != nil {
		return nil, coded(codeNumber, err)
	}
	if app.ID == "" {
		if app, err = q.newApp(n.E164, s); err != nil {
			return nil, err
		}
		n.Dest = voice.Destination{Kind: voice.ToApp, ID: string(app.ID)}
		if err := q.d.cfg.Numbers.UpdateNumber(q.Context(), n); err != nil {
			_ = q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, app.ID)
			return nil, err
		}
		return q.view(n)
	}
	if app.Document, err = json.Marshal(s); err != nil {
		return nil, voice.E("routee.changeNumber", voice.Internal, err)
	}
	app.Updated = q.d.cfg.Now()
	if _, err := q.d.cfg.Apps.UpdateApp(q.Context(), app); err != nil {
		return nil, err
	}
	return q.view(n)
}

func removeNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	_, app, err := q.strategyOf(n)
	if err != nil {
		return nil, err
	}
	if err := q.d.cfg.Numbers.RemoveNumber(q.Context(), q.tenant, n.E164); err != nil {
		return nil, err
	}
	if app.ID != "" {
		err = ifNotExistNil(q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, app.ID))
	}
	return map[string]any{"msisdn": string(n.E164), "trackingId": numberID(n), "removedAt": stamp(q.d.cfg.Now())}, err
}

func ifNotExistNil(err error) error {
	if voice.IsKind(err, voice.NotExist) {
		return nil
	}
	return err
}

// availableNumbers lists none: numbers come with trunks, from the operator.
func availableNumbers(q *request) (any, error) {
	if s := strings.ToUpper(q.URL.Query().Get("country")); len(s) != 0 && len(s) != 2 {
		return nil, badf(codeNumber, "country: %q is no code of ISO 3166", s)
	}
	return paged(q, []map[string]any{})
}
