package transact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"
)

// Errors of the layer.
var (
	ErrClosed = errors.New("SIP layer is closed")
	ErrFull   = errors.New("too many transactions")
	// ErrTooLong is for answers that would be longer than their request allows.
	ErrTooLong = errors.New("too long an answer for an address that nobody proved")
)

// client is a client transaction with the responses that wait for it. They are
// delivered in order by one goroutine that lives only while some wait.
type client struct {
	tx    *sip.ClientTx
	to    Dest
	heard atomic.Bool // a response came

	mu    sync.Mutex
	queue []*sip.Response
	busy  bool
}

const maxQueued = 64 // responses waiting for one transaction; more are dropped

func (c *client) deliver(l *Layer, res *sip.Response) {
	c.heard.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= maxQueued {
		return
	}
	c.queue = append(c.queue, res)
	if c.busy {
		return
	}
	c.busy = true
	l.wg.Go(c.drain)
}

func (c *client) drain() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.busy = false
			c.mu.Unlock()
			return
		}
		res := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.tx.Receive(res)
	}
}

// flowTo gives the way to a peer, dialling when no connection is open.
func (l *Layer) flowTo(ctx context.Context, to Dest) (flow, error) {
	if !to.Addr.IsValid() || to.Addr.Port() == 0 {
		return nil, fmt.Errorf("send to %s: no address", to)
	}
	if to.Transport != "udp" {
		c, err := l.connect(ctx, to)
		if err != nil {
			return nil, fmt.Errorf("send to %s: %w", to, err)
		}
		return c, nil
	}
	return &udpFlow{l: l, to: to.Addr}, nil
}

// prepare completes a request for its way: top Via, length, transport.
func (l *Layer) prepare(req *sip.Request, to Dest) {
	if req.Via() == nil {
		via := &sip.ViaHeader{
			ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(to.Transport),
			Host: strings.Trim(l.Host(to.Addr.Addr()), "[]"), Port: l.Port(to.Transport),
		}
		via.Params.Add("branch", sip.GenerateBranchN(20))
		via.Params.Add("rport", "")
		req.PrependHeader(via)
	}
	if req.Body() == nil {
		req.SetBody(nil)
	}
	req.SetTransport(strings.ToUpper(to.Transport))
	req.SetDestination(to.Addr.String())
}

// Begin sends a request in a client transaction. The caller must read
// Responses until Done or call Terminate.
func (l *Layer) Begin(ctx context.Context, req *sip.Request, to Dest) (*sip.ClientTx, error) {
	f, err := l.flowTo(ctx, to)
	if err != nil {
		return nil, err
	}
	l.prepare(req, to)
	key := clientKey(req.Via(), req.Method)
	tx := sip.NewClientTx(key, req, f, l.cfg.Logger)
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, ErrClosed
	}
	l.clients[key] = &client{tx: tx, to: to}
	l.mu.Unlock()
	tx.OnTerminate(func(key string, _ error) {
		l.mu.Lock()
		delete(l.clients, key)
		l.mu.Unlock()
	})
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return nil, err
	}
	return tx, nil
}

// Write sends a request without a transaction: the ACK of a 2xx.
func (l *Layer) Write(ctx context.Context, req *sip.Request, to Dest) error {
	f, err := l.flowTo(ctx, to)
	if err != nil {
		return err
	}
	l.prepare(req, to)
	return f.WriteMsg(req)
}
