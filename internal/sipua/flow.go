package sipua

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// storeTime bounds what is done to the store when a connection is lost.
const storeTime = 10 * time.Second

// flows are the registrations that were made by a connection which is the only way
// to the telephone: TLS and WebSocket (RFC 5626 §5.3, RFC 7118 §5.3). They end with it.
type flows struct {
	mu sync.Mutex
	by map[transact.Dest][]voice.Binding
}

// onlyWay says whether telephones that registered so are reached by their own
// connection and by nothing else.
func onlyWay(transport string) bool {
	return transport == "tls" || transport == "ws" || transport == "wss"
}

// follow ties a registration to the connection that it came by.
func (a *Agent) follow(ctx context.Context, b voice.Binding) {
	if !onlyWay(b.Transport) {
		return
	}
	key, ok := flowOf(b)
	if !ok {
		return
	}
	f := &a.flows
	f.mu.Lock()
	list := f.by[key]
	for i := range list {
		if list[i].Contact == b.Contact && list[i].Extension == b.Extension && list[i].Tenant == b.Tenant {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	f.by[key] = append(list, b)
	f.mu.Unlock()
	if !a.wire.Connected(key) { // it was lost before this
		a.unbind(ctx, key)
	}
}

func flowOf(b voice.Binding) (transact.Dest, bool) {
	at, ok := addrPort(b.Source)
	return transact.Dest{Transport: b.Transport, Addr: at}, ok
}

func addrPort(text string) (netip.AddrPort, bool) {
	at, err := netip.ParseAddrPort(text)
	return at, err == nil
}

// unbind takes the registrations of a connection out of the store, unless their
// telephones have come by another since.
func (a *Agent) unbind(ctx context.Context, key transact.Dest) {
	f := &a.flows
	f.mu.Lock()
	list := f.by[key]
	delete(f.by, key)
	f.mu.Unlock()
	for _, b := range list {
		a.unbindOne(ctx, b)
	}
}

func (a *Agent) unbindOne(ctx context.Context, b voice.Binding) {
	have, err := a.cfg.Bindings.Bindings(ctx, b.Tenant, b.Extension, time.Now())
	for _, now := range have {
		if now.Contact == b.Contact && now.Source == b.Source && now.Transport == b.Transport {
			err = a.cfg.Bindings.RemoveBinding(ctx, b.Tenant, b.Extension, b.Contact)
		}
	}
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		a.log.Warn("registration of a connection that is closed stays", "extension", b.Extension, "error", err)
		return
	}
	a.log.Debug("registration ended with its connection", "extension", b.Extension, "source", b.Source)
}

// forgetFlows ends the registrations of before the start whose connections ended with
// the process before.
func (a *Agent) forgetFlows(list []voice.Binding) {
	ctx, cancel := context.WithTimeout(a.ctx, storeTime)
	defer cancel()
	for _, b := range list {
		if key, ok := flowOf(b); ok && onlyWay(b.Transport) && !a.wire.Connected(key) {
			a.unbindOne(ctx, b)
		}
	}
}

// reconnect is how long a trunk whose connection was closed is left alone, at least,
// and about as long again at most.
const reconnect = 2 * time.Second

// lost takes word of a connection that is closed.
func (a *Agent) lost(key transact.Dest) {
	if key.Name != "" {
		a.trunks.lost(key.Keys)
		return
	}
	a.mu.Lock()
	var list []*Dialog
	for _, d := range a.dialogs {
		list = append(list, d)
	}
	a.mu.Unlock()
	for _, d := range list {
		d.lost(key)
	}
	if a.cfg.Bindings == nil {
		return
	}
	a.spawn(func() {
		ctx, cancel := context.WithTimeout(a.ctx, storeTime)
		defer cancel()
		a.unbind(ctx, key)
	})
}

// lost has the trunk registered anew whose calls came by the connection.
func (s *trunkSet) lost(keys string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.regs {
		if keysOf(r.trunk) != keys {
			continue
		}
		time.AfterFunc(reconnect+rand.N(reconnect), func() {
			select {
			case r.poke <- struct{}{}:
			default:
			}
		})
	}
}

// lost says on the timeline that the way to the peer is closed. A caller by WebSocket
// whose call nobody has answered is gone with it.
func (d *Dialog) lost(key transact.Dest) {
	d.mu.Lock()
	ours := d.pinned && d.dest == key && d.state != stateEnded
	early := d.state == stateEarly
	d.mu.Unlock()
	if !ours {
		return
	}
	d.note(Message{At: time.Now(), Note: "the connection of " + key.String() + " was closed: until the telephone makes another, nothing can be sent to it"})
	if early && d.inc != nil && key.Transport != "tls" {
		d.inc.refuse(487, "Request Terminated", voice.EndCallerGaveUp, voice.CauseCancelled, "the caller's connection was closed")
	}
}
