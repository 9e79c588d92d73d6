package daemon

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tandem/internal/metrics"
	"tandem/internal/voice"
)

const metricsPath = "/metrics"

// metricsTime bounds each look at the store for them.
const metricsTime = 2 * time.Second

// serveMetrics answers those who may read them, and nobody else that there are any.
func (d *Daemon) serveMetrics(w http.ResponseWriter, r *http.Request) {
	c := d.cfg.Metrics
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case c.Token != "" && bearer && same(given, c.Token):
	case c.Loopback && local(r):
	case c.Token != "":
		w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
		http.Error(w, "a token is needed", http.StatusUnauthorized)
		return
	default:
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	d.metrics.Handler().ServeHTTP(w, r)
}

// same compares without telling by its time how much is right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// local says whether a request comes from this machine and was not passed on.
func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// readings are what the parts count.
func (d *Daemon) readings() []metrics.Reading {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTime)
	defer cancel()
	list := d.callReadings()
	list = append(list, d.mediaReadings()...)
	list = append(list, d.sipReadings()...)
	list = append(list, d.admissionReadings()...)
	add := func(name string, value float64, labels ...string) {
		list = append(list, metrics.Reading{Name: name, Value: value, Labels: labels})
	}
	began := time.Now()
	took := -1.0
	if _, err := d.store.ChangeCount(ctx); err == nil {
		took = time.Since(began).Seconds()
	}
	add("store_seconds", took)
	if c, err := d.store.Counts(ctx, time.Now()); err == nil {
		add("phones_registered", float64(c.Phones))
		add("webhooks_waiting", float64(c.Deliveries))
	}
	add("journal_waiting", float64(d.journal.Waiting()))
	add("journal_dropped_total", float64(d.journal.Dropped()))
	add("prompts_memory_bytes", float64(d.prompts.MemoryUsed()))
	hits, misses := d.prompts.Used()
	add("prompts_used_total", float64(hits), "hit")
	add("prompts_used_total", float64(misses), "miss")
	if free, ok := freeDisk(d.cfg.Data); ok {
		add("disk_free_bytes", float64(free))
	}
	add("traces_dropped_total", float64(d.tracesDropped()))
	return list
}

func (d *Daemon) callReadings() []metrics.Reading {
	states := map[voice.LiveState]int{
		voice.LiveWaiting: 0, voice.LiveRinging: 0, voice.LiveAnswered: 0, voice.LiveDialling: 0, voice.LiveQueued: 0, voice.LiveTalking: 0,
	}
	for state, n := range d.board.States() {
		states[state] += n
	}
	list := []metrics.Reading{
		{Name: "calls_limit", Value: float64(d.cfg.Limits.Calls)},
		{Name: "full", Value: truth(d.admission.State().Limiting)},
		{Name: "draining", Value: truth(d.draining.Load())},
	}
	for state, n := range states {
		list = append(list, metrics.Reading{Name: "calls_up", Value: float64(n), Labels: []string{string(state)}})
	}
	return list
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (d *Daemon) mediaReadings() []metrics.Reading {
	var list []metrics.Reading
	add := func(name string, value float64, labels ...string) {
		list = append(list, metrics.Reading{Name: name, Value: value, Labels: labels})
	}
	t := d.pool.Totals()
	add("rtp_packets_total", float64(t.SentPackets), "sent")
	add("rtp_packets_total", float64(t.ReceivedPackets), "received")
	add("rtp_bytes_total", float64(t.SentBytes), "sent")
	add("rtp_bytes_total", float64(t.ReceivedBytes), "received")
	add("rtp_lost_total", float64(t.RemoteLost), "sent")
	add("rtp_lost_total", float64(t.ReceivedLost), "received")
	add("rtp_dropped_total", float64(t.Foreign), "foreign")
	add("rtp_dropped_total", float64(t.Forged), "forged")
	add("rtp_dropped_total", float64(t.ReceivedInvalid), "invalid")
	add("rtp_dropped_total", float64(t.ReceivedUnknown), "unknown")
	add("rtp_dropped_total", float64(t.ReceivedExcess), "excess")
	add("rtp_late_total", float64(t.ReceivedLate))
	add("rtp_send_failed_total", float64(t.SendFailed))
	add("rtp_send_skipped_total", float64(t.SendSkipped))
	add("rtp_unreachable_total", float64(t.Refused))
	add("rtp_moves_total", float64(t.Moves))
	add("rtcp_reports_total", float64(t.ReportsSent), "sent")
	add("rtcp_reports_total", float64(t.ReportsHeard), "received")
	sound := d.engine.Sound()
	add("media_ports_silent", float64(sound.Silent), "in")
	add("media_ports_silent", float64(sound.Unheard), "out")
	load := d.pool.Stats()
	add("media_ports", float64(load.Ports))
	for i, s := range load.Shards {
		shard := strconv.Itoa(i)
		add("wheel_ports", float64(s.Ports), shard)
		add("wheel_busy_ratio", s.Busy, shard)
		add("wheel_late_p99_seconds", s.LateP99.Seconds(), shard)
		add("wheel_late_max_seconds", s.LateMax.Seconds(), shard)
		add("wheel_skipped_total", float64(s.Skipped), shard)
	}
	return list
}

func (d *Daemon) sipReadings() []metrics.Reading {
	if d.agent == nil {
		return nil
	}
	var list []metrics.Reading
	add := func(name string, value float64, labels ...string) {
		list = append(list, metrics.Reading{Name: name, Value: value, Labels: labels})
	}
	for _, t := range d.agent.Traffic() {
		way := "out"
		if t.In {
			way = "in"
		}
		if t.Class == 0 {
			add("sip_requests_total", float64(t.Count), way, t.Method)
		} else {
			add("sip_responses_total", float64(t.Count), way, t.Method, strconv.Itoa(t.Class)+"xx")
		}
	}
	c := d.agent.Counters()
	add("sip_retransmissions_total", float64(c.Resent), "out")
	add("sip_retransmissions_total", float64(c.Again), "in")
	for reason, n := range map[string]uint64{"limited": c.Limited, "malformed": c.Malformed, "handshake": c.Handshakes, "overflow": c.Overflow, "connections": c.Connections, "panic": c.Panics, "stray": c.Strays} {
		add("sip_dropped_total", float64(n), reason)
	}
	servers, clients, conns := d.agent.Alive()
	add("sip_transactions", float64(servers), "server")
	add("sip_transactions", float64(clients), "client")
	add("sip_connections", float64(conns))
	add("sip_dialogs", float64(d.agent.Calls()))
	trunks := map[string]int{"registered": 0, "failed": 0, "static": 0}
	for _, s := range d.agent.TrunkStates() {
		switch {
		case s.Registered:
			trunks["registered"]++
		case s.Registers:
			trunks["failed"]++
		default:
			trunks["static"]++
		}
	}
	for state, n := range trunks {
		add("trunks", float64(n), state)
	}
	return list
}
