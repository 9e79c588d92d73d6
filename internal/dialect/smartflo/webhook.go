package smartflo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// tries is how often a webhook is sent before it is given up.
const tries = 5

// SubscriptionKinds implements dialect.Subscriber.
func (d *Dialect) SubscriptionKinds() []string { return []string{smartfloivr.KindWebhook} }

// Retire implements dialect.Retirer: the webhook is disabled.
func (d *Dialect) Retire(ctx context.Context, t voice.TenantID, endpoint, _ string) (bool, error) {
	text, ok := strings.CutPrefix(endpoint, smartfloivr.KindWebhook+"/")
	serial, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return false, nil
	}
	res, err := d.cfg.Resources.Resource(ctx, t, smartfloivr.KindWebhook, serial)
	if err != nil {
		return true, err
	}
	doc, err := smartfloivr.Parse(res)
	if err != nil {
		return true, err
	}
	hook, ok := doc.(*smartfloivr.Webhook)
	if !ok || hook.Disabled {
		return true, nil
	}
	hook.Disabled = true
	if res.Data, err = json.Marshal(hook); err != nil {
		return true, voice.E("smartflo.Retire", voice.Internal, err)
	}
	_, err = d.cfg.Resources.UpdateResource(ctx, res)
	return true, err
}

// Deliveries gives the webhooks that an account wants of a fact.
func (d *Dialect) Deliveries(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	tenant := f.Call.Info.Tenant
	if tenant == "" || !interesting(f.Event) {
		return nil, nil
	}
	hooks, err := dialect.AllResources(ctx, d.cfg.Resources, tenant, smartfloivr.KindWebhook)
	if err != nil || len(hooks) == 0 {
		return nil, err
	}
	triggers, err := d.triggers(ctx, f)
	if err != nil || len(triggers) == 0 {
		return nil, err
	}
	var values map[string]any
	var list []voice.Delivery
	for _, res := range hooks {
		doc, err := smartfloivr.Parse(res)
		if err != nil {
			return nil, err
		}
		hook, ok := doc.(*smartfloivr.Webhook)
		if !ok || hook.Disabled {
			continue
		}
		for _, t := range triggers {
			if !slices.Contains(hook.Triggers, t) {
				continue
			}
			if values == nil {
				if values, err = d.values(ctx, f); err != nil {
					return nil, err
				}
			}
			one, err := delivery(hook, values)
			if err != nil {
				return nil, err
			}
			one.Tenant, one.Call, one.Purpose = tenant, f.Call.Info.ID, "webhook "+t
			one.Endpoint = res.Kind + "/" + strconv.FormatInt(res.Serial, 10)
			list = append(list, one)
		}
	}
	return list, nil
}

// interesting says whether a trigger may come of an event, without any look-up.
func interesting(e voice.Event) bool {
	switch e.Kind {
	case voice.EventCallArrived, voice.EventAppEntered, voice.EventDialStarted, voice.EventBridgeStarted, voice.EventCallAnswered, voice.EventCallEnded:
		return true
	case voice.EventStep:
		exit := e.Data["exit"]
		return exit == "" && e.Origin.Pointer != "" || strings.HasPrefix(exit, "key ")
	}
	return false
}

// triggers gives what an event means to this API.
func (d *Dialect) triggers(ctx context.Context, f dialect.Fact) ([]string, error) {
	order := f.Call.Info.Order
	clicked := strings.HasPrefix(order, agentFirst) || strings.HasPrefix(order, customerFirst)
	switch f.Event.Kind {
	case voice.EventCallArrived:
		if !clicked {
			return []string{smartfloivr.OnReceived}, nil
		}
	case voice.EventCallAnswered: // of an order: by whom was rung first
		if strings.HasPrefix(order, agentFirst) {
			return []string{smartfloivr.OnAgentClick}, nil
		}
		if clicked {
			return []string{smartfloivr.OnCustomerClick}, nil
		}
	case voice.EventAppEntered:
		a, ok, err := d.ivrApp(ctx, f.Call.Info.Tenant, f.Event.Origin.App)
		if ok && a.Type == smartfloivr.TypeIVR {
			return []string{smartfloivr.OnIVR}, err
		}
		return nil, err
	case voice.EventDialStarted:
		if !clicked || strings.HasPrefix(order, customerFirst) {
			return []string{smartfloivr.OnAgentDialled}, nil
		}
	case voice.EventBridgeStarted:
		switch {
		case strings.HasPrefix(order, agentFirst):
			return []string{smartfloivr.OnCustomerClick}, nil
		case clicked:
			return []string{smartfloivr.OnAgentClick, smartfloivr.OnAgentAnswered}, nil
		}
		return []string{smartfloivr.OnAgentAnswered}, nil
	case voice.EventStep:
		if strings.HasPrefix(f.Event.Data["exit"], "key ") {
			return []string{smartfloivr.OnDigit}, nil
		}
		return d.entered(ctx, f)
	case voice.EventCallEnded:
		return ended(f, clicked), nil
	}
	return nil, nil
}

