package tracing

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"tandem/internal/voice"
)

const (
	maxCalls = 100_000
	maxLegs  = 64 // of a call
	// afterwards is how long what comes after a call's end still joins its trace.
	afterwards = 30 * time.Minute
	maxGone    = 20_000
)

// ids gives traces the id that the context has, and spans random ones.
type ids struct{}

type callKey struct{}

// NewIDs implements the SDK's IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(callKey{}).(voice.CallID)
	return IDOf(id), ids{}.NewSpanID(ctx, trace.TraceID{})
}

// NewSpanID implements the SDK's IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1) // zero would be no id
	return id
}

// spans makes spans of events. It belongs to one goroutine.
type spans struct {
	tracer trace.Tracer
	calls  map[voice.CallID]*call
	gone   []*call // over, oldest first
}

type call struct {
	id   voice.CallID
	ctx  context.Context // holds the span
	span trace.Span
	legs map[voice.LegID]trace.Span
	step trace.Span // nil = between steps
	node string
	over time.Time
}

func newSpans(t trace.Tracer) *spans { return &spans{tracer: t, calls: map[voice.CallID]*call{}} }

func (s *spans) take(e voice.Event) {
	c := s.calls[e.Call]
	if c == nil {
		if len(s.calls) >= maxCalls || e.Kind == voice.EventWebhookSent || e.Kind == voice.EventWebhookFailed {
			return // of a call that was before us
		}
		c = s.begin(e)
	}
	switch e.Kind {
	case voice.EventWebhookSent, voice.EventWebhookFailed:
		s.webhook(c, e)
		return
	case voice.EventStep:
		s.step(c, e)
		return
	}
	if !c.over.IsZero() {
		return
	}
	switch e.Kind {
	case voice.EventCallArrived:
		s.arrived(c, e)
	case voice.EventLegRinging, voice.EventLegAnswered:
		s.leg(c, e, trace.SpanKindClient)
	case voice.EventCallAnswered:
		c.span.SetAttributes(attribute.Bool("call.answered", true))
	}
	span := c.span
	if l := c.legs[e.Leg]; l != nil {
		span = l
	}
	span.AddEvent(string(e.Kind), trace.WithTimestamp(e.At), trace.WithAttributes(attributesOf(e)...))
	switch e.Kind {
	case voice.EventLegEnded:
		finish(span, c.legs[e.Leg] != nil, e)
		delete(c.legs, e.Leg)
	case voice.EventCallEnded:
		s.close(c, e)
	}
}

// begin opens a call's span.
func (s *spans) begin(e voice.Event) *call {
	kind := trace.SpanKindServer
	if e.Data["direction"] == string(voice.Outbound) {
		kind = trace.SpanKindClient
	}
	ctx, span := s.tracer.Start(context.WithValue(context.Background(), callKey{}, e.Call), "call",
		trace.WithNewRoot(), trace.WithTimestamp(e.At), trace.WithSpanKind(kind),
		trace.WithAttributes(attribute.String("call.id", string(e.Call)), attribute.String("network.protocol.name", "sip")))
	c := &call{id: e.Call, ctx: ctx, span: span, legs: map[voice.LegID]trace.Span{}}
	s.calls[e.Call] = c
	return c
}

// arrived says what is known of a call when it arrives; who calls has a leg from
// then on.
func (s *spans) arrived(c *call, e voice.Event) {
	if e.Data["direction"] == string(voice.Inbound) {
		s.leg(c, voice.Event{Leg: "a", At: e.At}, trace.SpanKindServer)
	}
	var attrs []attribute.KeyValue
	for key, name := range map[string]string{"direction": "call.direction", "from": "call.from", "to": "call.to", "trunk": "call.trunk", "extension": "call.extension"} {
		if v := e.Data[key]; v != "" {
			attrs = append(attrs, attribute.String(name, v))
		}
	}
	if p, err := netip.ParseAddrPort(e.Data["source"]); err == nil {
		attrs = append(attrs, attribute.String("network.peer.address", p.Addr().String()), attribute.Int("network.peer.port", int(p.Port())))
	}
	c.span.SetAttributes(attrs...)
}

// leg opens the span of a leg that arrives, rings or answers.
func (s *spans) leg(c *call, e voice.Event, kind trace.SpanKind) {
	if c.legs[e.Leg] != nil || e.Leg == "" || len(c.legs) >= maxLegs {
		return
	}
	_, c.legs[e.Leg] = s.tracer.Start(c.ctx, "leg "+string(e.Leg), trace.WithTimestamp(e.At), trace.WithSpanKind(kind),
		trace.WithAttributes(attribute.String("leg.id", string(e.Leg)), attribute.String("network.protocol.name", "sip")))
}

