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

// Kinds of resource.
const (
	KindWebhook  = "native/webhook"
	KindSettings = "native/webhook-settings"
)

// Prefix begins the endpoints and signatures of these webhooks; the number of
// the webhook follows.
const Prefix = "webhook/"

// Bounds.
const (
	MaxWebhooks    = 100 // of an account
	MaxDescription = 500
	MaxURL         = 2000
	MaxOverlap     = 7 * 24 * time.Hour // how long a former secret may stay valid
	maxSecrets     = 5
)

// Box seals secrets.
type Box interface {
	Seal(row string, plain []byte) string
	Open(row, sealed string) ([]byte, error)
}

// Config is what a Keeper works with.
type Config struct {
	Resources voice.ResourceStore
	Outbox    voice.DeliveryStore
	Box       Box
	// Check says whether a webhook may go to an address; its error names what is wrong.
	Check func(url string) error
	Kick  func() // wakes the outbox
	Now   func() time.Time
}

// Keeper keeps the webhooks.
type Keeper struct{ cfg Config }

// New makes a Keeper.
func New(cfg Config) *Keeper { return &Keeper{cfg} }

// Spec is what a client says of a webhook.
type Spec struct {
	URL         string
	Events      []string // see Events; "*" and "call.*" stand for several
	Enabled     bool
	Description string
}

// Webhook is a subscription to events.
type Webhook struct {
	Spec
	Serial  int64
	Words   string // why it was switched off, or ""
	Created time.Time
	Updated time.Time
}

// stored is a webhook's or an account's data.
type stored struct {
	URL         string   `json:"url,omitempty"`
	Events      []string `json:"events,omitempty"`
	Disabled    bool     `json:"disabled,omitempty"`
	Description string   `json:"description,omitempty"`
	Words       string   `json:"words,omitempty"`
	SignAll     bool     `json:"sign_all,omitempty"`
	Retry       []string `json:"retry,omitempty"`
	Secrets     []sealed `json:"secrets,omitempty"` // the present one first
}

func read(r voice.Resource) (s stored, err error) {
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return s, voice.E("hooks.read", voice.Internal, err)
	}
	return s, nil
}

func show(r voice.Resource, s stored) Webhook {
	return Webhook{
		Spec:   Spec{URL: s.URL, Events: s.Events, Enabled: !s.Disabled, Description: s.Description},
		Serial: r.Serial, Words: s.Words, Created: r.Created, Updated: r.Updated,
	}
}

func (k *Keeper) check(s Spec) error {
	const op = "hooks"
	if len(s.URL) > MaxURL {
		return voice.InvalidField(op, "url", "it has more than %d characters", MaxURL)
	}
	if err := k.cfg.Check(s.URL); err != nil {
		return voice.InvalidField(op, "url", "%s", voice.Reason(err))
	}
	if len(s.Events) == 0 {
		return voice.InvalidField(op, "events", "name at least one event, or \"*\" for all")
	}
	for _, e := range s.Events {
		if !slices.ContainsFunc(Events(), func(known voice.EventKind) bool { return matches(e, string(known)) }) {
			return voice.InvalidField(op, "events", "there is no event %q", e)
		}
	}
	if len(s.Description) > MaxDescription {
		return voice.InvalidField(op, "description", "it has more than %d characters", MaxDescription)
	}
	return nil
}

// Create makes a webhook and gives it with its secret, which is shown this once.
func (k *Keeper) Create(ctx context.Context, t voice.TenantID, s Spec) (Webhook, string, error) {
	if err := k.check(s); err != nil {
		return Webhook{}, "", err
	}
	list, err := k.Webhooks(ctx, t)
	if err != nil {
		return Webhook{}, "", err
	}
	if len(list) >= MaxWebhooks {
		return Webhook{}, "", voice.Errorf("hooks.Create", voice.Limit, "the account has %d webhooks; more can't be made", len(list))
	}
	text, first := k.newSecret(t)
	data := stored{URL: s.URL, Events: s.Events, Disabled: !s.Enabled, Description: s.Description, Secrets: []sealed{first}}
	raw, err := json.Marshal(data)
	if err != nil {
		return Webhook{}, "", voice.E("hooks.Create", voice.Internal, err)
	}
	now := k.cfg.Now()
	r, err := k.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: t, Kind: KindWebhook, Data: raw, Created: now, Updated: now})
	if err != nil {
		return Webhook{}, "", err
	}
	return show(r, data), text, nil
}

// Webhooks lists an account's.
func (k *Keeper) Webhooks(ctx context.Context, t voice.TenantID) ([]Webhook, error) {
	rs, err := dialect.AllResources(ctx, k.cfg.Resources, t, KindWebhook)
	if err != nil {
		return nil, err
	}
	list := make([]Webhook, len(rs))
	for i, r := range rs {
		s, err := read(r)
		if err != nil {
			return nil, err
		}
		list[i] = show(r, s)
	}
	return list, nil
}

