package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiler takes profiles of the server by its debug socket; nil takes none.
type profiler struct {
	dir    string
	client *http.Client
}

func newProfiler(dir, data string) (*profiler, error) {
	if dir == "" {
		return nil, nil
	}
	socket := filepath.Join(data, "debug.sock")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &profiler{dir: dir, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}, os.MkdirAll(dir, 0o755)
}

// take stores a profile as NAME.pprof; d is how long the processor is watched,
// 0 for a profile of what is.
func (p *profiler) take(ctx context.Context, name, kind string, d time.Duration) error {
	url := "http://server/debug/pprof/" + kind
	if d > 0 {
		url = fmt.Sprintf("%s?seconds=%d", url, max(1, int(d.Seconds())))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("profile %s: %s", name, res.Status)
	}
	f, err := os.Create(filepath.Join(p.dir, name+".pprof"))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, res.Body)
	return err
}

// during takes a processor's profile beside a phase; the function returned
// waits for it.
func (p *profiler) during(ctx context.Context, name string, d time.Duration) func() error {
	if p == nil {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- p.take(ctx, name, "profile", d) }()
	return func() error { return <-done }
}
