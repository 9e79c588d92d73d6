package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"tandem/internal/config"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/routee"
	"tandem/internal/dialect/smartflo"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphin"
	"tandem/internal/publish"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// OpenDesk gives what a command that publishes beside the server needs: the gate and
// the history. close it when done.
func OpenDesk(ctx context.Context, cfg config.Config, st *sqlstore.Store, log *slog.Logger) (d *publish.Desk, closing func() error, err error) {
	prompts, closePrompts, err := OpenPrompts(ctx, cfg, st, log)
	if err != nil {
		return nil, nil, err
	}
	dialects, closeDialects, err := compilers(st, cfg.Host())
	if err != nil {
		return nil, nil, errors.Join(err, closePrompts())
	}
	resolver := func(t voice.TenantID) dialect.Resolver {
		return dialect.StoreResolver{Tenant: t, UserStore: st, AppStore: st, SoundStore: st, ExtensionStore: st, ResourceStore: st}
	}
	desk := publish.New(publish.Config{Dialects: dialects, Resolver: resolver, Apps: st, Resources: st, Numbers: st, Trunks: st,
		Programs: dialect.NewLibrary(st, resolver, time.Now, dialects...), Prompts: prompts, Now: time.Now})
	return desk, func() error { closeDialects(); return closePrompts() }, nil
}

// compilers are the dialects as far as documents and the answers of applications are
// understood by them; they serve nobody.
func compilers(st *sqlstore.Store, domain string) (list []dialect.Dialect, closing func(), err error) {
	key := make([]byte, 32) // of links that nobody is given
	rand.Read(key)
	asked := routee.New(routee.Config{Apps: st, Numbers: st, Resources: st})
	flo, err := smartflo.New(smartflo.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Sounds: st, Numbers: st, Resources: st, Recordings: st, LinkKey: key})
	if err != nil {
		asked.Close()
		return nil, nil, err
	}
	ringme := telphin.New(telphin.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Sounds: st, Numbers: st, Resources: st, Recordings: st, LinkKey: key})
	vendor, err := sonetel.New(sonetel.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Sounds: st, Numbers: st, Recordings: st, SIPDomain: domain, LinkKey: key})
	if err != nil {
		asked.Close()
		return nil, nil, err
	}
	return []dialect.Dialect{native.New(), vendor, ringme, flo, asked}, asked.Close, nil
}
