package routee

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// status is the body of a status callback.
type status struct {
	MessageID  string `json:"messageId"`
	TrackingID string `json:"conversationTrackingId"`
	To         string `json:"to"`
	From       string `json:"from"`
	Status     struct {
		Name    string `json:"name"`
		Updated string `json:"updatedDate"`
	} `json:"status"`
	Direction string  `json:"direction"`
	Service   string  `json:"originatingService"`
	Quiet     bool    `json:"respectQuietHours"`
	Duration  int     `json:"duration"` // s
	Price     float64 `json:"price"`
}

// Deliveries gives the webhooks of a fact about one of our calls: states of its
// legs, recordings, and keys that were left at the end.
func (d *Dialect) Deliveries(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	data := f.Call.Data
	if f.Call.Info.Tenant == "" || len(data) == 0 || f.Call.Info.ID == "" {
		return nil, nil
	}
	switch f.Event.Kind {
	case voice.EventNotice:
		if f.Event.Data["dialect"] == routeeplan.Kind && f.Event.Data[flow.DataCollectURL] != "" {
			return d.lastKeys(f)
		}
	case voice.EventRecordingFinished:
		return d.recorded(ctx, f)
	case voice.EventCallEnded:
		return d.ended(f)
	}
	c := changeOf(f.Event, situationOf(data, f.Call.Info.Direction == voice.Outbound, !f.Call.Answered.IsZero()))
	if c.leg < 0 {
		return nil, nil
	}
	return d.told(f, c, 0)
}

// parties gives who calls and who is called on the first leg.
func parties(s dialect.CallState) (from, to string) {
	if from := s.Data[dataFrom]; from != "" {
		return from, s.Data[dataTo]
	}
	return plus(s.Info.From), plus(s.Info.To)
}

// told gives the status callback of a leg, where one is wanted.
func (d *Dialect) told(f dialect.Fact, c change, duration int) ([]voice.Delivery, error) {
	data := f.Call.Data
	url, strategy := data[dataCallback], data[dataStrategy]
	var s status
	s.From, s.To = parties(f.Call)
	s.Direction = "Inbound"
	if f.Call.Info.Direction == voice.Outbound {
		s.Direction = "Outbound"
	}
	if c.leg != first {
		url, strategy = data[routeeplan.DialCallback], data[routeeplan.DialStrategy]
		s.From, s.To, s.Direction = data[routeeplan.DialFrom], data[routeeplan.DialTo], "Outbound"
	}
	if url == "" || strategy != routeeplan.OnChange && !final(c.state) {
		return nil, nil
	}
	s.MessageID, s.TrackingID = MessageID(f.Call.Info.ID, c.leg), TrackingID(f.Call.Info.ID)
	s.Status.Name, s.Status.Updated = c.state, f.Event.At.UTC().Format(timeForm)
	s.Service, s.Duration = service(data), duration
	if played, err := time.ParseDuration(f.Event.Data["talked"]); err == nil {
		s.Duration = int(played / time.Second)
	}
	return post(f, url, "status "+c.state, s)
}

// ended is the final state of the first leg, and of a DIAL that the caller left
// while it rang.
func (d *Dialect) ended(f dialect.Fact) ([]voice.Delivery, error) {
	c := f.Call.CDR
	if c == nil {
		return nil, nil
	}
	var all []voice.Delivery
	if dial := strokes(f.Call.Data[routeeplan.DialNumber]); dial > 0 && len(c.Legs) > 0 {
		if last := c.Legs[len(c.Legs)-1]; last.Answered.IsZero() && last.Cause == voice.CauseCancelled {
			out, err := d.told(f, change{dial, stateNoAnswer}, 0)
			if err != nil {
				return nil, err
			}
			all = append(all, out...)
		}
	}
	state, duration := stateOf(c.Cause), 0
	if !c.Answered.IsZero() {
		state, duration = stateCompleted, int(c.End.Sub(c.Answered).Round(time.Second)/time.Second)
	}
	out, err := d.told(f, change{first, state}, duration)
	return append(all, out...), err
}

// lastKeys submits the keys that were left when the call was over; the answer is
// ignored.
func (d *Dialect) lastKeys(f dialect.Fact) ([]voice.Delivery, error) {
	tones := f.Event.Data[flow.DataCollected]
	from, to := parties(f.Call)
	return post(f, f.Event.Data[flow.DataCollectURL], "collected keys", question{
		MessageID: MessageID(f.Call.Info.ID, first), TrackingID: TrackingID(f.Call.Info.ID), From: from, To: to, Tones: &tones})
}

// recorded tells of the recording of a DIAL.
func (d *Dialect) recorded(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	data := f.Call.Data
	url, id := data[routeeplan.DialRecording], voice.RecordingID(f.Event.Data["recording"])
	if url == "" || id == "" || f.Event.Data[dataFormat] != "" {
		return nil, nil
	}
	r, err := d.cfg.Recordings.Recording(ctx, f.Call.Info.Tenant, id)
	if err != nil {
		return nil, ifNotExistNil(err)
	}
	message := MessageID(f.Call.Info.ID, strokes(data[routeeplan.DialNumber]))
	item := recordingItem(d.cfg.PublicURL, r, data[routeeplan.DialFormat], data[routeeplan.DialFrom], data[routeeplan.DialTo], message)
	item["messageId"] = message
	return post(f, url, "recording", item)
}

// post gives one delivery, in JSON.
func post(f dialect.Fact, url, purpose string, body any) ([]voice.Delivery, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, voice.E("routee.post", voice.Internal, err)
	}
	return []voice.Delivery{{Endpoint: routeeplan.Kind + "/" + url, Purpose: purpose, Method: http.MethodPost, URL: url, Type: "application/json", Body: string(data)}}, nil
}
