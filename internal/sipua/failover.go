package sipua

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// failOver is how long a place may be silent before the next is tried: 4 s.
func failOver() time.Duration { return 8 * sip.T1 }

const (
	// maxUDP is the largest request that goes over UDP when the path's MTU is
	// unknown, in bytes (RFC 3261 §18.1.1).
	maxUDP = 1300
	// tcpInstead is how long a connection may take that a request's size asks for.
	tcpInstead = 1500 * time.Millisecond
	// noTCP is how long a place that took no connection is not asked for one.
	noTCP = 10 * time.Minute
)

// reach sends the INVITE to the places in turn until one answers (RFC 3263
// §4.3); req is then as it was sent there.
func (x *dialling) reach(ctx context.Context, req **sip.Request) (*sip.Response, *Failure) {
	for {
		place := x.places[x.at]
		last := x.at == len(x.places)-1
		within := x.t.Silence
		if !last && (within == 0 || within > failOver()) {
			within = failOver()
		}
		dest := destOf(place)
		if x.t.Binding == nil { // a phone is reached the way it registered
			dest = x.a.bySize(ctx, *req, dest, x.note)
		}
		x.d.mu.Lock()
		x.d.dest = dest
		x.d.mu.Unlock()
		*req = x.a.towards(*req, dest)
		res, f := x.attempt(ctx, *req, dest, within)
		down := f != nil && f.elsewhere || res != nil && res.StatusCode == 503 && !x.rang
		if !down {
			if f == nil {
				x.a.where.Worked(place)
			}
			return res, f
		}
		why := f
		if why == nil {
			why = failureFrom(res)
		}
		x.a.where.Failed(place, why.RetryAfter)
		if last || ctx.Err() != nil {
			return res, f
		}
		x.at++
		x.note(fmt.Sprintf("%s failed (%s), trying %s", place, why.Error(), x.places[x.at]))
		clear(x.forks)
	}
}

func (x *dialling) note(words string) {
	if x.t.Note != nil {
		x.t.Note(words)
	}
}

// roundTo sends a request to one place and waits for its final response, for as
// long as within without any sign of life; 0 = until the transaction ends.
type roundTo func(ctx context.Context, req *sip.Request, dest transact.Dest, within time.Duration) (*sip.Response, error)

// trip sends a request of the dialog to the first place that answers.
func (d *Dialog) trip(ctx context.Context, req *sip.Request, send roundTo) (*sip.Response, error) {
	places, fixed, err := d.hops(ctx)
	if err != nil {
		return nil, err
	}
	res, dest, err := d.a.tryPlaces(ctx, &req, places, fixed, send)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && !d.pinned {
		d.dest = dest
	}
	return res, err
}

// tryPlaces sends a request to the places in turn until one answers otherwise
// than by 503 (RFC 3263 §4.3).
func (a *Agent) tryPlaces(ctx context.Context, req **sip.Request, places []Place, fixed bool, send roundTo) (*sip.Response, transact.Dest, error) {
	for i, place := range places {
		dest := destOf(place)
		if !fixed {
			dest = a.bySize(ctx, *req, dest, func(words string) { a.log.Debug("SIP request", "method", (*req).Method, "words", words) })
		}
		*req = a.towards(*req, dest)
		last, within := i == len(places)-1, time.Duration(0)
		if !last {
			within = failOver()
		}
		res, err := send(ctx, *req, dest, within)
		switch {
		case err == nil && res.StatusCode != 503:
			a.where.Worked(place)
			return res, dest, nil
		case ctx.Err() != nil:
			return res, dest, err
		case err == nil:
			a.where.Failed(place, failureFrom(res).RetryAfter)
		default:
			a.where.Failed(place, 0)
		}
		if last {
			return res, dest, err
		}
		a.log.Info("SIP place failed, trying the next", "method", (*req).Method, "place", place.String(), "next", places[i+1].String())
	}
	return nil, transact.Dest{}, errNoAnswer
}

