package daemon

import (
	"context"
	"encoding/json"
	"net/http"
	"syscall"
	"time"
)

// readyPath is where load balancers ask whether calls may be sent here.
const readyPath = "/readyz"

// readyTime bounds the look at the store.
const readyTime = 2 * time.Second

const fine = "ok"

// readiness is the answer: each part in words that tell strangers nothing.
type readiness struct {
	Ready bool              `json:"ready"`
	Parts map[string]string `json:"parts"`
}

func (d *Daemon) readiness(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	parts := map[string]string{"store": fine, "sip": fine, "media": fine, "server": fine, "disk": fine}
	if _, err := d.store.ChangeCount(ctx); err != nil {
		d.log.Warn("not ready: the database does not answer", "err", err)
		parts["store"] = "the database does not answer"
	}
	if !d.listening.Load() {
		parts["sip"] = "SIP is not open"
	}
	parts["media"] = d.admissionWords()
	if d.draining.Load() {
		parts["server"] = "the server is stopping"
	}
	if free, ok := freeDisk(d.cfg.Data); ok && free < uint64(d.cfg.Limits.FreeDiskMB)<<20 {
		parts["disk"] = "the disk is nearly full: nothing is recorded"
	}
	r := readiness{Ready: true, Parts: parts}
	for _, words := range parts {
		r.Ready = r.Ready && words == fine
	}
	return r
}

// ready answers GET /readyz.
func (d *Daemon) ready(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	state := d.readiness(r.Context())
	head.Set("Content-Type", "application/json")
	if !state.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // who asked may have left
}

// freeDisk is how many bytes are free where dir is; false when that can't be seen.
func freeDisk(dir string) (uint64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