// step opens and closes the spans of a flow's steps.
func (s *spans) step(c *call, e voice.Event) {
	if !c.over.IsZero() {
		return
	}
	node, exit := e.Data["node"], e.Data["exit"]
	if node == "" || c.step != nil && node == c.node && exit == "" {
		c.span.AddEvent(e.Text, trace.WithTimestamp(e.At))
		return
	}
	if c.step == nil || node != c.node {
		s.endStep(c, e.At)
		attrs := []attribute.KeyValue{attribute.String("step.node", node), attribute.String("step.kind", e.Data["step"]), attribute.String("step.text", e.Text)}
		if e.Origin.App != "" {
			attrs = append(attrs, attribute.String("app.id", string(e.Origin.App)), attribute.String("app.pointer", e.Origin.Pointer))
		}
		_, c.step = s.tracer.Start(c.ctx, "step "+e.Data["step"], trace.WithTimestamp(e.At), trace.WithAttributes(attrs...))
		c.node = node
	}
	if exit != "" {
		c.step.SetAttributes(attribute.String("step.exit", exit))
		s.endStep(c, e.At)
	}
}

func (s *spans) endStep(c *call, at time.Time) {
	if c.step != nil {
		c.step.End(trace.WithTimestamp(at))
		c.step, c.node = nil, ""
	}
}

// webhook makes the span of an attempt, which is over when its event comes.
func (s *spans) webhook(c *call, e voice.Event) {
	began := e.At
	if ms, err := strconv.Atoi(e.Data["latency_ms"]); err == nil {
		began = e.At.Add(-time.Duration(ms) * time.Millisecond)
	}
	attrs := []attribute.KeyValue{attribute.String("webhook.text", e.Text), attribute.String("http.request.method", "POST")}
	if n, err := strconv.Atoi(e.Data["status"]); err == nil {
		attrs = append(attrs, attribute.Int("http.response.status_code", n))
	}
	_, span := s.tracer.Start(c.ctx, "webhook", trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attrs...))
	if e.Kind == voice.EventWebhookFailed {
		span.SetStatus(codes.Error, e.Text)
	}
	span.End(trace.WithTimestamp(e.At))
}

// finish ends the span of a leg.
func finish(span trace.Span, own bool, e voice.Event) {
	if !own {
		return
	}
	failed(span, e)
	span.End(trace.WithTimestamp(e.At))
}

// failed marks what ended for another reason than that a party hung up.
func failed(span trace.Span, e voice.Event) {
	cause := e.Data["cause"]
	span.SetAttributes(attribute.String("call.cause", cause))
	switch voice.Cause(cause) {
	case voice.CauseFailed, voice.CauseMedia, voice.CauseUnavailable, voice.CauseServerFailed:
		span.SetAttributes(attribute.String("error.type", cause))
		span.SetStatus(codes.Error, e.Text)
	}
}

func (s *spans) close(c *call, e voice.Event) {
	s.endStep(c, e.At)
	for _, l := range c.legs {
		l.End(trace.WithTimestamp(e.At))
	}
	c.legs = nil
	failed(c.span, e)
	c.span.End(trace.WithTimestamp(e.At))
	c.over = time.Now()
	s.gone = append(s.gone, c)
}

// forget lets calls go that have been over for long.
func (s *spans) forget(now time.Time) {
	for len(s.gone) > 0 && (len(s.gone) > maxGone || now.Sub(s.gone[0].over) > afterwards) {
		delete(s.calls, s.gone[0].id)
		s.gone[0] = nil
		s.gone = s.gone[1:]
	}
}

// end ends what is open when the server does.
func (s *spans) end(at time.Time) {
	for _, c := range s.calls {
		if c.over.IsZero() {
			s.close(c, voice.Event{Call: c.id, At: at, Text: "the server ended", Data: map[string]string{"cause": string(voice.CauseShutdown)}})
		}
	}
}

// attributesOf are those of an event: its words and what it has for programs, but
// for keys that were pressed, which may be a secret.
func attributesOf(e voice.Event) []attribute.KeyValue {
	if e.Kind == voice.EventDigit || e.Kind == voice.EventDigitDropped {
		return []attribute.KeyValue{attribute.String("method", e.Data["method"])}
	}
	attrs := []attribute.KeyValue{attribute.String("text", e.Text)}
	switch e.Kind {
	case voice.EventNotice, voice.EventCallOrdered, voice.EventGatherEnded:
		return attrs[:0] // what applications keep, and digits
	}
	for key, v := range e.Data {
		if key == "course" {
			continue // of a leg's sound: its figures are there in all
		}
		attrs = append(attrs, attribute.String(key, v))
	}
	return attrs
}
