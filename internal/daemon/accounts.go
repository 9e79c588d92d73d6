package daemon

import (
	"context"
	"crypto/rand"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphin"
	"tandem/internal/voice"
)

func (d *Daemon) openAccounts(ctx context.Context) error {
	now, hasher := clock.Real(), auth.NewHasher()
	d.refusals = auth.NewRefusals(d.store, now)
	checker := auth.NewAuthenticator(d.store, hasher, now)
	checker.Report(d.refusals)
	d.credentials = admin.NewCredentials(d.store, hasher, checker)
	d.bearers = auth.NewBearers(d.store, now)
	d.bearers.Report(d.refusals)
	d.admin = &admin.Admin{
		Store: d.store, Links: auth.NewLinks(d.store, now), Passwords: d.credentials, Keys: d.bearers, Seal: d.box.Seal, Unseal: d.box.Open, Codes: auth.NewAttempts(now),
		Realm: d.cfg.Realm, Domain: d.cfg.Host(), URL: d.cfg.URL(), AllowLoopback: d.cfg.AllowLoopback,
		Bootstrap: func(ctx context.Context, t voice.Tenant, owner voice.User) error {
			return sonetel.Bootstrap(ctx, t, owner.ID, d.store, d.store, time.Now())
		},
	}
	var err error
	d.signer, err = auth.OpenSigner(ctx, d.store, d.box, now)
	return err
}

// linkKey gives the key that signs a vendor's links to audio; it is drawn once.
func (d *Daemon) linkKey(ctx context.Context, vendor voice.AppKind) ([]byte, error) {
	setting, fresh := string(vendor)+"/link-key", make([]byte, 32)
	rand.Read(fresh)
	kept, err := d.store.InitSetting(ctx, setting, d.box.Seal(setting, fresh))
	if err != nil {
		return nil, err
	}
	return d.box.Open(setting, kept)
}

// publicURL is the base of a vendor's API in links, when one is set.
func (d *Daemon) publicURL(vendor voice.AppKind) string {
	if d.cfg.BaseURL == "" {
		return ""
	}
	return d.cfg.URL() + "/" + string(vendor)
}

func (d *Daemon) startDialects(ctx context.Context) error {
	key, err := d.linkKey(ctx, sonetel.Kind)
	if err != nil {
		return err
	}
	vendor, err := sonetel.New(sonetel.Config{
		Tenants: d.store, Users: d.store, Extensions: d.store, Apps: d.store, Sounds: d.store, Numbers: d.store,
		Recordings: d.store, Calls: d.store, Discard: d.discard, Credentials: d.store,
		Auth: credentials{d.credentials}, Tokens: d.tokens(), Audio: d.audio(), Control: control{d},
		SIPDomain: d.cfg.Host(), SIPRealm: d.cfg.Realm, PublicURL: d.publicURL(sonetel.Kind), LinkKey: key, Log: d.log,
	})
	if err != nil {
		return err
	}
	ringme, err := d.openTelphin(ctx)
	if err != nil {
		return err
	}
	flo, err := d.openSmartflo(ctx)
	if err != nil {
		return err
	}
	d.routee = d.openRoutee()
	blocks, err := d.openHoiio(ctx)
	if err != nil {
		return err
	}
	d.dialects = append(d.dialects, vendor, native.New(), ringme, flo, d.routee, blocks)
	d.library = dialect.NewLibrary(d.lookups, d.resolver, time.Now, d.dialects...)
	return nil
}

// openTelphin makes the Telphin dialect. Its links are signed with a key of their
// own, so that no other vendor's link is good for it.
func (d *Daemon) openTelphin(ctx context.Context) (*telphin.Dialect, error) {
	key, err := d.linkKey(ctx, telphin.Kind)
	if err != nil {
		return nil, err
	}
	return telphin.New(telphin.Config{
		Tenants: d.store, Users: d.store, Extensions: d.store, Apps: d.store, Sounds: d.store, Numbers: d.store,
		Recordings: d.store, Calls: d.store, Discard: d.discard, Resources: d.store, Credentials: d.store,
		Auth: credentials{d.credentials}, Bearers: d.bearers, Audio: d.audio(), Control: control{d}, Live: d.LiveCalls(),
		SIPDomain: d.cfg.Host(), SIPRealm: d.cfg.Realm, PublicURL: d.publicURL(telphin.Kind), LinkKey: key, Speech: d.asr.Ready(), Log: d.log,
	}), nil
}

func (d *Daemon) resolver(t voice.TenantID) dialect.Resolver {
	return dialect.StoreResolver{Tenant: t, UserStore: d.store, AppStore: d.store, SoundStore: d.store, ExtensionStore: d.store, ResourceStore: d.store}
}
