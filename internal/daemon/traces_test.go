package daemon_test

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tandem/internal/phone"
	"tandem/internal/tracing"
	"tandem/internal/voice"
)

// receiver takes traces as an OpenTelemetry collector does.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
	key   string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body io.Reader = req.Body
		if req.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(req.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		b, err := io.ReadAll(body)
		var x coltrace.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(b, &x)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.key = req.Header.Get("X-Key")
		for _, rs := range x.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				r.spans = append(r.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// called gives the spans of a name.
func (r *receiver) called(name string) (list []*tracepb.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if s.Name == name {
			list = append(list, s)
		}
	}
	return list
}

func attribute(s *tracepb.Span, key string) string {
	for _, kv := range s.Attributes {
		if kv.Key == key {
			return kv.Value.GetStringValue()
		}
	}
	return ""
}

// TestTraceOfACall makes a call and reads its trace at the receiver.
func TestTraceOfACall(t *testing.T) {
	r := newReceiver(t)
	cfg := settings(t)
	cfg.Traces.Endpoint, cfg.Traces.Headers = r.URL+"/v1/traces", "X-Key: sesame"
	d, _ := run(t, cfg)
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := p.Dial(t.Context(), "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Press(t.Context(), "1", phone.PressOptions{})
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the announcement does not end")
	}
	until(t, "the trace has come", func() bool { return len(r.called("call")) == 1 })
	call := r.called("call")[0]
	id := voice.CallID(attribute(call, "call.id"))
	if want := tracing.IDOf(id); hex.EncodeToString(call.TraceId) != want.String() || len(call.ParentSpanId) != 0 {
		t.Errorf("trace %x of call %s, want %s", call.TraceId, id, want)
	}
	if attribute(call, "call.to") != "+12025550100" || attribute(call, "network.protocol.name") != "sip" || attribute(call, "network.peer.address") != "127.0.0.1" ||
		attribute(call, "call.cause") != "normal" || call.Kind != tracepb.Span_SPAN_KIND_SERVER || call.EndTimeUnixNano <= call.StartTimeUnixNano {
		t.Errorf("the call's span: %v", call)
	}
	legs := r.called("leg a")
	if len(legs) != 1 || string(legs[0].ParentSpanId) != string(call.SpanId) || attribute(legs[0], "call.cause") != "normal" {
		t.Fatalf("the caller's leg: %v", legs)
	}
	kinds := map[string]int{}
	for _, e := range append(call.Events, legs[0].Events...) {
		kinds[e.Name]++
	}
	if kinds["call.answered"] != 1 || kinds["digit"] != 1 || kinds["call.ended"] != 1 {
		t.Errorf("events of the call's span: %v", kinds)
	}
	steps := 0
	for _, s := range r.spans {
		if attribute(s, "step.node") != "" {
			steps++
			if string(s.ParentSpanId) != string(call.SpanId) || string(s.TraceId) != string(call.TraceId) || s.EndTimeUnixNano < s.StartTimeUnixNano {
				t.Errorf("a step: %v", s)
			}
		}
	}
	if steps < 2 {
		t.Errorf("%d steps", steps)
	}
	if r.key != "sesame" {
		t.Errorf("the receiver was given %q", r.key)
	}
}
