package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/hooks"
)

// WebhookInput is what a client says of a webhook.
type WebhookInput struct {
	URL         string   `json:"url" maxLength:"2000" example:"https://shop.example/calls" doc:"Where its messages are posted"`
	Events      []string `json:"events" minItems:"1" maxItems:"50" doc:"Kinds of event: call.ended; call.* for all that begin so; * for all but step"`
	Enabled     *bool    `json:"enabled,omitempty" doc:"Missing = true"`
	Description string   `json:"description,omitempty" maxLength:"500" doc:"For people"`
}

func (w WebhookInput) spec() hooks.Spec {
	return hooks.Spec{URL: w.URL, Events: w.Events, Enabled: w.Enabled == nil || *w.Enabled, Description: w.Description}
}

// Webhook is told of the events of the account's calls.
type Webhook struct {
	ID          int64      `json:"id"`
	URL         string     `json:"url"`
	Events      []string   `json:"events"`
	Enabled     bool       `json:"enabled"`
	Description string     `json:"description,omitempty"`
	Words       string     `json:"words,omitempty" doc:"Why it was switched off"`
	Created     *time.Time `json:"created,omitempty"`
	Updated     *time.Time `json:"updated,omitempty"`
}

// NewWebhook is a webhook with its secret.
type NewWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"Signs its messages (Standard Webhooks); shown this once"`
}

// NewSecret is a secret after a rotation.
type NewSecret struct {
	Secret string `json:"secret" doc:"Signs from now on; shown this once"`
}

// Rotation is how a secret is replaced.
type Rotation struct {
	Overlap int `json:"overlap_seconds,omitempty" minimum:"0" maximum:"604800" default:"86400" doc:"How long the former secret signs too"`
}

// Queued names a delivery that was queued.
type Queued struct {
	Delivery string `json:"delivery" doc:"Its id"`
}

// WebhookPath names it in the path.
type WebhookPath struct {
	Webhook int64 `path:"webhook" minimum:"1"`
}

// WebhookSettings hold for the webhooks that the vendors' APIs know.
type WebhookSettings struct {
	SignAll bool     `json:"sign_all" doc:"They are signed by Standard Webhooks too"`
	Retry   []string `json:"retry" maxItems:"10" enum:"telphin,smartflo,hoiio,routee" doc:"Vendors whose webhooks are tried over three days, whatever the vendor says"`
}

// ChangedWebhookSettings are the settings and, when the account had none, the
// secret.
type ChangedWebhookSettings struct {
	WebhookSettings
	Secret string `json:"secret,omitempty" doc:"Shown this once, when the vendors' webhooks are first signed"`
}

func (a *API) registerWebhooks() {
	const section = "Webhooks"
	handle(a, route{id: "list-webhooks", method: http.MethodGet, path: "/webhooks", section: section, scope: ConfigRead, title: "List the webhooks"}, a.listWebhooks)
	handle(a, route{id: "create-webhook", method: http.MethodPost, path: "/webhooks", section: section, scope: ConfigWrite, status: http.StatusCreated,
		title: "Make a webhook", text: "Messages of one call come in order, at least once, and are tried for three days. Calls that are up already are passed over."}, a.createWebhook)
	handle(a, route{id: "read-webhook", method: http.MethodGet, path: "/webhooks/{webhook}", section: section, scope: ConfigRead, title: "Read a webhook"}, a.readWebhook)
	handle(a, route{id: "update-webhook", method: http.MethodPut, path: "/webhooks/{webhook}", section: section, scope: ConfigWrite, title: "Change a webhook"}, a.updateWebhook)
	handle(a, route{id: "delete-webhook", method: http.MethodDelete, path: "/webhooks/{webhook}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Delete a webhook", text: "What waits for it is given up."}, a.deleteWebhook)
	handle(a, route{id: "rotate-webhook", method: http.MethodPost, path: "/webhooks/{webhook}/rotate", section: section, scope: ConfigWrite,
		title: "Give a webhook a new secret", text: "Both sign while the former one is valid."}, a.rotateWebhook)
	handle(a, route{id: "test-webhook", method: http.MethodPost, path: "/webhooks/{webhook}/test", section: section, scope: ConfigWrite, status: http.StatusAccepted,
		title: "Send a webhook a test message", text: "Once, of type webhook.test; GET /deliveries/{delivery} has what came of it."}, a.testWebhook)
	handle(a, route{id: "read-webhook-settings", method: http.MethodGet, path: "/webhook-settings", section: section, scope: ConfigRead,
		title: "Read the settings of the vendors' webhooks"}, a.readWebhookSettings)
	handle(a, route{id: "update-webhook-settings", method: http.MethodPut, path: "/webhook-settings", section: section, scope: ConfigWrite,
		title: "Change the settings of the vendors' webhooks"}, a.updateWebhookSettings)
	handle(a, route{id: "rotate-webhook-settings", method: http.MethodPost, path: "/webhook-settings/rotate", section: section, scope: ConfigWrite,
		title: "Give the vendors' webhooks a new secret"}, a.rotateWebhookSettings)
}

func showWebhook(w hooks.Webhook) Webhook {
	return Webhook{w.Serial, w.URL, w.Events, w.Enabled, w.Description, w.Words, moment(w.Created), moment(w.Updated)}
}

func (a *API) listWebhooks(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Webhook]], error) {
	list, err := a.cfg.Hooks.Webhooks(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, showWebhook), nil
}

func (a *API) createWebhook(ctx context.Context, c caller, in *struct{ Body WebhookInput }) (*answer[NewWebhook], error) {
	w, secret, err := a.cfg.Hooks.Create(ctx, c.tenant, in.Body.spec())
	if err != nil {
		return nil, err
	}
	return body(NewWebhook{showWebhook(w), secret}), nil
}

func (a *API) readWebhook(ctx context.Context, c caller, in *WebhookPath) (*answer[Webhook], error) {
	w, err := a.cfg.Hooks.Webhook(ctx, c.tenant, in.Webhook)
	if err != nil {
		return nil, err
	}
	return body(showWebhook(w)), nil
}

func (a *API) updateWebhook(ctx context.Context, c caller, in *struct {
	WebhookPath
	Body WebhookInput
}) (*answer[Webhook], error) {
	w, err := a.cfg.Hooks.Update(ctx, c.tenant, in.Webhook, in.Body.spec())
	if err != nil {
		return nil, err
	}
	return body(showWebhook(w)), nil
}

func (a *API) deleteWebhook(ctx context.Context, c caller, in *WebhookPath) (*nothing, error) {
	return nil, a.cfg.Hooks.Delete(ctx, c.tenant, in.Webhook)
}

func (a *API) rotateWebhook(ctx context.Context, c caller, in *struct {
	WebhookPath
	Body Rotation
}) (*answer[NewSecret], error) {
	secret, err := a.cfg.Hooks.Rotate(ctx, c.tenant, in.Webhook, time.Duration(in.Body.Overlap)*time.Second)
	if err != nil {
		return nil, err
	}
	return body(NewSecret{secret}), nil
}

func (a *API) testWebhook(ctx context.Context, c caller, in *WebhookPath) (*answer[Queued], error) {
	id, err := a.cfg.Hooks.Test(ctx, c.tenant, in.Webhook)
	if err != nil {
		return nil, err
	}
	return body(Queued{string(id)}), nil
}

func (a *API) readWebhookSettings(ctx context.Context, c caller, _ *struct{}) (*answer[WebhookSettings], error) {
	s, err := a.cfg.Hooks.Settings(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return body(WebhookSettings{s.SignAll, append([]string{}, s.Retry...)}), nil
}

func (a *API) updateWebhookSettings(ctx context.Context, c caller, in *struct{ Body WebhookSettings }) (*answer[ChangedWebhookSettings], error) {
	secret, err := a.cfg.Hooks.SetSettings(ctx, c.tenant, hooks.Settings{SignAll: in.Body.SignAll, Retry: in.Body.Retry})
	if err != nil {
		return nil, err
	}
	return body(ChangedWebhookSettings{in.Body, secret}), nil
}

func (a *API) rotateWebhookSettings(ctx context.Context, c caller, in *struct{ Body Rotation }) (*answer[NewSecret], error) {
	secret, err := a.cfg.Hooks.RotateAccount(ctx, c.tenant, time.Duration(in.Body.Overlap)*time.Second)
	if err != nil {
		return nil, err
	}
	return body(NewSecret{secret}), nil
}
