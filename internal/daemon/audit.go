package daemon

import (
	"context"
	"net"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// maxAudit bounds the audit log of one account, in entries.
const maxAudit = 100_000

// auditEvery is how often old entries of the audit log are removed.
const auditEvery = time.Hour

// acting is a request whose changes are noted as those of its sender, who becomes
// known as the request is served.
func acting(r *http.Request, via string) *http.Request {
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	return r.WithContext(voice.Acting(r.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: via, Source: source}))
}

// refusedEvery is how often it is seen whether refusals are to be summed up.
const refusedEvery = time.Minute

// startAudit begins to remove old entries of the audit log, and to sum refusals up.
func (d *Daemon) startAudit(context.Context) error {
	d.background(func(ctx context.Context) {
		tick := time.NewTicker(refusedEvery)
		defer tick.Stop()
		for {
			last := false
			select {
			case <-ctx.Done():
				last = true
			case <-tick.C:
			}
			if err := d.refusals.Flush(context.WithoutCancel(ctx), last); err != nil {
				d.log.Error("refused log-ins and keys were not noted in the audit log", "err", err)
			}
			if last {
				return
			}
		}
	})
	d.background(func(ctx context.Context) {
		tick := time.NewTicker(auditEvery)
		defer tick.Stop()
		for {
			if err := d.store.ExpireAudit(ctx, time.Now().AddDate(0, 0, -d.cfg.AuditDays), maxAudit); err != nil && ctx.Err() == nil {
				d.log.Error("old entries of the audit log were not removed", "err", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return nil
}
