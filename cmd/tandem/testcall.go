package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/config"
	"tandem/internal/daemon"
	"tandem/internal/doctor"
	"tandem/internal/voice"
)

// startTime bounds the start of the throw-away server, speech included.
const startTime = 15 * time.Second

// testCall calls the menu of the running server or, when there is none, of one
// started for it on free loopback ports with a data folder of its own.
func testCall(ctx context.Context, cfg config.Config, running admin.Server) (words string, err error) {
	if running.SIP != "" {
		if running.Call == "" {
			return "", errors.New("the running server names no menu to call: give a number an app with tandem number route")
		}
		return callMenu(ctx, running)
	}
	dir, err := os.MkdirTemp("", "tandem-doctor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	d, err := daemon.New(configFor(cfg, dir), daemon.Options{Logger: slog.New(slog.DiscardHandler), Version: buildVersion()})
	if err != nil {
		return "", fmt.Errorf("a server for the test did not start: %w", err)
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.Run(run) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended, d.Close())
	}()
	server, err := waitAnnounced(ctx, d.Admin().Store)
	if err != nil {
		return "", err
	}
	words, err = callMenu(ctx, server)
	return words + " (a server of its own, on loopback)", err
}

// waitAnnounced waits until a server that was just started says where it is.
func waitAnnounced(ctx context.Context, settings voice.SettingStore) (admin.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := admin.Announced(ctx, settings)
		if err == nil && s.Call != "" {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, errors.New("the server for the test did not say where it is")
		case <-tick.C:
		}
	}
}

// callMenu calls what the server says can be called, straight at its SIP port.
func callMenu(ctx context.Context, s admin.Server) (string, error) {
	host, port, err := net.SplitHostPort(s.SIP)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	user, _, _ := strings.Cut(strings.TrimPrefix(s.Call, "sip:"), "@")
	return doctor.Call(ctx, "sip:"+user+"@"+net.JoinHostPort(host, port), "", net.JoinHostPort(host, "0"))
}
