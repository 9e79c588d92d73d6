package daemon

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tandem/internal/asr"
	"tandem/internal/config"
	"tandem/internal/dialect"
	"tandem/internal/hooks"
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
	if w := d.webhooks.Load(); w != nil {
		w.Kick()
	}
}

// queuedWebhooks tells the worker what is new in the outbox, once there is one.
func (d *Daemon) queuedWebhooks(ds []voice.Delivery) {
	if w := d.webhooks.Load(); w != nil {
		w.Queued(ds)
	}
}

// startFacts has the calls followed for those who want to be told of them: what
// is to be sent is stored with the event that it is about.
func (d *Daemon) startFacts(context.Context) error {
	d.hooks = hooks.New(hooks.Config{
		Resources: d.store, Outbox: d.store, Box: d.box, Check: d.checkURL, Kick: d.kickWebhooks, Now: time.Now,
	})
	notifiers := []dialect.Notifier{d.hooks}
	for _, known := range d.dialects {
		if n, ok := known.(dialect.Notifier); ok {
			notifiers = append(notifiers, n)
		}
	}
	d.facts = notify.NewPump(notify.PumpConfig{
		Subscribed: func(ctx context.Context) ([]voice.TenantID, error) { return d.subscribed(ctx, notifiers) },
		Changes:    d.store.Changes, Notifiers: notifiers, Tries: d.hooks.Tries, Expect: d.board.Expect, Queue: d.queuedWebhooks, Log: d.log,
	})
	d.journal.Tell(d.facts)
	return nil
}

// checkURL says whether requests may go to a URL, as far as the URL itself tells.
func (d *Daemon) checkURL(raw string) error {
	_, err := d.policy.CheckURL(raw)
	return err
}

// startWebhooks begins to work the outbox. What is noted goes to calls, so the
// board is there already; it ends after the calls, to send their last words.
func (d *Daemon) startWebhooks(context.Context) error {
	tenants, operator := d.policy.Client(outbound.Webhook()), d.policy.Operator(outbound.TotalTime)
	w := notify.Start(notify.Config{
		Store: d.store, Tenants: tenants, Operator: operator, Prepare: d.sms.Prepare, Log: d.log, Note: d.note,
		Sign: d.sign, Gone: d.gone, Pauses: pauses(d.cfg.Webhooks), Timeout: time.Duration(d.cfg.Webhooks.Timeout) * time.Second,
	})
	d.webhooks.Store(w)
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := d.journal.Flush(ctx); err != nil {
			d.log.Error("webhooks not queued", "err", err)
		}
		w.Close()
		tenants.CloseIdleConnections()
		operator.CloseIdleConnections()
	})
	return nil
}

// pauses are the worker's, shortened for tests where that is set.
func pauses(c config.Webhooks) []time.Duration {
	list := notify.Schedule()
	for i, p := range list {
		list[i] = p / 1_000_000 * time.Duration(c.PauseUnit)
	}
	return list
}

// sign signs a delivery that is being sent: by its vendor where the delivery
// names one, beside which the account may want all signed by the standard.
func (d *Daemon) sign(ctx context.Context, x voice.Delivery, now time.Time) (headers map[string]string, signed string, err error) {
	headers, signed, err = d.hooks.Sign(ctx, x, now)
	kind, _, _ := strings.Cut(x.Signature, "/")
	if err != nil || x.Signature == "" || strings.HasPrefix(x.Signature, hooks.Prefix) {
		return headers, signed, err
	}
	for _, known := range d.dialects {
		signer, ok := known.(dialect.Signer)
		if !ok || string(known.Kind()) != kind {
			continue
		}
		own, text, err := signer.Sign(ctx, x, now)
		if err != nil {
			return nil, "", err
		}
		if headers == nil {
			return own, text, nil
		}
		maps.Copy(headers, own)
		return headers, text + "\n" + signed, nil
	}
	return nil, "", voice.Errorf("daemon.sign", voice.NotExist, "nobody signs for %q", kind)
}

// gone switches off the subscription whose endpoint is there no more.
func (d *Daemon) gone(ctx context.Context, x voice.Delivery) {
	words := "its endpoint answered 410 Gone on " + time.Now().UTC().Format(time.RFC3339)
	retirers := []dialect.Retirer{d.hooks}
	for _, known := range d.dialects {
		if r, ok := known.(dialect.Retirer); ok {
			retirers = append(retirers, r)
		}
	}
	for _, r := range retirers {
		switch done, err := r.Retire(ctx, x.Tenant, x.Endpoint, words); {
		case err != nil:
			d.log.Error("webhook not switched off", "endpoint", x.Endpoint, "tenant", x.Tenant, "err", err)
			return
		case done:
			d.log.Warn("webhook switched off: "+words, "endpoint", x.Endpoint, "tenant", x.Tenant)
			return
		}
	}
}

// subscribed lists the accounts that want to be told of their calls: those
// with a subscription and, for vendors whose orders themselves say who is to be
// told, those with a credential of that vendor. Of any other notifier it is all.
func (d *Daemon) subscribed(ctx context.Context, notifiers []dialect.Notifier) ([]voice.TenantID, error) {
	found := map[voice.TenantID]bool{}
	for _, n := range notifiers {
		s, ok := n.(dialect.Subscriber)
		if !ok {
			all, err := d.mayOrder(ctx, n)
			if err != nil {
				return nil, err
			}
			for _, t := range all {
				found[t] = true
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

// mayOrder lists the accounts that can have given a dialect's orders.
func (d *Daemon) mayOrder(ctx context.Context, n dialect.Notifier) ([]voice.TenantID, error) {
	if v, ok := n.(dialect.Dialect); ok {
		return d.store.TokenTenants(ctx, string(v.Kind()))
	}
	all, err := d.store.Tenants(ctx)
	ids := make([]voice.TenantID, len(all))
	for i, t := range all {
		ids[i] = t.ID
	}
	return ids, err
}
