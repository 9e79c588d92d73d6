package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
)

// The number whose calls are recorded whole, and its flow: the menu of the other.
const (
	recordedNumber = "+442079460997"
	recordedFlow   = "flow: 1\nstart: tape\nsteps:\n  tape: {tape: {order: start}, then: menu, failed: bye}\n  menu: {goto: %q}\n  bye: {hang_up: {}}\n"
)

// kindResult is what calls of one kind cost.
type kindResult struct {
	Kind string     `json:"kind"`
	Hold holdResult `json:"hold"`
}

// The kinds. Plain calls are measured before and after the others, since what else
// the machine does changes.
const (
	plainKind    = "plain"
	secureKind   = "SRTP, AES-CM and SHA-1"
	galoisKind   = "SRTP, AES-GCM"
	recordedKind = "recorded"
	inBandKind   = "keys as tones"
)

// aims of what a kind may cost of what plain calls do, by the kind.
var kindAims = map[string]float64{secureKind: 1.25, galoisKind: 1.25, recordedKind: 1.20, inBandKind: 1.15}

// measureKinds holds n calls of each kind in turn, without keys.
func measureKinds(ctx context.Context, srv *server, s settings) (all []kindResult, err error) {
	addr, err := netip.ParseAddrPort(srv.sip)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{plainKind, secureKind, galoisKind, recordedKind, inBandKind, plainKind} {
		one, err := measureKind(ctx, srv, addr, kind, s)
		if err != nil {
			return all, fmt.Errorf("calls of the kind %q: %w", kind, err)
		}
		all = append(all, kindResult{kind, one})
	}
	return all, nil
}

func measureKind(ctx context.Context, srv *server, addr netip.AddrPort, kind string, s settings) (res holdResult, err error) {
	to, secure := number, (*secureWay)(nil)
	switch kind {
	case recordedKind:
		to = recordedNumber
	case secureKind:
		secure, err = dialSecure(ctx, srv.tls, counterSuite)
	case galoisKind:
		secure, err = dialSecure(ctx, srv.tls, galoisSuite)
	}
	if err != nil {
		return res, err
	}
	g, err := newGeneratorBy(addr, to, 0, secure)
	if err != nil {
		return res, err
	}
	defer g.close()
	g.noEvents, g.voices = kind == inBandKind, voices() // silence would be looked at less
	if res, err = measureHold(ctx, g, srv.cmd.Process.Pid, s.kinds, s.seconds, nil); err != nil {
		return res, err
	}
	g.close()
	g.finishHold(&res)
	return res, nil
}

// cost is what a kind takes of a processor for one of plain calls; 0 when unknown.
func cost(all []kindResult, kind string) float64 {
	plain, of, n, m := 0.0, 0.0, 0, 0
	for _, k := range all {
		if k.Kind == plainKind {
			plain, n = plain+k.Hold.CPUPer100, n+1
		}
		if k.Kind == kind {
			of, m = of+k.Hold.CPUPer100, m+1
		}
	}
	if plain == 0 || m == 0 {
		return 0
	}
	return of / float64(m) / (plain / float64(n))
}

func printKinds(w io.Writer, all []kindResult, row row) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\nKinds of calls, %d of each\n", all[0].Hold.Calls)
	for _, k := range all {
		h, text, good := k.Hold, "", true
		if aim := kindAims[k.Kind]; aim > 0 {
			c := cost(all, k.Kind)
			text, good = fmt.Sprintf("; %.2f of plain", c), c > 0 && c <= aim
		}
		row(k.Kind, fmt.Sprintf("%.2f%% of a core per 100 calls%s; p99 %.2f ms, %d lost, %d odd; held %d; other work %.1f%%",
			h.CPUPer100, text, h.Pacing.P99, h.Lost, h.Odd, h.Held, h.OtherPercent), good && h.Held == h.Calls && h.Lost+h.Odd == aimMissing)
	}
}
