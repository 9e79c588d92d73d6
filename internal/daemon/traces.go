package daemon

import (
	"context"
	"net/http"
	"strings"
	"time"

	"tandem/internal/metrics"
	"tandem/internal/outbound"
	"tandem/internal/tracing"
)

// traceTime is how long the last spans may take to be sent when the server ends.
const traceTime = 3 * time.Second

// startTraces makes what follows the calls' events: the metrics, and where a
// receiver is set the traces. The receiver is the operator's own, so it may be
// anywhere.
func (d *Daemon) startTraces(context.Context) error {
	d.metrics = metrics.New(d.opt.Version, d.readings)
	c := d.cfg.Traces
	if c.Endpoint == "" || c.Share == 0 {
		return nil
	}
	client := d.policy.Operator(outbound.TotalTime)
	t, err := tracing.Start(tracing.Config{
		Endpoint: c.Endpoint, Headers: headersOf(c.Headers), Share: c.Share, Client: client, Version: d.opt.Version, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.traces = t
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), traceTime)
		defer cancel()
		t.Close(ctx)
		client.CloseIdleConnections()
	})
	return nil
}

func (d *Daemon) tracesDropped() uint64 {
	if d.traces == nil {
		return 0
	}
	return d.traces.Dropped()
}

// headersOf reads "Name: value; Name: value".
func headersOf(s string) map[string]string {
	headers := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if name, value, ok := strings.Cut(part, ":"); ok {
			headers[http.CanonicalHeaderKey(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return headers
}
