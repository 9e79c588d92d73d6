package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"tandem/internal/hooks"
	"tandem/internal/voice"
)

// Delivery is a webhook or text message, sent or waiting.
type Delivery struct {
	ID       string     `json:"id"`
	Call     string     `json:"call,omitempty"`
	Purpose  string     `json:"purpose" example:"event dial-in"`
	Endpoint string     `json:"endpoint" doc:"What is kept in order together"`
	Method   string     `json:"method"`
	URL      string     `json:"url,omitempty" doc:"Missing where the address is the operator's own"`
	Type     string     `json:"type,omitempty"`
	Body     string     `json:"body,omitempty"`
	State    string     `json:"state" enum:"queued,delivered,dead"`
	Attempts int        `json:"attempts"`
	Tries    int        `json:"tries" doc:"How many attempts there are at the most"`
	Next     *time.Time `json:"next,omitempty" doc:"Not before, while it waits"`
	Words    string     `json:"words,omitempty" doc:"What the last attempt came to"`
	Created  *time.Time `json:"created"`
}

// Attempt is one attempt to send a delivery.
type Attempt struct {
	N       int               `json:"n"`
	At      *time.Time        `json:"at"`
	Latency float64           `json:"latency_ms"`
	Status  int               `json:"status,omitempty" doc:"Of the answer; missing = none came"`
	Headers map[string]string `json:"headers,omitempty" doc:"Those of the signature"`
	Signed  string            `json:"signed,omitempty" doc:"The exact text that was signed, its first 4096 bytes"`
	Answer  string            `json:"answer,omitempty" doc:"Beginning of the answer, on one line"`
	Words   string            `json:"words" doc:"What came of it"`
}

// DeliveryWithAttempts is a delivery with all its attempts.
type DeliveryWithAttempts struct {
	Delivery
	Log []Attempt `json:"log" doc:"Every attempt, oldest first"`
}

// DeliveryPath names it in the path.
type DeliveryPath struct {
	Delivery string `path:"delivery" maxLength:"64"`
}

// DeliveryQuery narrows a list of deliveries.
type DeliveryQuery struct {
	Call    string `query:"call" maxLength:"64"`
	State   string `query:"state" enum:"queued,delivered,dead" doc:"dead = given up"`
	Webhook int64  `query:"webhook" minimum:"1" doc:"Those of this webhook"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor  string `query:"cursor" maxLength:"20" doc:"Next of the part before"`
}

func (a *API) registerDeliveries() {
	const section = "Webhooks"
	handle(a, route{id: "list-deliveries", method: http.MethodGet, path: "/deliveries", section: section, scope: CallsRead,
		title: "List the webhooks and text messages that were sent or wait, newest first"}, a.listDeliveries)
	handle(a, route{id: "read-delivery", method: http.MethodGet, path: "/deliveries/{delivery}", section: section, scope: CallsRead,
		title: "Read a delivery with its attempts"}, a.readDelivery)
	handle(a, route{id: "resend-delivery", method: http.MethodPost, path: "/deliveries/{delivery}/resend", section: section, scope: CallsWrite,
		status: http.StatusAccepted, title: "Send a delivery again", text: "It keeps its id; the time in its signature is that of the new attempt. What is over is tried once more."}, a.resendDelivery)
}

func showDelivery(d voice.Delivery) Delivery {
	x := Delivery{ID: string(d.ID), Call: string(d.Call), Purpose: d.Purpose, Endpoint: d.Endpoint, Method: d.Method, State: string(d.State),
		Attempts: d.Attempts, Tries: d.Tries, Words: d.Words, Created: moment(d.Created)}
	if d.State == voice.DeliveryQueued {
		x.Next = moment(d.Next)
	}
	if !d.Operator {
		x.URL, x.Type, x.Body = d.URL, d.Type, d.Body
	}
	return x
}

func (a *API) listDeliveries(ctx context.Context, c caller, in *DeliveryQuery) (*answer[Page[Delivery]], error) {
	f := voice.DeliveryFilter{Call: voice.CallID(in.Call), State: voice.DeliveryState(in.State), Limit: in.Limit + 1}
	if in.Webhook > 0 {
		f.Endpoint = hooks.Prefix + strconv.FormatInt(in.Webhook, 10)
	}
	if in.Cursor != "" {
		var err error
		if f.Before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || f.Before < 1 {
			return nil, invalid("query.cursor", "it is not the next of a list")
		}
	}
	list, err := a.cfg.Deliveries.Deliveries(ctx, c.tenant, f)
	if err != nil {
		return nil, err
	}
	page := all(list[:min(len(list), in.Limit)], showDelivery)
	if len(list) > in.Limit {
		page.Body.Next = strconv.FormatInt(list[in.Limit-1].Seq, 10)
	}
	return page, nil
}

func (a *API) readDelivery(ctx context.Context, c caller, in *DeliveryPath) (*answer[DeliveryWithAttempts], error) {
	d, err := a.cfg.Deliveries.Delivery(ctx, c.tenant, voice.DeliveryID(in.Delivery))
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Deliveries.Attempts(ctx, c.tenant, d.ID)
	if err != nil {
		return nil, err
	}
	x := DeliveryWithAttempts{showDelivery(d), []Attempt{}}
	for _, t := range list {
		x.Log = append(x.Log, Attempt{t.N, moment(t.At), 1000 * t.Latency.Seconds(), t.Status, t.Headers, t.Signed, t.Answer, t.Words})
	}
	return body(x), nil
}

func (a *API) resendDelivery(ctx context.Context, c caller, in *DeliveryPath) (*answer[Delivery], error) {
	d, err := a.cfg.Deliveries.Delivery(ctx, c.tenant, voice.DeliveryID(in.Delivery))
	if err != nil {
		return nil, err
	}
	if d.Operator {
		return nil, voice.Errorf("httpapi", voice.Permission, "a text message is not sent again: it costs money")
	}
	if err := a.cfg.Deliveries.Resend(ctx, c.tenant, d.ID, a.cfg.Now()); err != nil {
		return nil, err
	}
	a.cfg.Kick()
	if d, err = a.cfg.Deliveries.Delivery(ctx, c.tenant, d.ID); err != nil {
		return nil, err
	}
	return body(showDelivery(d)), nil
}
