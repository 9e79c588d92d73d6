package notify

import (
	"slices"
	"time"

	"tandem/internal/voice"
)

// line holds endpoints, each once, in the order in which they came.
type line struct {
	list []place
	has  map[place]bool
}

func newLine() *line { return &line{has: map[place]bool{}} }

// add puts an endpoint at the end, unless it is there already or too many are.
func (l *line) add(p place) {
	if !l.has[p] && len(l.list) < maxTold {
		l.list, l.has[p] = append(l.list, p), true
	}
}

// visit has stay called for each endpoint, and lets go of those where it is false.
func (l *line) visit(stay func(place) (bool, error)) error {
	list := l.list
	l.list = nil
	for i, p := range list {
		keep, err := stay(p)
		if err != nil {
			l.list = append(l.list, list[i:]...)
			return err
		}
		if keep {
			l.list = append(l.list, p)
		} else {
			delete(l.has, p)
		}
	}
	return nil
}

// round stores outcomes, begins what is due and for which there is room, and
// gives when to come again. A delivery is not begun while it is under way, nor
// before what became of it the last time is stored.
//
// It goes to endpoints that were told of first, and then to those that the store
// has as due, account by account: so many as there is room for, and of those at
// which what was sent failed a share that leaves room for the others. What a round
// costs depends on what it begins, and not on what waits.
func (w *Worker) round() (next time.Time, err error) {
	begun := time.Now()
	defer func() { w.looked = time.Since(begun) }()
	if err := w.save(w.ctx); err != nil {
		return time.Time{}, err
	}
	now := w.cfg.Clock.Now()
	if now.Sub(w.pruned) >= pruneEvery {
		w.pruned = now
		if err := w.cfg.Store.ExpireDeliveries(w.ctx, now.Add(-keepFor)); err != nil {
			return time.Time{}, err
		}
	}
	w.traffic.forget(now)
	if err := w.toTold(now); err != nil {
		return time.Time{}, err
	}
	return w.toDue(now)
}

// toTold goes to the endpoints that have something new. One that is proven and
// has no room stays in line; others are found in the store again.
func (w *Worker) toTold(now time.Time) error {
	w.mu.Lock()
	news := w.news
	w.news = nil
	w.mu.Unlock()
	for _, p := range news {
		w.told.add(p)
	}
	for p, at := range w.again {
		if !at.After(now) {
			w.told.add(p)
			delete(w.again, p)
		}
	}
	return w.told.visit(func(p place) (bool, error) {
		of := w.traffic.trust(p)
		switch of {
		case failing:
			return false, nil
		case unknown:
			of = told
		}
		if w.traffic.roomAt(p, of) == 0 {
			return of == proven, nil
		}
		_, err := w.to(p, of, now)
		return false, err
	})
}

// toDue goes to the endpoints where the store has something due, and gives when
// it is to be asked again.
func (w *Worker) toDue(now time.Time) (next time.Time, err error) {
	accounts, err := w.cfg.Store.Outboxes(w.ctx)
	if err != nil {
		return time.Time{}, err
	}
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, at := range w.again {
		sooner(at)
	}
	// Who was first the last time is last now.
	first := max(slices.IndexFunc(accounts, func(o voice.Outbox) bool { return o.Tenant > w.turn }), 0)
	for n, o := range slices.Concat(accounts[first:], accounts[:first]) {
		if n == 0 {
			w.turn = o.Tenant
		}
		for _, one := range []struct {
			at time.Time
			of trust
		}{{o.Next, unknown}, {o.Failing, failing}} {
			switch {
			case one.at.IsZero():
			case one.at.After(now):
				sooner(one.at)
			default:
				sooner(now.Add(busyPause)) // it is under way, or waits for what is
				again, err := w.toAccount(o.Tenant, one.of, now)
				if err != nil {
					return time.Time{}, err
				}
				if !again.IsZero() {
					sooner(again)
				}
			}
		}
	}
	return next, nil
}

// toAccount goes to the endpoints of an account where something is due, those
// that fail or the others, and gives when one of them may be sent to that may not
// be now; zero = there is none.
func (w *Worker) toAccount(t voice.TenantID, of trust, now time.Time) (sooner time.Time, err error) {
	most := of
	if of == unknown {
		most = proven // some of them may be
	}
	room := w.traffic.room(t, most)
	if room == 0 {
		return sooner, nil
	}
	// Those with requests under way are listed too, and those that are paced.
	es, err := w.cfg.Store.DueEndpoints(w.ctx, t, of == failing, now, room+w.traffic.endpoints(t)+w.traffic.paced(t))
	if err != nil {
		return sooner, err
	}
	for _, e := range es {
		p := place{t, e.Name}
		trusted := w.traffic.trust(p)
		switch {
		case e.Failing && trusted == unknown:
			trusted = failing // it was before the program was started
		case !e.Failing && trusted == failing: // nothing was waiting there for a while
			w.parked[p] = w.traffic.held[p]
			sooner = now
		}
		if w.traffic.roomAt(p, trusted) == 0 {
			continue // an attempt that ends brings the next round
		}
		again, err := w.to(p, trusted, now)
		if err != nil {
			return sooner, err
		}
		if !again.IsZero() && (sooner.IsZero() || again.Before(sooner)) {
			sooner = again
		}
		if until := w.traffic.held[p]; until.After(now) {
			w.parked[p] = until
		}
	}
	return sooner, nil
}

// to begins what is due at an endpoint, as much as there is room for. Where the
// endpoint is to be spared meanwhile, it gives until when.
func (w *Worker) to(p place, of trust, now time.Time) (spared time.Time, err error) {
	if from := w.traffic.from(p); from.After(now) {
		return from, nil
	}
	ds, err := w.cfg.Store.DueDeliveries(w.ctx, p.tenant, p.endpoint, now, w.traffic.roomAt(p, of)+w.traffic.at[p])
	if err != nil {
		return time.Time{}, err
	}
	for _, d := range ds {
		if w.sending[d.ID] || w.traffic.roomAt(p, of) == 0 {
			continue
		}
		if from := w.traffic.from(p); from.After(now) {
			return from, nil
		}
		if err := w.begin(d, of, now); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// begin begins an attempt. The last one of an operator's delivery is noted before
// it is made, so that a crash in the middle does not make it one more: a text
// message costs money. A webhook is sent again then.
func (w *Worker) begin(d voice.Delivery, of trust, now time.Time) error {
	last := d.Attempts+1 >= d.Tries
	switch {
	case d.Attempts > 0 && d.Attempts >= d.Tries:
		d.State, d.Words = voice.DeliveryDead, interrupted
		w.sending[d.ID] = true
		w.unsaved = append(w.unsaved, outcome{delivery: d})
		return w.save(w.ctx)
	case last && d.Operator:
		d.Attempts++
		if err := w.cfg.Store.UpdateDelivery(w.ctx, d); err != nil {
			return err
		}
		d.Attempts--
	}
	w.sending[d.ID] = true
	w.traffic.begin(placeOf(d), of, now)
	w.flying++
	go func() { // the goroutine takes it, also when it closes
		o := w.attempt(d, last)
		o.trust = of
		w.ended <- o
	}()
	return nil
}
