package daemon

import (
	"context"
	"time"

	"tandem/internal/asr"
	"tandem/internal/dialect"
	"tandem/internal/notify"
	"tandem/internal/outbound"
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

// features says what there is of that, for the dialects.
func (d *Daemon) features() dialect.Features {
	return dialect.Features{Speech: d.asr.Ready(), SMS: d.sms.Ready()}
}

// kickWebhooks wakes the worker of the outbox, once there is one: it looks at
// its start anyway.
func (d *Daemon) kickWebhooks() {
	if d.webhooks != nil {
		d.webhooks.Kick()
	}
}

// startWebhooks begins to work the outbox. What is noted goes to calls, so the
// board is there already; and it ends after the calls, to send their last words.
func (d *Daemon) startWebhooks(context.Context) error {
	tenants, operator := d.policy.Client(outbound.Webhook()), d.policy.Operator(outbound.TotalTime)
	d.webhooks = notify.Start(notify.Config{
		Store: d.store, Tenants: tenants, Operator: operator, Prepare: d.sms.Prepare, Log: d.log, Note: d.note,
	})
	d.closing(func() {
		d.webhooks.Close()
		tenants.CloseIdleConnections()
		operator.CloseIdleConnections()
	})
	return nil
}
