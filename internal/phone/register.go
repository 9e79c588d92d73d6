package phone

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// binding is one registration, with its Call-ID and counter (RFC 3261 §10.2).
type binding struct {
	target sip.Uri
	id     string
	tag    string
	stop   chan struct{}
	once   sync.Once

	mu   sync.Mutex // one REGISTER at a time
	cseq uint32
}

func (b *binding) end() { b.once.Do(func() { close(b.stop) }) }

// Register binds the phone's address of record to its socket at the registrar
// ("sip:HOST[:PORT]") for the given time, in whole seconds, and renews it at
// three quarters of what was granted until Unregister or Close. It returns
// the time granted, or a RefusedError.
func (p *Phone) Register(ctx context.Context, registrar string, expires time.Duration) (time.Duration, error) {
	p.mu.Lock()
	b := p.bindings[registrar]
	p.mu.Unlock()
	isNew := b == nil
	if isNew {
		b = &binding{id: p.newID(), tag: newTag(), cseq: firstCSeq(), stop: make(chan struct{})}
		if err := sip.ParseUri(registrar, &b.target); err != nil || b.target.Host == "" {
			return 0, fmt.Errorf("register: %q is not a SIP address", registrar)
		}
	}
	granted, err := p.register(ctx, b, expires)
	if err != nil {
		return 0, fmt.Errorf("register: %w", err)
	}
	if !isNew || granted <= 0 {
		return granted, nil
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return granted, nil
	}
	p.bindings[registrar] = b
	p.wg.Go(func() { p.renew(b, expires, granted) })
	p.mu.Unlock()
	return granted, nil
}

// Unregister removes the phone's binding at the registrar.
func (p *Phone) Unregister(ctx context.Context, registrar string) error {
	p.mu.Lock()
	b := p.bindings[registrar]
	delete(p.bindings, registrar)
	p.mu.Unlock()
	if b == nil {
		return fmt.Errorf("unregister: not registered at %s", registrar)
	}
	b.end()
	if _, err := p.register(ctx, b, 0); err != nil {
		return fmt.Errorf("unregister: %w", err)
	}
	return nil
}

const renewRetry = 5 * time.Second

func (p *Phone) renew(b *binding, expires, granted time.Duration) {
	timer := time.NewTimer(granted * 3 / 4)
	defer timer.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-timer.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), requestTime)
		again, err := p.register(ctx, b, expires)
		cancel()
		next := again * 3 / 4
		if err != nil || again <= 0 {
			next = renewRetry
		}
		timer.Reset(next)
	}
}

func (p *Phone) register(ctx context.Context, b *binding, expires time.Duration) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cseq++
	aor := p.self()
	if p.opts.Domain == "" {
		aor.Host, aor.Port = b.target.Host, b.target.Port
	}
	from := &sip.FromHeader{DisplayName: p.opts.DisplayName, Address: aor}
	from.Params.Add("tag", b.tag)
	req := p.newRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: aor.Host, Port: aor.Port}, from, &sip.ToHeader{Address: aor}, b.id, b.cseq)
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires.Seconds()))))
	dest := p.opts.Proxy
	if dest == "" {
		dest = hostPort(b.target)
	}
	req.SetDestination(dest)
	note := func(e Event) {
		e.Time, e.CallID = time.Now(), b.id
		p.emit(e)
	}
	res, err := p.transact(ctx, req, note)
	for try := 0; err == nil && try < 2 && p.challenged(res); try++ {
		b.cseq++
		if req, err = p.authorize(req, res, b.cseq); err != nil {
			return 0, err
		}
		res, err = p.transact(ctx, req, note)
		if err == nil && p.challenged(res) && !strings.Contains(strings.ToLower(headerValue(res, "WWW-Authenticate")), "stale=true") {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	if !res.IsSuccess() {
		return 0, &RefusedError{What: "registration", Status: res.StatusCode, Phrase: res.Reason}
	}
	return p.grantedTime(res, expires), nil
}

// grantedTime finds our own contact in a 200 to REGISTER and its expiry.
func (p *Phone) grantedTime(res *sip.Response, asked time.Duration) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(headerValue(res, "Expires"))); err == nil {
		asked = time.Duration(n) * time.Second
	}
	own := p.contact()
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || c.Address.User != own.User || c.Address.Host != own.Host || c.Address.Port != own.Port {
			continue
		}
		if v, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.Atoi(v); err == nil {
				return time.Duration(n) * time.Second
			}
		}
	}
	return asked
}

func hostPort(u sip.Uri) string {
	port := u.Port
	if port == 0 {
		port = 5060
	}
	return fmt.Sprintf("%s:%d", u.Host, port)
}
