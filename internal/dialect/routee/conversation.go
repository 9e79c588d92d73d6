package routee

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// kindConversation is the kind of the resources that hold what was POSTed; their
// name is the order of the call (voice.CallInfo.Order).
const kindConversation = "routee/conversation"

// orderPrefix begins the orders of our calls.
const orderPrefix = "routee-"

// Data of our calls, which webhooks are made of.
const (
	dataFrom     = "routee.caller"
	dataTo       = "routee.called"
	dataCallback = "routee.callback"
	dataStrategy = "routee.strategy"
	dataService  = "routee.service"
	dataMachine  = "routee.machine" // strategy of the first leg's machine detection
	dataCampaign = "routee.campaign"
	dataFormat   = "routee.record.format" // of a recording of the whole call
)

// Services by which a call came to be.
const (
	serviceConversation = "Conversation"
	serviceCampaign     = "Campaign"
	serviceInbound      = "Inbound"
)

// conversation is what was POSTed, as it is kept. Plan is nil with a PlanURL.
type conversation struct {
	From     string               `json:"from"`
	To       json.RawMessage      `json:"to"`
	Plan     json.RawMessage      `json:"dialPlan,omitempty"`
	PlanURL  string               `json:"dialPlanUrl,omitempty"`
	Callback *routeeplan.Callback `json:"callback,omitempty"`
	Ring     int                  `json:"hangupDelay,omitempty"` // s
	Longest  int                  `json:"maxDuration,omitempty"` // s
	Machine  *routeeplan.Machine  `json:"machineDetection,omitempty"`
	Created  time.Time            `json:"created"`

	party routeeplan.Party
	plan  routeeplan.Plan
}

// readConversation reads the body of POST voice/conversation.
func readConversation(f input.Fields) (conversation, error) {
	c := conversation{To: f["to"]}
	var err error
	if c.From, err = routeeplan.From(f["from"], "from"); err != nil {
		return c, coded(codeParty, err)
	}
	if c.party, err = routeeplan.ReadParty(f["to"], "to"); err != nil {
		return c, coded(codeParty, err)
	}
	if c.PlanURL, err = routeeplan.Address(f["dialPlanUrl"], "dialPlanUrl", false); err != nil {
		return c, coded(codePlan, err)
	}
	planned := !input.IsNull(f["dialPlan"])
	switch {
	case planned && c.PlanURL != "":
		return c, badf(codePlanChoice, "dialPlan and dialPlanUrl are given; it must be one of them")
	case !planned && c.PlanURL == "":
		return c, badf(codePlanChoice, "dialPlan or dialPlanUrl is needed")
	case planned:
		c.Plan = f["dialPlan"]
		if c.plan, err = routeeplan.Parse(c.Plan); err != nil {
			return c, badf(codePlan, "dialPlan: %s", err)
		}
	}
	return c, coded(codeOption, c.readOptions(f))
}

func (c *conversation) readOptions(f input.Fields) error {
	call, err := routeeplan.ReadCallback(f["callback"], "callback")
	if err != nil {
		return err
	}
	if call.URL != "" {
		c.Callback = &call
	}
	if c.Ring, _, err = routeeplan.Whole(f["hangupDelay"], "hangupDelay", 1, int(routeeplan.MaxRing/time.Second)); err != nil {
		return err
	}
	if c.Longest, _, err = routeeplan.Whole(f["maxDuration"], "maxDuration", 1, int(routeeplan.MaxTalk/time.Second)); err != nil {
		return err
	}
	m, err := routeeplan.ReadMachine(f["machineDetection"], "machineDetection")
	if m.Strategy != "" {
		c.Machine = &m
	}
	return err
}

// order gives the call that a conversation is.
func (c *conversation) order(t voice.TenantID, u voice.UserID) dialect.CallBack {
	before := []flow.Step{
		flow.Set{Name: routeeplan.VarFrom, Value: flow.Literal(c.From)},
		flow.Set{Name: routeeplan.VarTo, Value: flow.Literal(c.party.String())},
	}
	o := routeeplan.Options{Name: "dial plan", Before: before}
	data := map[string]string{dataFrom: c.From, dataTo: c.party.String(), dataService: serviceConversation}
	if c.Machine != nil {
		o.Machine = *c.Machine
		data[dataMachine] = c.Machine.Strategy
	}
	if c.Callback != nil {
		data[dataCallback], data[dataStrategy] = c.Callback.URL, c.Callback.Strategy
	}
	cb := dialect.CallBack{Tenant: t, User: u, App: "Routee", First: c.party.Destination(), Order: orderPrefix + voice.NewID(""),
		RingFirst: cmp.Or(time.Duration(c.Ring)*time.Second, routeeplan.MaxRing), MaxDuration: time.Duration(c.Longest) * time.Second, Data: data}
	if e, err := voice.ParseE164(c.From); err == nil {
		cb.ShowFirst = string(e)
	}
	if c.PlanURL != "" {
		cb.Program = askProgram(o, c.PlanURL)
	} else {
		cb.Program = routeeplan.Compile(c.plan, o)
	}
	return cb
}

