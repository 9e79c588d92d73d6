package routee

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// kindCampaign is the kind of the resources that hold campaigns; their name is the
// tracking id.
const kindCampaign = "routee/campaign"

// Bounds of campaigns.
const (
	MaxRecipients = 1000
	// DefaultPace is the time between two calls of a campaign.
	DefaultPace = time.Second
	maxAhead    = 365 * 24 * time.Hour // of scheduledDate
)

// States of campaigns.
const (
	campaignScheduled = "Scheduled"
	campaignRunning   = "Running"
	campaignFinished  = "Finished"
	campaignStopped   = "Cancelled"
)

// campaign is one message to many, as it is kept.
type campaign struct {
	ID        string               `json:"trackingId"`
	User      voice.UserID         `json:"user"`
	From      string               `json:"from"`
	To        []string             `json:"to"`
	Message   *routeeplan.Message  `json:"message,omitempty"`
	File      string               `json:"fileURL,omitempty"`
	Digits    int                  `json:"collectDtmfDigits,omitempty"`
	Await     int                  `json:"collectDtmfAwaitSeconds,omitempty"` // s
	Callback  *routeeplan.Callback `json:"callback,omitempty"`
	Finished  *routeeplan.Callback `json:"campaignCallback,omitempty"`
	Scheduled time.Time            `json:"scheduled,omitzero"`
	Created   time.Time            `json:"created"`
	State     string               `json:"state"`
	Next      int                  `json:"next"` // of To, the first that has not been called
	Refused   int                  `json:"refused"`
}

func (q *request) readCampaign(now time.Time) (campaign, error) {
	var c campaign
	f, err := q.body()
	if err != nil {
		return c, err
	}
	if c.From, err = routeeplan.From(f["from"], "from"); err != nil {
		return c, coded(codeParty, err)
	}
	list, err := input.Array(f["to"], "to")
	switch {
	case err != nil:
		return c, coded(codeParty, err)
	case len(list) == 0 || len(list) > MaxRecipients:
		return c, badf(codeParty, "to: 1 to %d numbers are needed, not %d", MaxRecipients, len(list))
	}
	for i, raw := range list {
		s, err := routeeplan.Text(raw, fmt.Sprintf("to[%d]", i), 40)
		if err != nil {
			return c, coded(codeParty, err)
		}
		e, err := voice.ParseE164(s)
		if err != nil {
			return c, badf(codeParty, "to[%d]: %s", i, voice.Reason(err))
		}
		c.To = append(c.To, string(e))
	}
	return c, coded(codeOption, c.readOptions(f, now))
}

func (c *campaign) readOptions(f input.Fields, now time.Time) (err error) {
	if c.File, err = routeeplan.Address(f["fileURL"], "fileURL", false); err != nil {
		return err
	}
	if !input.IsNull(f["message"]) {
		object, err := input.Object(f["message"], "message")
		if err != nil {
			return err
		}
		m, err := routeeplan.ReadMessage(object, "message")
		if err != nil {
			return err
		}
		c.Message = &m
	}
	if (c.Message == nil) == (c.File == "") {
		return fmt.Errorf("message: either message or fileURL is needed")
	}
	if c.Digits, _, err = routeeplan.Whole(f["collectDtmfDigits"], "collectDtmfDigits", 0, 30); err != nil {
		return err
	}
	if c.Await, _, err = routeeplan.Whole(f["collectDtmfAwaitSeconds"], "collectDtmfAwaitSeconds", 0, 60); err != nil {
		return err
	}
	for name, p := range map[string]**routeeplan.Callback{"callback": &c.Callback, "campaignCallback": &c.Finished} {
		call, err := routeeplan.ReadCallback(f[name], name)
		if err != nil {
			return err
		}
		if call.URL != "" {
			*p = &call
		}
	}
	s, err := routeeplan.Text(f["scheduledDate"], "scheduledDate", 60)
	if err != nil || s == "" {
		return err
	}
	if c.Scheduled, err = time.Parse(time.RFC3339Nano, s); err != nil || c.Scheduled.After(now.Add(maxAhead)) {
		return fmt.Errorf("scheduledDate: %q is no ISO 8601 time of the next year", s)
	}
	return nil
}

// orders begins the orders of a campaign's calls.
func (c *campaign) orders() string { return orderPrefix + c.ID + "-" }