// Webhook finds one.
func (k *Keeper) Webhook(ctx context.Context, t voice.TenantID, serial int64) (Webhook, error) {
	r, s, err := k.find(ctx, t, serial)
	return show(r, s), err
}

func (k *Keeper) find(ctx context.Context, t voice.TenantID, serial int64) (voice.Resource, stored, error) {
	r, err := k.cfg.Resources.Resource(ctx, t, KindWebhook, serial)
	if err != nil {
		if voice.IsKind(err, voice.NotExist) {
			err = voice.Errorf("hooks", voice.NotExist, "the account has no webhook %d", serial)
		}
		return r, stored{}, err
	}
	s, err := read(r)
	return r, s, err
}

// write stores changed data of a resource.
func (k *Keeper) write(ctx context.Context, r voice.Resource, s stored) (voice.Resource, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return r, voice.E("hooks.write", voice.Internal, err)
	}
	r.Data, r.Updated = raw, k.cfg.Now()
	r.Version, err = k.cfg.Resources.UpdateResource(ctx, r)
	return r, err
}

// Update replaces what a client says of a webhook. Its secrets stay.
func (k *Keeper) Update(ctx context.Context, t voice.TenantID, serial int64, s Spec) (Webhook, error) {
	r, data, err := k.find(ctx, t, serial)
	if err == nil {
		err = k.check(s)
	}
	if err != nil {
		return Webhook{}, err
	}
	if data.URL, data.Events, data.Disabled, data.Description = s.URL, s.Events, !s.Enabled, s.Description; s.Enabled {
		data.Words = ""
	}
	r, err = k.write(ctx, r, data)
	return show(r, data), err
}

// Delete removes a webhook. What is queued for it can't be signed any more and
// is given up.
func (k *Keeper) Delete(ctx context.Context, t voice.TenantID, serial int64) error {
	if _, _, err := k.find(ctx, t, serial); err != nil {
		return err
	}
	return k.cfg.Resources.DeleteResource(ctx, t, KindWebhook, serial)
}

// Rotate gives a webhook a new secret, shown this once. The former ones stay
// valid for overlap, and both sign meanwhile.
func (k *Keeper) Rotate(ctx context.Context, t voice.TenantID, serial int64, overlap time.Duration) (string, error) {
	r, s, err := k.find(ctx, t, serial)
	if err != nil {
		return "", err
	}
	return k.rotate(ctx, r, s, overlap)
}

func (k *Keeper) rotate(ctx context.Context, r voice.Resource, s stored, overlap time.Duration) (string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return "", voice.InvalidField("hooks.Rotate", "overlap_seconds", "it must be between 0 and %d", MaxOverlap/time.Second)
	}
	text, fresh := k.newSecret(r.Tenant)
	s.Secrets = renewed(s.Secrets, fresh, k.cfg.Now(), overlap)
	_, err := k.write(ctx, r, s)
	return text, err
}

// Test queues an event of no call for a webhook, also for one that is off, and
// gives its delivery. It is tried once.
func (k *Keeper) Test(ctx context.Context, t voice.TenantID, serial int64) (voice.DeliveryID, error) {
	r, s, err := k.find(ctx, t, serial)
	if err != nil {
		return "", err
	}
	d, err := delivery(r, s, EventTest, k.cfg.Now(), map[string]any{"webhook": strconv.FormatInt(serial, 10)})
	if err != nil {
		return "", err
	}
	d.Tenant, d.Tries, d.State, d.Created, d.Next = t, 1, voice.DeliveryQueued, k.cfg.Now(), k.cfg.Now()
	if err := k.cfg.Outbox.CreateDeliveries(ctx, []voice.Delivery{d}); err != nil {
		return "", err
	}
	k.cfg.Kick()
	return d.ID, nil
}

// Retire implements dialect.Retirer.
func (k *Keeper) Retire(ctx context.Context, t voice.TenantID, endpoint, words string) (bool, error) {
	serial, ok := serialOf(endpoint)
	if !ok {
		return false, nil
	}
	r, s, err := k.find(ctx, t, serial)
	if err != nil || s.Disabled {
		return true, err
	}
	s.Disabled, s.Words = true, words
	_, err = k.write(ctx, r, s)
	return true, err
}

// serialOf gives the webhook that an endpoint or a signature names.
func serialOf(name string) (int64, bool) {
	text, ok := strings.CutPrefix(name, Prefix)
	if !ok {
		return 0, false
	}
	serial, err := strconv.ParseInt(text, 10, 64)
	return serial, err == nil
}
