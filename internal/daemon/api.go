package daemon

import (
	"context"
	"encoding/json"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect/hoiio"
	"tandem/internal/dialect/smartflo"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphin"
	"tandem/internal/httpapi"
	"tandem/internal/voice"
	"tandem/internal/web"
)

// newAPI makes the native API.
func (d *Daemon) newAPI(pages *web.Handler) (*httpapi.API, error) {
	return httpapi.New(httpapi.Config{
		Tenants: d.store, Users: d.store, Credentials: d.store, Numbers: d.store, Extensions: d.store, Bindings: d.store,
		Trunks: d.store, Apps: d.store, Sounds: d.store, Resources: d.store, Recordings: d.store, Captures: d.store, Messages: d.store,
		Calls: d.store, Stats: d.store, Deliveries: d.store, Audit: d.store, AuditChain: d.store, Hooks: d.hooks, Kick: d.kickWebhooks,
		Keys: apiKeys{d, auth.NewKeyChecker(d.bearers, clock.Real())}, Admin: d.admin, Factors: d.admin, Invites: d.admin, FactorStore: d.store, Passkeys: d.passkeys, Passwords: d.admin, PasskeyStore: d.store, TrunkAdmin: d.admin, TrunkStates: apiTrunks{d, make(chan struct{}, asksAtOnce)},
		Audio: d.audio(), Control: control{d}, Live: d.LiveCalls(), Commands: liveCalls{d}, Holds: liveCalls{d}, Transfers: liveCalls{d}, Rooms: rooms{d.engine}, Programs: d.library, Resolver: d.resolver,
		Dialects: d.dialects, Formats: Formats(), Events: d.events, Media: d.engine, Blobs: d.blobs, Prompts: d.prompts, Clips: d.prompts, Web: d.web, EachTape: d.eachTape(),
		Capturing: liveCalls{d},
		Pages:     d.pages, Phones: phones{d}, Server: serverFacts{d},
		Makers: map[voice.AppKind]httpapi.Maker{sonetel.Kind: func(ctx context.Context, t voice.TenantID, document json.RawMessage) (voice.App, error) {
			return sonetel.Create(ctx, t, d.store, d.store, document, time.Now())
		}, hoiio.Kind: func(ctx context.Context, t voice.TenantID, document json.RawMessage) (voice.App, error) {
			return hoiio.Create(ctx, t, d.store, d.store, document, time.Now())
		}},
		Session: pages.Session, SessionID: pages.SessionID, Sessions: d.store,
		OwnAPI:  []voice.AppKind{telphin.Kind, smartflo.Kind},
		Version: d.opt.Version, Log: d.log,
	})
}

// noted takes an event of a call for its timeline and the webhooks about it, and
// for those who listen. It never waits.
func (d *Daemon) noted(e voice.Event) {
	d.journal.Append(e)
	d.events.Publish(e)
	d.metrics.Follow(e)
	if d.traces != nil {
		d.traces.Follow(e)
	}
}

// apiKeys keeps the keys of the native API.
type apiKeys struct {
	d       *Daemon
	checker *auth.KeyChecker
}

func (k apiKeys) Check(ctx context.Context, key, source string) (voice.AccessToken, error) {
	return k.checker.Check(ctx, admin.NativeAPI, key, source)
}

func (k apiKeys) Make(ctx context.Context, a voice.AccessToken) (string, voice.AccessToken, error) {
	life := time.Duration(0)
	if !a.Expires.IsZero() {
		life = time.Until(a.Expires)
	}
	key, err := k.d.bearers.Issue(ctx, admin.NativeAPI, voice.Token{Tenant: a.Tenant, User: a.User, Name: a.Name, Scopes: a.Scopes}, life)
	if err != nil {
		return "", voice.AccessToken{}, err
	}
	made, err := k.d.bearers.Verify(ctx, admin.NativeAPI, key)
	return key, made, err
}

func (k apiKeys) List(ctx context.Context, t voice.TenantID) ([]voice.AccessToken, error) {
	return k.d.store.AccessTokens(ctx, t, admin.NativeAPI)
}

func (k apiKeys) Remove(ctx context.Context, t voice.TenantID, hash string) error {
	return k.d.store.DeleteAccessToken(ctx, t, hash)
}

// asksAtOnce bounds the questions to trunks that wait for their answers.
const asksAtOnce = 4

// apiTrunks tells how the trunks stand.
type apiTrunks struct {
	d    *Daemon
	asks chan struct{}
}

func (t apiTrunks) TrunkState(_ context.Context, id voice.TrunkID) (bool, string) {
	s := t.d.trunkStates()[id]
	return s.Registered, s.Words
}

func (t apiTrunks) AskTrunk(ctx context.Context, k voice.Trunk) (httpapi.TrunkAnswer, error) {
	select {
	case t.asks <- struct{}{}:
		defer func() { <-t.asks }()
	default:
		return httpapi.TrunkAnswer{}, voice.Errorf("daemon.AskTrunk", voice.Limit, "too many trunks are asked at once; try again in a few seconds")
	}
	r := t.d.agent.AskTrunk(ctx, k)
	return httpapi.TrunkAnswer{Reached: r.Reached, Words: r.Words, Status: r.Status, Milliseconds: r.Took.Milliseconds(), From: r.Place, Places: r.Places}, nil
}
