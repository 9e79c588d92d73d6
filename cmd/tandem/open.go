package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/config"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// withStore opens the store, runs work and closes it.
func (p *program) withStore(work func(config.Config, *sqlstore.Store) error) (err error) {
	cfg, err := p.settings(nil)
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.DatabasePath()); err != nil && cfg.Postgres == "" && !p.create {
		return fmt.Errorf("there is no installation in %s: name its folder with --data, or begin with tandem serve or tandem account create", cfg.Data)
	}
	st, err := openStore(p.ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	p.ctx = voice.Acting(p.ctx, voice.Actor{Kind: voice.ActorHost, Name: p.person(), Via: "cli"})
	return work(cfg, st)
}

// person names who runs the command, for the audit log.
func (p *program) person() string {
	for _, key := range []string{"SUDO_USER", "USER", "LOGNAME"} {
		if name, ok := p.env(key); ok && name != "" {
			return name
		}
	}
	return fmt.Sprintf("user %d of the host", os.Getuid())
}

func openStore(ctx context.Context, cfg config.Config) (*sqlstore.Store, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	box, err := secret.OpenFile(cfg.KeyPath())
	if err != nil {
		return nil, err
	}
	opts := sqlstore.Options{SQLitePath: cfg.DatabasePath(), Secrets: box}
	if cfg.Postgres != "" {
		opts.SQLitePath, opts.PostgresURL = "", cfg.Postgres
	}
	return sqlstore.Open(ctx, opts)
}

// withAdmin opens the store for the commands that manage accounts.
func (p *program) withAdmin(work func(*admin.Admin) error) error {
	return p.withStore(func(cfg config.Config, st *sqlstore.Store) error {
		box, err := secret.OpenFile(cfg.KeyPath())
		if err != nil {
			return err
		}
		now, hasher := clock.Real(), auth.NewHasher()
		a := &admin.Admin{
			Store: st, Links: auth.NewLinks(st, now), Passwords: admin.NewCredentials(st, hasher, auth.NewAuthenticator(st, hasher, now)), Keys: auth.NewBearers(st, now), Seal: box.Seal, Unseal: box.Open, Codes: auth.NewAttempts(now), Realm: cfg.Realm, Domain: cfg.Host(), URL: cfg.URL(), AllowLoopback: cfg.AllowLoopback,
			Bootstrap: func(ctx context.Context, t voice.Tenant, owner voice.User) error {
				return sonetel.Bootstrap(ctx, t, owner.ID, st, st, time.Now())
			},
		}
		sip := cfg.SIP
		// A running server knows best where it is reached.
		switch running, err := admin.Announced(p.ctx, st); {
		case err == nil:
			a.Domain, a.URL, sip = running.Host, running.URL, running.SIP
			a.AllowLoopback = a.AllowLoopback || running.AllowLoopback
			if running.Realm != "" {
				a.Realm = running.Realm
			}
		case !voice.IsKind(err, voice.NotExist):
			return err
		}
		if _, port, err := net.SplitHostPort(sip); err == nil {
			a.Registrar = net.JoinHostPort(strings.Trim(a.Domain, "[]"), port)
		}
		return work(a)
	})
}
