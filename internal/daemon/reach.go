package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"tandem/internal/reach"
	"tandem/internal/voice"
)

// startReach finds out by which address others reach this machine.
func (d *Daemon) startReach(ctx context.Context) {
	d.reach = reach.Start(ctx, reach.Config{
		Public: d.cfg.Public, STUN: d.cfg.STUN, Local: d.cfg.LocalNetworks, Logger: d.log,
		Changed: func(string) {
			if f := d.reached.Load(); f != nil {
				(*f)()
			}
		},
	})
	d.closing(d.reach.Close)
}

// onReached sets what is called when that address changes.
func (d *Daemon) onReached(f func()) { d.reached.Store(&f) }

// mediaAddress is what audio is received on: the address that is set, or every one: IPv6
// and with it IPv4, or IPv4 alone where the machine has no IPv6.
func (d *Daemon) mediaAddress() (netip.Addr, error) {
	if d.cfg.RTPHost != "" {
		a, err := netip.ParseAddr(d.cfg.RTPHost)
		if err != nil {
			return a, fmt.Errorf("rtp_host: %w", err)
		}
		a = a.Unmap()
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		if err != nil {
			return a, fmt.Errorf("rtp_host: audio can't be received at %v: %w", a, err)
		}
		return a, conn.Close()
	}
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6unspecified})
	if err != nil {
		return netip.IPv4Unspecified(), nil
	}
	return netip.IPv6Unspecified(), conn.Close()
}

// bound lists the telephones that are registered at the start.
func (d *Daemon) bound(ctx context.Context) ([]voice.Binding, error) {
	tenants, err := d.store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var all []voice.Binding
	for _, t := range tenants {
		list, err := d.store.Bindings(ctx, t.ID, "", time.Now())
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
