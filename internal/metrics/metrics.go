package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of reading.
const (
	readTime = 10 * time.Second
	atOnce   = 2
)

// Reading is one value that is read when somebody asks: of a metric of Read, with
// the values of its labels.
type Reading struct {
	Name   string // without the prefix
	Value  float64
	Labels []string
}

// Set is the metrics of a server.
type Set struct {
	registry *prometheus.Registry
	calls    *follower
}

// New makes a set. read gives what the parts count at present; it must be quick,
// and may be called by several at once.
func New(version string, read func() []Reading) *Set {
	s := &Set{registry: prometheus.NewRegistry(), calls: newFollower()}
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &reader{read: read})
	s.registry.MustRegister(s.calls.all()...)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "1; the label is the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	s.registry.MustRegister(build)
	return s
}

// Handler serves the metrics to whoever asks; who may is not its business.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{MaxRequestsInFlight: atOnce, Timeout: readTime, ErrorHandling: promhttp.ContinueOnError})
}

// Describe lists what the set has of its own, without those of Go and the process:
// name and labels.
func (s *Set) Describe() map[string][]string {
	list := map[string][]string{prefix + "build_info": {"version"}}
	for _, d := range readings {
		list[prefix+d.name] = d.labels
	}
	for name, labels := range s.calls.described {
		list[name] = labels
	}
	return list
}

// reader makes metrics of readings.
type reader struct{ read func() []Reading }

var descs = describe()

func describe() map[string]*prometheus.Desc {
	all := map[string]*prometheus.Desc{}
	for _, d := range readings {
		all[d.name] = prometheus.NewDesc(prefix+d.name, d.help, d.labels, nil)
	}
	return all
}

// Describe implements prometheus.Collector.
func (r *reader) Describe(out chan<- *prometheus.Desc) {
	for _, d := range descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (r *reader) Collect(out chan<- prometheus.Metric) {
	kinds := map[string]prometheus.ValueType{}
	for _, d := range readings {
		kinds[d.name] = d.kind
	}
	for _, x := range r.read() {
		desc := descs[x.Name]
		if desc == nil {
			continue
		}
		m, err := prometheus.NewConstMetric(desc, kinds[x.Name], x.Value, x.Labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(desc, err)
		}
		out <- m
	}
}
