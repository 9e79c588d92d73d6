package main

import (
	"context"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// The number whose calls join one conference room, and its flow.
const (
	roomNumber = "+442079460998"
	roomFlow   = "flow: 1\nstart: meet\nsteps:\n  meet:\n    conference: {room: bench}\n"
)

// configureRoom gives the account a number that leads into one room.
func configureRoom(ctx context.Context, s *server, account string) error {
	return s.addFlow(ctx, account, roomNumber, roomFlow)
}

// addFlow gives the account a number that leads into a native flow.
func (s *server) addFlow(ctx context.Context, account, number, flow string) error {
	file := filepath.Join(filepath.Dir(s.data), "flow.yaml")
	if err := os.WriteFile(file, []byte(flow), 0o600); err != nil {
		return err
	}
	var app struct {
		ID string `json:"id"`
	}
	if err := s.runJSON(ctx, &app, "flow", "import", file, "--account", account, "--json"); err != nil {
		return err
	}
	_, err := s.run(ctx, "number", "add", number, "--account", account, "--app", app.ID)
	return err
}

// measureRoom holds n calls in one room for the given time, all of which speak
// at once: the dearest case, since each is decoded and is sent a mix of its own.
func measureRoom(ctx context.Context, target netip.AddrPort, pid, n int, length time.Duration) (holdResult, error) {
	g, err := newGenerator(target, roomNumber, 0)
	if err != nil {
		return holdResult{}, err
	}
	defer g.close()
	g.voices = voices()
	res, err := measureHold(ctx, g, pid, n, length, nil)
	if err != nil {
		return res, err
	}
	g.close()
	g.finishHold(&res)
	return res, nil
}

// voices are twenty tones of 400 to 1350 Hz, each a whole number of periods in
// one packet, and so quiet that a hundred together fit.
func voices() (all [][frame]byte) {
	for hz := 400.0; hz < 1400; hz += 50 {
		var v [frame]byte
		for i := range v {
			v[i] = mulaw(int(300 * math.Sin(2*math.Pi*hz*float64(i)/8000)))
		}
		all = append(all, v)
	}
	return all
}

// mulaw encodes a sample of 16 bits (ITU-T G.711).
func mulaw(sample int) byte {
	sign := byte(0)
	if sample < 0 {
		sample, sign = -sample, 0x80
	}
	sample = min(sample, 32635) + 132
	exponent := 7
	for mask := 0x4000; sample&mask == 0 && exponent > 0; mask >>= 1 {
		exponent--
	}
	return ^(sign | byte(exponent<<4) | byte(sample>>(exponent+3))&0xf)
}