// roundTripWithin is roundTrip with an end to silence.
func (a *Agent) roundTripWithin(ctx context.Context, req *sip.Request, to transact.Dest, within time.Duration) (*sip.Response, error) {
	if within <= 0 {
		return a.roundTrip(ctx, req, to, nil)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(within, func() { cancel(fmt.Errorf("no sign of life within %v", within)) })
	defer timer.Stop()
	return a.roundTrip(ctx, req, to, func(*sip.Response) { timer.Stop() })
}

// towards gives a request as it goes to dest: the same one when it was not sent
// yet and its Contact fits, else one with a transaction of its own.
func (a *Agent) towards(req *sip.Request, dest transact.Dest) *sip.Request {
	c := req.Contact()
	fits := c == nil || a.contact(c.Address.User, dest).Address.String() == c.Address.String()
	if req.Via() == nil && fits {
		return req
	}
	again := sip.NewRequest(req.Method, req.Recipient)
	for _, h := range req.Headers() {
		switch h := h.(type) {
		case *sip.ViaHeader, *sip.ContentLengthHeader:
		case *sip.ContactHeader:
			again.AppendHeader(a.contact(h.Address.User, dest))
		default:
			again.AppendHeader(sip.HeaderClone(h))
		}
	}
	again.SetBody(req.Body())
	return again
}

// bySize sends what is too large for UDP over TCP, where the place takes a
// connection (RFC 3261 §18.1.1); if not, it goes over UDP in fragments.
func (a *Agent) bySize(ctx context.Context, req *sip.Request, dest transact.Dest, note func(string)) transact.Dest {
	if dest.Transport != "udp" {
		return dest
	}
	size := len(req.String())
	if req.Via() == nil {
		size += 110 // bytes of our Via
	}
	if size <= maxUDP {
		return dest
	}
	tcp := transact.Dest{Transport: "tcp", Addr: dest.Addr}
	if a.where.Resting(placeOf(tcp)) {
		note(fmt.Sprintf("%s of %d bytes goes to %s in fragments: it took no TCP connection before", req.Method, size, dest))
		return dest
	}
	tctx, cancel := context.WithTimeout(ctx, tcpInstead)
	defer cancel()
	if err := a.wire.Connect(tctx, dest.Addr); err != nil {
		if ctx.Err() == nil {
			a.where.Failed(placeOf(tcp), noTCP)
		}
		note(fmt.Sprintf("%s of %d bytes is too large for UDP, but %s takes no TCP connection; it goes in fragments", req.Method, size, dest.Addr))
		return dest
	}
	note(fmt.Sprintf("%s of %d bytes is too large for UDP and goes to %s", req.Method, size, tcp))
	return tcp
}

// silenceOf says in words what became of a request that nobody answered.
func (a *Agent) silenceOf(dest transact.Dest) string {
	if a.wire.Refused(dest) {
		return "nobody listens at " + dest.String()
	}
	if why := a.wire.Closed(dest); why != "" {
		return dest.String() + ": " + why
	}
	return "no answer from " + dest.String()
}

// redirections lists where a 3xx leads to, by q value, then in its order (RFC
// 3261 §8.1.3.4).
func redirections(res *sip.Response) []string {
	type contact struct {
		uri string
		q   int // thousandths
	}
	var list []contact
	for _, h := range res.GetHeaders("contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || c.Address.Wildcard || len(list) >= 8 || len(c.Address.String()) > 512 {
			continue
		}
		list = append(list, contact{c.Address.String(), qValue(c.Params)})
	}
	var out []string
	for len(list) > 0 {
		best := 0
		for i := range list {
			if list[i].q > list[best].q {
				best = i
			}
		}
		out = append(out, list[best].uri)
		list = append(list[:best], list[best+1:]...)
	}
	return out
}

// qValue reads a q parameter in thousandths; 1 when there is none.
func qValue(p sip.HeaderParams) int {
	text, ok := p.Get("q")
	if !ok {
		return 1000
	}
	whole, part, _ := strings.Cut(text, ".")
	if whole == "1" {
		return 1000
	}
	n := 0
	for i := range 3 {
		n *= 10
		if i < len(part) && part[i] >= '0' && part[i] <= '9' {
			n += int(part[i] - '0')
		}
	}
	return n
}