// ended gives the triggers of the end of a call.
func ended(f dialect.Fact, clicked bool) []string {
	missed := !reached(f.Call)
	switch {
	case clicked && missed:
		return []string{smartfloivr.OnHangupClick, smartfloivr.OnHangupClickMissed}
	case clicked:
		return []string{smartfloivr.OnHangupClick}
	case missed:
		return []string{smartfloivr.OnHangupMissed, smartfloivr.OnHangup}
	}
	return []string{smartfloivr.OnHangupAnswered, smartfloivr.OnHangup}
}

// reached reports whether the caller has talked with anybody.
func reached(c dialect.CallState) bool {
	if c.CDR != nil {
		status, _ := callStatus(*c.CDR)
		return status == "answered"
	}
	return c.AnsweredBy != ""
}

// ivrApp finds an app of this dialect; false for others and for none.
func (d *Dialect) ivrApp(ctx context.Context, t voice.TenantID, id voice.AppID) (voice.App, bool, error) {
	if id == "" {
		return voice.App{}, false, nil
	}
	a, err := d.cfg.Apps.App(ctx, t, id)
	if err != nil {
		return a, false, ifNotExistNil(err)
	}
	return a, a.Kind == Kind, nil
}

// entered tells a department or auto attendant by the first step of it.
func (d *Dialect) entered(ctx context.Context, f dialect.Fact) ([]string, error) {
	a, ok, err := d.ivrApp(ctx, f.Call.Info.Tenant, f.Event.Origin.App)
	if !ok || err != nil {
		return nil, err
	}
	ref := smartfloivr.Ref{}
	if a.Type == smartfloivr.TypeRoute {
		route, err := smartfloivr.ParseRoute(a)
		if err != nil {
			return nil, ifInvalidNil(err)
		}
		ref = route.Destination
	} else {
		doc, err := smartfloivr.ParseIVR(a)
		if err != nil {
			return nil, ifInvalidNil(err)
		}
		at := strings.ReplaceAll(strings.TrimPrefix(f.Event.Origin.Pointer, "/"), "/", ".")
		i := slices.IndexFunc(doc.References(), func(r smartfloivr.Reference) bool { return r.Field == at })
		if i >= 0 {
			ref = doc.References()[i].Ref
		}
	}
	switch step := f.Event.Data["step"]; {
	case (ref.Type == smartfloivr.RefDepartment || ref.Type == smartfloivr.RefQueue) && (step == "dial" || step == "queue"):
		return []string{smartfloivr.OnDepartment}, nil
	case ref.Type == smartfloivr.RefAttendant && step == "gather":
		return []string{smartfloivr.OnAttendant}, nil
	}
	return nil, nil
}

func ifInvalidNil(err error) error {
	if voice.IsKind(err, voice.Invalid) {
		return nil
	}
	return err
}

// values gives the values of a webhook's variables, by name.
func (d *Dialect) values(ctx context.Context, f dialect.Fact) (map[string]any, error) {
	c, info := f.Call, f.Call.Info
	zone := d.zone(ctx, info.Tenant)
	v := map[string]any{}
	for _, name := range smartfloivr.WebhookVariables() {
		v[strings.TrimPrefix(name, "$")] = ""
	}
	customer := strings.TrimPrefix(info.From, "+")
	v["agent_number"] = c.Dialled
	if info.Direction == voice.Outbound && !strings.HasPrefix(info.Order, customerFirst) {
		customer = strings.TrimPrefix(info.To, "+")
		v["agent_number"] = strings.TrimPrefix(info.From, "+")
	}
	status := "missed"
	if reached(c) {
		status = "answered"
	}
	for name, value := range map[string]any{
		"uuid": info.ID, "call_id": info.ID, "call_to_number": strings.TrimPrefix(info.To, "+"), "caller_id_number": strings.TrimPrefix(info.From, "+"),
		"start_stamp": stamp(info.Start, zone), "answer_stamp": stamp(c.Answered, zone), "call_status": status,
		"direction": direction(info.Order, info.Direction), "customer_no_with_prefix": "+" + customer,
		"digits": c.Digits, "dtmf": c.Digits, "custom_identifier": info.Tag, "ref_id": info.Order,
		"missed_agent": []any{}, "answered_agent": map[string]any{},
	} {
		v[name] = value
	}
	if a, ok, err := d.ivrApp(ctx, info.Tenant, c.App); err != nil {
		return nil, err
	} else if ok && a.Type == smartfloivr.TypeIVR {
		v["ivr_name"], v["ivr_id"] = a.Name, strconv.FormatInt(a.Serial, 10)
	}
	return v, d.aboutAgent(ctx, f, v, zone)
}