// order gives the call to one recipient.
func (c *campaign) order(t voice.TenantID, i int) dialect.CallBack {
	to := c.To[i]
	v := routeeplan.Verb{Type: routeeplan.Play, File: c.File}
	if c.Message != nil {
		v = routeeplan.Verb{Type: routeeplan.Say, Message: *c.Message}
	}
	plan := routeeplan.Plan{Verbs: []routeeplan.Verb{v}}
	if c.Digits > 0 {
		plan.Verbs = append(plan.Verbs, routeeplan.Verb{Type: routeeplan.Pause, Pause: time.Duration(max(c.Await, 1)) * time.Second})
	}
	cb := dialect.CallBack{Tenant: t, User: c.User, App: "Routee campaign", First: voice.Destination{Kind: voice.ToNumber, ID: to},
		Order: c.orders() + strconv.Itoa(i), RingFirst: routeeplan.MaxRing,
		Program: routeeplan.Compile(plan, routeeplan.Options{Name: "campaign"}),
		Data:    map[string]string{dataFrom: c.From, dataTo: to, dataService: serviceCampaign, dataCampaign: c.ID}}
	if e, err := voice.ParseE164(c.From); err == nil {
		cb.ShowFirst = string(e)
	}
	if c.Callback != nil {
		cb.Data[dataCallback], cb.Data[dataStrategy] = c.Callback.URL, c.Callback.Strategy
	}
	return cb
}

func (c *campaign) answer() map[string]any {
	a := map[string]any{"trackingId": c.ID, "type": "Voice", "state": c.State, "from": c.From, "to": c.To, "createdAt": stamp(c.Created)}
	if !c.Scheduled.IsZero() {
		a["scheduledDate"] = stamp(c.Scheduled)
	}
	if c.Message != nil {
		a["message"] = map[string]string{"text": c.Message.Text, "language": c.Message.Language, "gender": c.Message.Gender}
	} else {
		a["fileURL"] = c.File
	}
	if c.Callback != nil {
		a["callback"] = c.Callback
	}
	if c.Finished != nil {
		a["campaignCallback"] = c.Finished
	}
	return a
}

func createCampaign(q *request) (any, error) {
	now := q.d.cfg.Now()
	c, err := q.readCampaign(now)
	if err != nil {
		return nil, err
	}
	if bad, is := flow.Validate(c.order(q.tenant, 0).Program).FirstError(); is { // it is the same for all
		return nil, badf(codePlan, "%s", bad)
	}
	c.ID, c.User, c.Created, c.State = TrackingID(voice.CallID(voice.NewID(""))), q.user, now, campaignRunning
	if c.Scheduled.After(now) {
		c.State = campaignScheduled
	}
	data, err := json.Marshal(c)
	if err != nil {
		return nil, voice.E("routee.createCampaign", voice.Internal, err)
	}
	res, err := q.d.cfg.Resources.CreateResource(q.Context(), voice.Resource{Tenant: q.tenant, Kind: kindCampaign, Name: c.ID, Data: data, Created: now, Updated: now})
	if err != nil {
		return nil, err
	}
	q.d.launch(res, c)
	return c.answer(), nil
}

// campaign finds a campaign of the tenant.
func (q *request) campaign(id string) (voice.Resource, campaign, error) {
	var c campaign
	list, err := q.d.cfg.Resources.Resources(q.Context(), q.tenant, voice.ResourceFilter{Kind: kindCampaign, Name: id, Limit: 1})
	if err != nil {
		return voice.Resource{}, c, err
	}
	if id == "" || len(list) == 0 {
		return voice.Resource{}, c, notFound("campaign")
	}
	if err := json.Unmarshal(list[0].Data, &c); err != nil {
		return voice.Resource{}, c, voice.E("routee.campaign", voice.Internal, err)
	}
	return list[0], c, nil
}

// stopCampaign makes no further calls; those that are up go on.
func stopCampaign(q *request) (any, error) {
	_, c, err := q.campaign(q.params["id"])
	if err != nil {
		return nil, err
	}
	if c.State == campaignFinished || c.State == campaignStopped {
		return nil, badf(codeAction, "the campaign is over")
	}
	for {
		res, c, err := q.campaign(c.ID)
		if err != nil {
			return nil, err
		}
		c.State = campaignStopped
		switch err := q.d.keepCampaign(q.Context(), &res, c); {
		case err == nil:
			q.d.mu.Lock()
			if stop := q.d.campaigns[c.ID]; stop != nil {
				stop()
			}
			q.d.mu.Unlock()
			return c.answer(), nil
		case !voice.IsKind(err, voice.Conflict):
			return nil, err
		}
	}
}

// analyse says what a campaign would be; calls cost nothing here.
func analyse(q *request) (any, error) {
	c, err := q.readCampaign(q.d.cfg.Now())
	if err != nil {
		return nil, err
	}
	countries := map[string]int{}
	for _, to := range c.To {
		countries[country(to)]++
	}
	return map[string]any{"numberOfRecipients": len(c.To), "recipientsPerCountry": countries, "cost": 0.0}, nil
}

