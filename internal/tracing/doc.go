// Package tracing makes an OpenTelemetry trace of each call and sends it to an
// OTLP receiver over HTTP: one span for the call, and below it one for each leg,
// each step of the flow and each attempt of a webhook; what else the timeline has is
// events of the call's span.
//
// It reads the timeline's events off the call's path: Follow never waits, and what
// its bounded queue can't take is dropped and counted. One goroutine makes the
// spans, the SDK's sends them in batches; both end in Close. The id of a trace is
// made of the call's id (IDOf), so that one leads to the other. Attributes have the
// names of OpenTelemetry's semantic conventions where there are some (network.*,
// error.type, http.*, service.*), and else begin with "call." or "leg.".
package tracing