// askProgram asks for the plan once somebody has answered.
func askProgram(o routeeplan.Options, address string) *flow.Program {
	p := routeeplan.Compile(routeeplan.Plan{}, o)
	end := &p.Nodes[len(p.Nodes)-1]
	end.Step = flow.Fetch{Dialect: routeeplan.Kind, URL: flow.Literal(address), Timeout: flow.CollectTime, Replace: true}
	end.Exits = map[flow.Exit]flow.NodeID{flow.Failed: "none"}
	p.Nodes = append(p.Nodes, flow.Node{ID: "none", Origin: "/dialPlanUrl", Step: flow.Hangup{Words: "no dial plan came"}})
	return p
}

func createConversation(q *request) (any, error) {
	f, err := q.body()
	if err != nil {
		return nil, err
	}
	c, err := readConversation(f)
	if err != nil {
		return nil, err
	}
	c.Created = q.d.cfg.Now()
	cb := c.order(q.tenant, q.user)
	if bad, is := flow.Validate(cb.Program).FirstError(); is {
		return nil, badf(codePlan, "dialPlan: %s", bad)
	}
	id, err := q.originate(cb, kindConversation, c)
	if err != nil {
		return nil, err
	}
	return c.answer(id), nil
}

// originate keeps value under the call's order and begins the call: what is kept
// without a call is never found.
func (q *request) originate(cb dialect.CallBack, kind string, value any) (voice.CallID, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return "", voice.E("routee.originate", voice.Internal, err)
	}
	now := q.d.cfg.Now()
	res, err := q.d.cfg.Resources.CreateResource(q.Context(), voice.Resource{Tenant: q.tenant, Kind: kind, Name: cb.Order, Data: data, Created: now, Updated: now})
	if err != nil {
		return "", err
	}
	id, err := q.d.begin(q.Context(), cb)
	if err != nil {
		_ = q.d.cfg.Resources.DeleteResource(q.Context(), q.tenant, kind, res.Serial)
		return "", originateFault(err)
	}
	return id, nil
}

// originateFault says what is wrong with an order in the vendor's codes.
func originateFault(err error) error {
	switch voice.KindOf(err) {
	case voice.NotExist, voice.Invalid:
		return badf(codeParty, "to: %s", voice.Reason(err))
	}
	return err
}

// answer gives the conversation object.
func (c *conversation) answer(id voice.CallID) map[string]any {
	a := map[string]any{"trackingId": TrackingID(id), "direction": "Outbound", "from": c.From, "to": c.To, "createdAt": stamp(c.Created)}
	if c.Plan != nil {
		a["dialPlan"], a["dialPlans"] = c.Plan, []json.RawMessage{c.Plan}
	}
	if c.PlanURL != "" {
		a["dialPlanUrl"] = c.PlanURL
	}
	if c.Callback != nil {
		a["callback"] = c.Callback
	}
	if c.Ring > 0 {
		a["hangupDelay"] = c.Ring
	}
	if c.Longest > 0 {
		a["maxDuration"] = c.Longest
	}
	if c.Machine != nil {
		a["machineDetection"] = c.Machine
	}
	return a
}

func getConversation(q *request) (any, error) {
	t, err := q.tracked(q.params["id"], "conversation")
	if err != nil {
		return nil, err
	}
	list, err := q.d.cfg.Resources.Resources(q.Context(), q.tenant, voice.ResourceFilter{Kind: kindConversation, Name: t.cdr.Order, Limit: 1})
	if err != nil {
		return nil, err
	}
	var a map[string]any
	switch {
	case t.cdr.Order != "" && len(list) > 0:
		var c conversation
		if err := json.Unmarshal(list[0].Data, &c); err != nil {
			return nil, voice.E("routee.getConversation", voice.Internal, err)
		}
		a = c.answer(t.cdr.Call)
	default: // a call that came in, or one of a campaign
		a = map[string]any{"trackingId": TrackingID(t.cdr.Call), "direction": t.direction(), "from": t.legs[first].from,
			"to": partyOf(t.legs[first].to), "createdAt": stamp(t.cdr.Start)}
	}
	a["recordings"], err = q.recordings(t)
	return a, err
}

func partyOf(s string) map[string]string {
	if strings.Contains(s, "@") {
		return map[string]string{"sip": s}
	}
	return map[string]string{"phone": s}
}