// Resume goes on with the campaigns of all accounts that are not over, once the
// server takes calls.
func (d *Dialect) Resume(ctx context.Context) error {
	list, err := dialect.AllResources(ctx, d.cfg.Resources, "", kindCampaign)
	if err != nil {
		return err
	}
	for _, res := range list {
		var c campaign
		if json.Unmarshal(res.Data, &c) == nil && slices.Contains([]string{campaignScheduled, campaignRunning}, c.State) {
			d.launch(res, c)
		}
	}
	return nil
}

// launch runs a campaign beside whatever goes on.
func (d *Dialect) launch(res voice.Resource, c campaign) {
	ctx, stop := context.WithCancel(d.ctx)
	d.mu.Lock()
	d.campaigns[c.ID] = stop
	d.mu.Unlock()
	d.wg.Go(func() {
		defer func() {
			stop()
			d.mu.Lock()
			delete(d.campaigns, c.ID)
			d.mu.Unlock()
		}()
		if err := d.run(ctx, res, c); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("campaign stopped", "campaign", c.ID, "tenant", res.Tenant, "err", err)
		}
	})
}

// run calls one recipient after the other. How far it has come is kept before each
// call, so that after a crash nobody is called twice.
func (d *Dialect) run(ctx context.Context, res voice.Resource, c campaign) error {
	if err := pause(ctx, c.Scheduled.Sub(d.cfg.Now())); err != nil {
		return err
	}
	c.State = campaignRunning
	for c.Next < len(c.To) {
		i := c.Next
		c.Next++
		if err := d.keepCampaign(ctx, &res, c); err != nil {
			return err
		}
		switch err := d.callNext(ctx, c.order(res.Tenant, i)); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			c.Refused++
			d.cfg.Log.Warn("call of a campaign refused", "campaign", c.ID, "tenant", res.Tenant, "to", c.To[i], "err", err)
		}
		if c.Next < len(c.To) {
			if err := pause(ctx, d.cfg.Pace); err != nil {
				return err
			}
		}
	}
	c.State = campaignFinished
	if err := d.keepCampaign(ctx, &res, c); err != nil {
		return err
	}
	return d.tellFinished(ctx, res.Tenant, c)
}

// callNext orders a call and waits until it has begun: a campaign has one call in
// the line of its account, so that the account's other orders are not behind all of
// it. When the line is full it tries again.
func (d *Dialect) callNext(ctx context.Context, cb dialect.CallBack) error {
	for {
		id, err := d.begin(ctx, cb)
		switch {
		case voice.IsKind(err, voice.Limit):
			if err := pause(ctx, d.cfg.Pace); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		for {
			c, err := d.cfg.Live.LiveCall(ctx, cb.Tenant, id)
			if err != nil || c.State != voice.LiveWaiting { // it has begun, or is over
				return nil
			}
			if err := pause(ctx, d.cfg.Pace); err != nil {
				return err
			}
		}
	}
}

// tellFinished tells that the last call of a campaign has begun.
func (d *Dialect) tellFinished(ctx context.Context, t voice.TenantID, c campaign) error {
	if c.Finished == nil || d.cfg.Outbox == nil {
		return nil
	}
	body, err := json.Marshal(map[string]any{"trackingId": c.ID, "state": c.State, "numberOfRecipients": len(c.To), "refused": c.Refused})
	if err != nil {
		return voice.E("routee.tellFinished", voice.Internal, err)
	}
	now := d.cfg.Now()
	return d.cfg.Outbox.CreateDeliveries(ctx, []voice.Delivery{{ID: voice.DeliveryID(voice.NewID("D")), Tenant: t, Endpoint: routeeplan.Kind + "/" + c.Finished.URL,
		Purpose: "campaign " + c.ID, Method: http.MethodPost, URL: c.Finished.URL, Type: "application/json", Body: string(body),
		Tries: 1, State: voice.DeliveryQueued, Next: now, Created: now}})
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Dialect) keepCampaign(ctx context.Context, res *voice.Resource, c campaign) error {
	data, err := json.Marshal(c)
	if err != nil {
		return voice.E("routee.keepCampaign", voice.Internal, err)
	}
	res.Data, res.Updated = data, d.cfg.Now()
	res.Version, err = d.cfg.Resources.UpdateResource(ctx, *res)
	return err
}

// begin begins a call of ours.
func (d *Dialect) begin(ctx context.Context, cb dialect.CallBack) (voice.CallID, error) {
	return d.cfg.Control.Originate(ctx, cb)
}
