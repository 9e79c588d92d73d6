package hooks

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// EventTest is the type of what Test sends.
const EventTest = "webhook.test"

// Events lists the events that a webhook may be told, the types of its messages.
func Events() []voice.EventKind {
	return []voice.EventKind{
		voice.EventCallArrived, voice.EventCallWaiting, voice.EventCallBegun, voice.EventCallRinging, voice.EventCallAnswered, voice.EventCallRefused, voice.EventCallEnded,
		voice.EventCallOrdered, voice.EventAppEntered, voice.EventStep, voice.EventDigit, voice.EventGatherEnded,
		voice.EventDialStarted, voice.EventDialFailed, voice.EventLegRinging, voice.EventLegAnswered, voice.EventLegEnded,
		voice.EventBridgeStarted, voice.EventBridgeEnded, voice.EventTransferStarted, voice.EventTransferEnded,
		voice.EventRoomJoined, voice.EventRoomLeft, voice.EventSilence, voice.EventHeard, voice.EventMachine, voice.EventSuperviseStarted, voice.EventSuperviseEnded,
		voice.EventRecordingStarted, voice.EventRecordingFinished, voice.EventRecordingDropped, voice.EventRecordingFailed,
		voice.EventMessageStored, voice.EventFlowError,
	}
}

// matches says whether a webhook that names asked wants an event: its name, the
// part before a dot and "*", or "*" for all but steps, which are many.
func matches(asked, event string) bool {
	if before, ok := strings.CutSuffix(asked, ".*"); ok {
		return before != "" && strings.HasPrefix(event, before+".")
	}
	return asked == event || asked == "*" && event != string(voice.EventStep)
}

// SubscriptionKinds implements dialect.Subscriber.
func (k *Keeper) SubscriptionKinds() []string { return []string{KindWebhook} }

// Deliveries implements dialect.Notifier.
func (k *Keeper) Deliveries(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	if !slices.Contains(Events(), f.Event.Kind) {
		return nil, nil
	}
	rs, err := dialect.AllResources(ctx, k.cfg.Resources, f.Call.Info.Tenant, KindWebhook)
	if err != nil {
		return nil, err
	}
	var list []voice.Delivery
	for _, r := range rs {
		s, err := read(r)
		if err != nil {
			return nil, err
		}
		if s.Disabled || !slices.ContainsFunc(s.Events, func(asked string) bool { return matches(asked, string(f.Event.Kind)) }) {
			continue
		}
		d, err := delivery(r, s, string(f.Event.Kind), f.Event.At, told(f))
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// message is what a webhook is sent.
type message struct {
	ID        voice.DeliveryID `json:"id"`
	Type      string           `json:"type"`
	Timestamp string           `json:"timestamp"` // of the event
	Data      any              `json:"data"`
}

// rfc3339 has microseconds, as events have.
const rfc3339 = "2006-01-02T15:04:05.000000Z07:00"

func delivery(r voice.Resource, s stored, kind string, at time.Time, data any) (voice.Delivery, error) {
	m := message{ID: voice.DeliveryID(voice.NewID("msg_")), Type: kind, Timestamp: at.UTC().Format(rfc3339), Data: data}
	body, err := json.Marshal(m)
	if err != nil {
		return voice.Delivery{}, voice.E("hooks.render", voice.Internal, err)
	}
	name := Prefix + strconv.FormatInt(r.Serial, 10)
	return voice.Delivery{
		ID: m.ID, Endpoint: name, Purpose: "webhook " + kind, Method: "POST", URL: s.URL, Type: "application/json", Body: string(body),
		Signature: name, Tries: voice.FullTries,
	}, nil
}

// callData is what a message says of a call.
type callData struct {
	ID         voice.CallID        `json:"id"`
	Direction  voice.CallDirection `json:"direction"`
	From       string              `json:"from"`
	FromName   string              `json:"from_name,omitempty"`
	To         string              `json:"to"`
	App        voice.AppID         `json:"app,omitempty"`
	Start      string              `json:"start"`
	Answered   string              `json:"answered,omitempty"`
	AnsweredBy string              `json:"answered_by,omitempty"`
	End        string              `json:"end,omitempty"`
	Cause      voice.Cause         `json:"cause,omitempty"`
	Words      string              `json:"words,omitempty"`
	Digits     string              `json:"digits,omitempty"`
	Recordings []voice.RecordingID `json:"recordings,omitempty"`
	Tag        string              `json:"tag,omitempty"`
	Order      string              `json:"order,omitempty"`
}

// eventData is what a message says of an event.
type eventData struct {
	Seq    int               `json:"seq"`
	Leg    voice.LegID       `json:"leg,omitempty"`
	Text   string            `json:"text"`
	Data   map[string]string `json:"data,omitempty"`
	Origin *voice.Origin     `json:"origin,omitempty"`
}

func told(f dialect.Fact) any {
	i, c, e := f.Call.Info, f.Call, f.Event
	x := callData{ID: i.ID, Direction: i.Direction, From: i.From, FromName: i.FromName, To: i.To, App: c.App, Start: stamp(i.Start),
		Answered: stamp(c.Answered), AnsweredBy: c.AnsweredBy, Digits: c.Digits, Recordings: c.Recordings, Tag: i.Tag, Order: i.Order}
	if c.CDR != nil {
		x.End, x.Cause, x.Words = stamp(c.CDR.End), c.CDR.Cause, c.CDR.Words
	}
	y := eventData{Seq: e.Seq, Leg: e.Leg, Text: e.Text, Data: e.Data}
	if e.Origin != (voice.Origin{}) {
		y.Origin = &e.Origin
	}
	return map[string]any{"call": x, "event": y}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(rfc3339)
}
