package telphin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// eventTries is how often an event is sent before it is given up.
const eventTries = 3

// happening is an event of the vendor's about one extension.
type happening struct {
	kind   string
	serial int64
	number string // of the extension
	flow   string // IN or OUT
	status string
	more   url.Values
}

// SubscriptionKinds implements dialect.Subscriber.
func (d *Dialect) SubscriptionKinds() []string { return []string{EventTopic} }

// Deliveries gives what the account's clients have asked to be told. For voice
// menus, queues and fax there is dial-in and hangup alone, as the vendor says,
// and voicemail.
func (d *Dialect) Deliveries(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	t := f.Call.Info.Tenant
	if t == "" || !slices.Contains([]voice.EventKind{voice.EventCallArrived, voice.EventAppEntered, voice.EventDialStarted,
		voice.EventLegAnswered, voice.EventMessageStored, voice.EventCallEnded}, f.Event.Kind) {
		return nil, nil
	}
	list, err := dialect.AllResources(ctx, d.cfg.Resources, t, EventTopic)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	happenings, err := d.happenings(ctx, f)
	if err != nil {
		return nil, err
	}
	var out []voice.Delivery
	for _, h := range happenings {
		for _, r := range list {
			var s subscription
			if json.Unmarshal(r.Data, &s) != nil || s.Extension != h.serial || s.Type != h.kind {
				continue
			}
			delivery, err := d.delivery(ctx, f, h, s)
			if err != nil {
				return nil, err
			}
			out = append(out, delivery)
		}
	}
	return out, nil
}

// happenings says what a fact means to extensions.
func (d *Dialect) happenings(ctx context.Context, f dialect.Fact) ([]happening, error) {
	switch f.Event.Kind {
	case voice.EventAppEntered:
		return d.ofApps(ctx, f, eventDialIn, "CALLING", f.Event.Origin.App)
	case voice.EventMessageStored:
		return d.ofApps(ctx, f, eventVoicemail, "ANSWER", f.Call.App)
	case voice.EventCallArrived:
		return d.ofPhones(ctx, f, eventDialOut, "CALLING", f.Call.Info.Extension)
	case voice.EventDialStarted:
		return d.ofPhones(ctx, f, eventDialIn, "CALLING", rung(f.Event.Data["to"])...)
	case voice.EventLegAnswered:
		phones := []string{f.Call.Info.Extension}
		if f.Event.Data["kind"] == string(voice.ToExtension) {
			phones = append(phones, f.Event.Data["id"])
		}
		return d.ofPhones(ctx, f, eventAnswer, "ANSWER", phones...)
	}
	return d.hangups(ctx, f)
}

// hangups are those of everybody who had to do with a call that is over.
func (d *Dialect) hangups(ctx context.Context, f dialect.Fact) ([]happening, error) {
	apps, err := d.ofApps(ctx, f, eventHangup, "ANSWER", f.Call.Apps...)
	if err != nil {
		return nil, err
	}
	status := "CANCEL"
	phones := []string{f.Call.Info.Extension}
	if c := f.Call.CDR; c != nil {
		status = statusOf(*c)
		for _, leg := range c.Legs {
			phones = append(phones, rung(leg.To)...)
		}
	}
	all, err := d.ofPhones(ctx, f, eventHangup, status, phones...)
	all = append(apps, all...)
	for i := range all {
		all[i].more = url.Values{}
		if c := f.Call.CDR; c != nil && !c.Answered.IsZero() {
			all[i].more.Set("Duration", strconv.Itoa(int(c.End.Sub(c.Answered)/time.Second)))
		}
		if len(f.Call.Recordings) > 0 {
			all[i].more.Set("RecID", string(f.Call.Recordings[0]))
		}
	}
	return all, err
}

// statusOf is the vendor's word for what came of a call.
func statusOf(c voice.CDR) string {
	switch {
	case !c.Answered.IsZero():
		return "ANSWER"
	case c.Cause == voice.CauseBusy:
		return "BUSY"
	case c.Cause == voice.CauseNoAnswer:
		return "NOANSWER"
	case c.Cause == voice.CauseCancelled:
		return "CANCEL"
	case c.Cause == voice.CauseUnavailable || c.Cause == voice.CauseNotFound:
		return "CHANUNAVAIL"
	}
	return "CONGESTION"
}

// rung gives the internal numbers among targets in words: "extension 101, …".
func rung(targets string) []string {
	var numbers []string
	for t := range strings.SplitSeq(targets, ", ") {
		if n, ok := strings.CutPrefix(t, string(voice.ToExtension)+" "); ok {
			n, _, _ = strings.Cut(n, " ") // a leg says where its phone is besides
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func (d *Dialect) ofApps(ctx context.Context, f dialect.Fact, kind, status string, apps ...voice.AppID) ([]happening, error) {
	var out []happening
	for i, id := range apps {
		if id == "" || slices.Contains(apps[:i], id) {
			continue
		}
		values, err := d.callValues(ctx, f.Call.Info, id)
		if err != nil {
			return nil, err
		}
		serial, err := strconv.ParseInt(values.Get("CalledExtensionID"), 10, 64)
		if err != nil {
			continue // another dialect's app
		}
		out = append(out, happening{kind: kind, serial: serial, number: values.Get("CalledExtension"), flow: "IN", status: status})
	}
	return out, nil
}

func (d *Dialect) ofPhones(ctx context.Context, f dialect.Fact, kind, status string, numbers ...string) ([]happening, error) {
	var out []happening
	for i, n := range numbers {
		if n == "" || slices.Contains(numbers[:i], n) {
			continue
		}
		e, err := d.cfg.Extensions.Extension(ctx, f.Call.Info.Tenant, n)
		if voice.IsKind(err, voice.NotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		h := happening{kind: kind, serial: e.Serial, number: numberPrefix + "*" + n, flow: "IN", status: status}
		if n == f.Call.Info.Extension {
			h.flow = "OUT"
		}
		out = append(out, h)
	}
	return out, nil
}

func (d *Dialect) delivery(ctx context.Context, f dialect.Fact, h happening, s subscription) (voice.Delivery, error) {
	values, err := d.callValues(ctx, f.Call.Info, "")
	if err != nil {
		return voice.Delivery{}, err
	}
	values.Set("EventType", h.kind)
	values.Set("CallStatus", h.status)
	values.Set("CallFlow", h.flow)
	if h.flow == "IN" {
		values.Set("CalledExtension", h.number)
		values.Set("CalledExtensionID", strconv.FormatInt(h.serial, 10))
	}
	for name := range h.more {
		values.Set(name, h.more.Get(name))
	}
	out := voice.Delivery{ID: voice.DeliveryID(voice.NewID("D")), Tenant: f.Call.Info.Tenant, Call: f.Call.Info.ID,
		Endpoint: EventTopic + " " + s.URL, Purpose: "event " + h.kind, Method: s.Method, URL: s.URL,
		Tries: eventTries, State: voice.DeliveryQueued, Created: f.Event.At, Next: f.Event.At}
	if s.Method == http.MethodGet {
		out.URL, err = withQuery(s.URL, values)
		return out, err
	}
	out.Type, out.Body = form, values.Encode()
	return out, nil
}
