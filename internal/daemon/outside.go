package daemon

import (
	"context"
	"maps"
	"slices"
	"time"

	"tandem/internal/asr"
	"tandem/internal/dialect"
	"tandem/internal/notify"
	"tandem/internal/outbound"
	"tandem/internal/voice"
)

// understandTime bounds one request to a speech recogniser.
const understandTime = 30 * time.Second

// startOutside makes what flows use besides voice: requests, text messages and
// the understanding of speech.
func (d *Daemon) startOutside(context.Context) error {
	d.web = outbound.NewRequester(d.policy)
	d.closing(d.web.Close)
	s := d.cfg.SMS
	var err error
	d.sms, err = notify.NewMessenger(notify.Gateway{
		URL: s.URL, Method: s.Method, Headers: s.Headers, Type: s.Type, Body: s.Body, From: s.From, Key: s.Key,
	}, d.store, d.kickWebhooks, time.Now)
	if err != nil {
		return err
	}
	client := d.policy.Operator(understandTime)
	d.closing(client.CloseIdleConnections)
	d.asr, err = asr.New(asr.Config{URL: d.cfg.ASR.URL, Key: d.cfg.ASR.Key, Model: d.cfg.ASR.Model, Client: client, Blobs: d.blobs})
	return err
}

// kickWebhooks wakes the worker of the outbox, once there is one: it looks at
// its start anyway.
func (d *Daemon) kickWebhooks() {
	if d.webhooks != nil {
		d.webhooks.Kick()
	}
}

// startFacts has the calls followed for those who want to be told of them: what
// is to be sent is stored with the event that it is about.
func (d *Daemon) startFacts(context.Context) error {
	var notifiers []dialect.Notifier
	for _, known := range d.dialects {
		if n, ok := known.(dialect.Notifier); ok {
			notifiers = append(notifiers, n)
		}
	}
	d.facts = notify.NewPump(notify.PumpConfig{
		Subscribed: func(ctx context.Context) ([]voice.TenantID, error) { return d.subscribed(ctx, notifiers) },
		Changes:    d.store.Changes, Notifiers: notifiers, Expect: d.board.Expect, Kick: d.kickWebhooks, Log: d.log,
	})
	d.journal.Tell(d.facts)
	return nil
}

// startWebhooks begins to work the outbox. What is noted goes to calls, so the
// board is there already; it ends after the calls, to send their last words.
func (d *Daemon) startWebhooks(context.Context) error {
	tenants, operator := d.policy.Client(outbound.Webhook()), d.policy.Operator(outbound.TotalTime)
	d.webhooks = notify.Start(notify.Config{
		Store: d.store, Tenants: tenants, Operator: operator, Prepare: d.sms.Prepare, Log: d.log, Note: d.note,
	})
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := d.journal.Flush(ctx); err != nil {
			d.log.Error("webhooks not queued", "err", err)
		}
		d.webhooks.Close()
		tenants.CloseIdleConnections()
		operator.CloseIdleConnections()
	})
	return nil
}

// subscribed lists the accounts that want to be told of their calls: those
// with a subscription, or all when a dialect does not say where it keeps them.
func (d *Daemon) subscribed(ctx context.Context, notifiers []dialect.Notifier) ([]voice.TenantID, error) {
	found := map[voice.TenantID]bool{}
	for _, n := range notifiers {
		s, ok := n.(dialect.Subscriber)
		if !ok {
			all, err := d.store.Tenants(ctx)
			if err != nil {
				return nil, err
			}
			for _, t := range all {
				found[t.ID] = true
			}
			continue
		}
		for _, kind := range s.SubscriptionKinds() {
			list, err := dialect.AllResources(ctx, d.store, "", kind)
			if err != nil {
				return nil, err
			}
			for _, r := range list {
				found[r.Tenant] = true
			}
		}
	}
	return slices.Collect(maps.Keys(found)), nil
}
