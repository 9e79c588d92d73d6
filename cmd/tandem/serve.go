package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"tandem/internal/config"
	"tandem/internal/daemon"
)

type serveCmd struct {
	HTTP          string   `name:"http" placeholder:"HOST:PORT" help:"Web pages and the vendors' APIs (default :8080)."`
	SIP           string   `name:"sip" placeholder:"HOST:PORT" help:"SIP over UDP and TCP (default :5060)."`
	RTP           string   `name:"rtp" placeholder:"LOW-HIGH" help:"UDP ports for audio (default 10000-20000)."`
	Public        string   `placeholder:"HOST" help:"Name or address that phones and carriers reach this machine by (default its first address)."`
	AllowLoopback bool     `help:"Let trunks, SIP addresses and web hooks on loopback be used; for tests."`
	Set           []string `placeholder:"KEY=VALUE" sep:"none" help:"Any other setting, such as smtp.host=mail.example; may be repeated. tandem settings lists them."`
}

func (c *serveCmd) Run(p *program) (err error) {
	flags, err := c.flags()
	if err != nil {
		return err
	}
	cfg, origins, err := p.settingsFrom(flags)
	if err != nil {
		return err
	}
	d, err := daemon.New(cfg, daemon.Options{Stdout: p.stdout, Logger: p.newLogger(cfg.Log), Version: buildVersion(), Origins: origins})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals) // of those that come while the rest is closed, each ends the process
	if err := d.Run(p.ctx); err != nil || p.ctx.Err() == nil {
		return err
	}
	drain(p.ctx, d, signals)
	return nil
}

// drain lets calls run out until a second signal. The first is the one that ended
// ctx, if it was a signal.
func drain(ctx context.Context, d *daemon.Daemon, signals <-chan os.Signal) {
	ctx, enough := context.WithCancel(context.WithoutCancel(ctx))
	defer enough()
	var watching sync.WaitGroup
	watching.Go(func() {
		for range 2 {
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
		}
		enough()
	})
	d.Drain(ctx)
	enough()
	watching.Wait()
}

// flags gives the settings that the command line names.
func (c *serveCmd) flags() (map[string]string, error) {
	flags := map[string]string{}
	for _, kv := range c.Set {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: not of the form KEY=VALUE", kv)
		}
		flags[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	for key, value := range map[string]string{"http": c.HTTP, "sip": c.SIP, "rtp": c.RTP, "public": c.Public} {
		if value != "" {
			flags[key] = value
		}
	}
	if c.AllowLoopback {
		flags["allow_loopback"] = "yes"
	}
	return flags, nil
}

// newLogger makes the one logger of the process.
func (p *program) newLogger(l config.Log) *slog.Logger {
	var level slog.Level
	// The settings hold only names that slog knows.
	_ = level.UnmarshalText([]byte(l.Level))
	opts := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(p.stderr, opts))
}