// aboutAgent adds who answered and, at the end of the call, what its record says.
func (d *Dialect) aboutAgent(ctx context.Context, f dialect.Fact, v map[string]any, zone *time.Location) error {
	c, info := f.Call, f.Call.Info
	users, err := d.cfg.Users.Users(ctx, info.Tenant)
	if err != nil {
		return err
	}
	about := people{tenant: info.Tenant, users: users}
	number := far(voice.LegRecord{To: c.AnsweredBy})
	if r := c.CDR; r != nil {
		status, leg := callStatus(*r)
		if status == "answered" {
			number = far(leg)
		}
		seen := about.view(*r, zone)
		v["end_stamp"], v["duration"], v["billsec"], v["billing_second"] = seen.End, seen.Duration, seen.Answered, seen.Answered
		v["hangup_cause"], v["reason_key"] = seen.CauseWords, seen.Cause
		missed := []any{}
		for _, l := range r.Legs {
			if l.ID != "a" && l.Answered.IsZero() {
				missed = append(missed, map[string]any{"name": nameIn(about, far(l)), "number": far(l)})
			}
		}
		v["missed_agent"] = missed
	}
	if number != "" {
		name := nameIn(about, number)
		v["answered_agent_name"], v["answered_agent_number"] = name, number
		v["answered_agent"] = map[string]any{"name": name, "number": number}
	}
	if d.cfg.PublicURL != "" && len(c.Recordings) > 0 {
		v["recording_url"] = d.link(strings.TrimSuffix(d.cfg.PublicURL, "/"), info.Tenant, c.Recordings[0])
	}
	return nil
}

func nameIn(p people, number string) string {
	u, _ := p.user(number)
	return userName(u)
}

// delivery writes the request of a webhook.
func delivery(hook *smartfloivr.Webhook, values map[string]any) (voice.Delivery, error) {
	body := values
	if len(hook.Template) > 0 {
		var t any
		if err := json.Unmarshal(hook.Template, &t); err != nil {
			return voice.Delivery{}, voice.E("smartflo.delivery", voice.Internal, err)
		}
		body, _ = filled(t, values).(map[string]any)
	}
	d := voice.Delivery{Method: http.MethodPost, URL: hook.URL, Headers: hook.Headers, Tries: tries}
	if hook.Method == "get" || hook.Type == "form" {
		form := url.Values{}
		for name, v := range body {
			form.Set(name, plain(v))
		}
		if hook.Method != "get" {
			d.Type, d.Body = "application/x-www-form-urlencoded", form.Encode()
			return d, nil
		}
		u, err := url.Parse(hook.URL)
		if err != nil {
			return d, voice.E("smartflo.delivery", voice.Invalid, err)
		}
		query := u.Query()
		for name := range form {
			query.Set(name, form.Get(name))
		}
		u.RawQuery = query.Encode()
		d.Method, d.URL = http.MethodGet, u.String()
		return d, nil
	}
	raw, err := encoded(body)
	d.Type, d.Body = "application/json", string(raw)
	return d, err
}

func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// filled puts values in place of the variables of a template. A text that is a
// variable and nothing else becomes the value itself.
func filled(t any, values map[string]any) any {
	switch t := t.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, v := range t {
			m[name] = filled(v, values)
		}
		return m
	case []any:
		list := make([]any, len(t))
		for i, v := range t {
			list[i] = filled(v, values)
		}
		return list
	case string:
		if v, ok := values[strings.TrimPrefix(t, "$")]; ok && strings.HasPrefix(t, "$") {
			return v
		}
		return smartfloivr.Expand(t, func(name string) (string, bool) {
			v, ok := values[name]
			return plain(v), ok
		})
	}
	return t
}

// plain writes a value as text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case voice.CallID:
		return string(v)
	case int:
		return strconv.Itoa(v)
	}
	raw, err := encoded(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
