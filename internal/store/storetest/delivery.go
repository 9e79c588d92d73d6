package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"tandem/internal/voice"
)

func delivery(id voice.DeliveryID, call voice.CallID, endpoint string, n int) voice.Delivery {
	return voice.Delivery{
		ID: id, Tenant: ours, Call: call, Endpoint: endpoint, Purpose: "event dial-in", Method: "POST", URL: "https://example.com/a?b=c",
		Headers: map[string]string{"X-A": "b"}, Type: "application/json", Body: `{"a":"å"}`, Operator: true, Tries: 5,
		State: voice.DeliveryQueued, Attempts: 1, Next: moment(n), Words: "500", Created: moment(0),
	}
}

func deliveryID(d voice.Delivery) voice.DeliveryID { return d.ID }

// due gives what is due at moment n, found as a worker finds it: account by
// account and endpoint by endpoint. It is in order of Seq.
func due(t *testing.T, s Store, n int) (all []voice.Delivery) {
	t.Helper()
	for _, o := range read(s.Outboxes(t.Context()))(t) {
		for _, failing := range []bool{false, true} {
			es := read(s.DueEndpoints(t.Context(), o.Tenant, failing, moment(n), 1000))(t)
			if first := map[bool]time.Time{false: o.Next, true: o.Failing}[failing]; (len(es) > 0) != (!first.IsZero() && !first.After(moment(n))) {
				t.Errorf("%d endpoints of %s are due at %v, the first of them at %v", len(es), o.Tenant, moment(n), first)
			}
			for _, e := range es {
				all = append(all, read(s.DueDeliveries(t.Context(), o.Tenant, e.Name, moment(n), 1000))(t)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b voice.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// next gives when the first delivery of all is due.
func next(t *testing.T, s Store) (first time.Time) {
	t.Helper()
	for _, o := range read(s.Outboxes(t.Context()))(t) {
		for _, at := range []time.Time{o.Next, o.Failing} {
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

func testDeliveries(t *testing.T, s Store) {
	ctx := t.Context()
	due := func(n int) []voice.DeliveryID {
		t.Helper()
		return ids(due(t, s, n), deliveryID)
	}
	same(t, "nothing waits", read(s.Outboxes(ctx))(t), []voice.Outbox{})
	ok(t, s.CreateDeliveries(ctx, nil))
	a, b, c := delivery("a", "c1", "e1", 1), delivery("b", "c1", "e1", 1), delivery("c", "c1", "e2", 2)
	ok(t, s.CreateDeliveries(ctx, []voice.Delivery{a, b, c}))
	d, e, f := delivery("d", "c2", "e1", 3), delivery("e", "", "e1", 4), delivery("f", "c1", "e1", 1)
	d.State, d.Next, d.Headers = "", moment(3), nil
	f.Tenant = theirs
	ok(t, s.CreateDeliveries(ctx, []voice.Delivery{d, e, f}))

	same(t, "nothing yet", due(0), nil)
	same(t, "the oldest of each call and endpoint", due(1), []voice.DeliveryID{"a", "f"})
	same(t, "in order", due(9), []voice.DeliveryID{"a", "c", "d", "e", "f"})
	same(t, "limit", ids(read(s.DueDeliveries(ctx, ours, "e1", moment(9), 2))(t), deliveryID), []voice.DeliveryID{"a", "d"})
	same(t, "next", next(t, s), moment(1))
	all := read(s.Deliveries(ctx, ours, voice.DeliveryFilter{}))(t)
	same(t, "newest first", ids(all, deliveryID), []voice.DeliveryID{"e", "d", "c", "b", "a"})
	got := all[4]
	a.Seq = got.Seq
	same(t, "read back", got, a)
	same(t, "state when none is given", all[1].State, voice.DeliveryQueued)
	same(t, "of a call", ids(read(s.Deliveries(ctx, ours, voice.DeliveryFilter{Call: "c1", Limit: 2}))(t), deliveryID), []voice.DeliveryID{"c", "b"})

	a.State, a.Attempts, a.Next, a.Words = voice.DeliveryQueued, 2, moment(50), "again"
	ok(t, s.UpdateDelivery(ctx, a))
	same(t, "what waits holds back what came later", due(9), []voice.DeliveryID{"c", "d", "e", "f"})
	for _, other := range []voice.Delivery{c, f} {
		other.State = voice.DeliveryDead
		ok(t, s.UpdateDelivery(ctx, other))
	}
	same(t, "also as the next one of all", next(t, s), moment(3))
	for _, other := range []voice.Delivery{c, f} {
		ok(t, s.UpdateDelivery(ctx, other))
	}
	a.State, a.Words = voice.DeliveryDone, "200"
	ok(t, s.UpdateDelivery(ctx, a))
	same(t, "then it is the next one's turn", due(9), []voice.DeliveryID{"b", "c", "d", "e", "f"})
	b.State = voice.DeliveryDead
	ok(t, s.UpdateDelivery(ctx, b))
	stolen := c
	stolen.Tenant, stolen.State = theirs, voice.DeliveryDead
	want(t, "update another account's", s.UpdateDelivery(ctx, stolen), voice.NotExist)

	want(t, "id taken", s.CreateDeliveries(ctx, []voice.Delivery{delivery("g", "c9", "e", 1), delivery("a", "c9", "e", 1)}), voice.Exists)
	same(t, "all or none", read(s.Deliveries(ctx, ours, voice.DeliveryFilter{Call: "c9"}))(t), nil)
	want(t, "no endpoint", s.CreateDeliveries(ctx, []voice.Delivery{delivery("g", "c9", "", 1)}), voice.Invalid)

	ok(t, s.ExpireDeliveries(ctx, moment(0)))
	same(t, "none is older", len(read(s.Deliveries(ctx, ours, voice.DeliveryFilter{}))(t)), 5)
	ok(t, s.ExpireDeliveries(ctx, moment(1)))
	same(t, "what waits is never removed", ids(read(s.Deliveries(ctx, ours, voice.DeliveryFilter{}))(t), deliveryID), []voice.DeliveryID{"e", "d", "c"})
	testDeliveryLog(t, s)
	testEndpoints(t, s)
	testTurns(t, s)
}

// testEndpoints has endpoints of two accounts, some held and some failing.
func testEndpoints(t *testing.T, s Store) {
	ctx := t.Context()
	var many []voice.Delivery
	for i := range 6 {
		d := delivery(voice.DeliveryID(fmt.Sprint("m", i)), voice.CallID(fmt.Sprint("m", i)), fmt.Sprint("m", i/2), 10-i)
		d.Tenant = "endpoints"
		many = append(many, d)
	}
	ok(t, s.CreateDeliveries(ctx, many))
	names := func(failing bool, n, limit int) (list []string) {
		t.Helper()
		for _, e := range read(s.DueEndpoints(ctx, "endpoints", failing, moment(n), limit))(t) {
			if e.Tenant != "endpoints" || e.Failing != failing {
				t.Errorf("it is listed as %+v", e)
			}
			list = append(list, e.Name)
		}
		return list
	}
	at := func() (o voice.Outbox) {
		t.Helper()
		for _, one := range read(s.Outboxes(ctx))(t) {
			if one.Tenant == "endpoints" {
				o = one
			}
		}
		return o
	}
	none := []string(nil)
	same(t, "none due", names(false, 4, 9), none)
	same(t, "the longest due first", names(false, 9, 9), []string{"m2", "m1", "m0"})
	same(t, "limit of endpoints", names(false, 9, 2), []string{"m2", "m1"})
	same(t, "the account's first", at(), voice.Outbox{Tenant: "endpoints", Next: moment(5)})

	m1 := voice.Endpoint{Tenant: "endpoints", Name: "m1", Held: moment(20)}
	m2 := voice.Endpoint{Tenant: "endpoints", Name: "m2", Failing: true}
	stolen := voice.Endpoint{Tenant: ours, Name: "m0", Held: moment(99)}
	ok(t, s.SaveAttempts(ctx, nil, nil, []voice.Endpoint{m1, m2, stolen}))
	same(t, "without the held and the failing", names(false, 19, 9), []string{"m0"})
	same(t, "the failing", names(true, 19, 9), []string{"m2"})
	same(t, "the account's first of each", at(), voice.Outbox{Tenant: "endpoints", Next: moment(9), Failing: moment(5)})
	more := delivery("m9", "m9", "m1", 1)
	more.Tenant = "endpoints"
	ok(t, s.CreateDeliveries(ctx, []voice.Delivery{more}))
	same(t, "what is new at one that is held", names(false, 19, 9), []string{"m0"})
	same(t, "held no more", read(s.DueEndpoints(ctx, "endpoints", false, moment(20), 9))(t), []voice.Endpoint{{Tenant: "endpoints", Name: "m0"}, m1})

	many = append(many, more)
	for i := range many {
		many[i].State = voice.DeliveryDone
	}
	ok(t, s.SaveAttempts(ctx, many, nil, []voice.Endpoint{{Tenant: "endpoints", Name: "m2"}}))
	same(t, "nothing waits any more", at(), voice.Outbox{})
}

// testTurns has what is sent again take its turn before what came later, and give
// it back.
func testTurns(t *testing.T, s Store) {
	ctx := t.Context()
	turns := []voice.Delivery{delivery("t1", "c8", "turns", 1), delivery("t2", "c8", "turns", 1), delivery("t3", "c8", "turns", 1)}
	ok(t, s.CreateDeliveries(ctx, turns))
	now := func() []voice.DeliveryID {
		t.Helper()
		return ids(read(s.DueDeliveries(ctx, ours, "turns", moment(9), 0))(t), deliveryID)
	}
	same(t, "the first", now(), []voice.DeliveryID{"t1"})
	for i := range turns {
		turns[i].State = voice.DeliveryDone
	}
	ok(t, s.SaveAttempts(ctx, turns[:1], nil, nil))
	same(t, "the second", now(), []voice.DeliveryID{"t2"})
	ok(t, s.Resend(ctx, ours, "t1", moment(5)))
	same(t, "the first again", now(), []voice.DeliveryID{"t1"})
	again := turns[0]
	again.State, again.Next = voice.DeliveryQueued, moment(8)
	ok(t, s.SaveAttempts(ctx, []voice.Delivery{turns[1], again}, nil, nil)) // the second was under way meanwhile
	same(t, "which is tried once more", now(), []voice.DeliveryID{"t1"})
	ok(t, s.SaveAttempts(ctx, turns[:1], nil, nil))
	same(t, "the third", now(), []voice.DeliveryID{"t3"})
	ok(t, s.SaveAttempts(ctx, turns[2:], nil, nil))
	same(t, "none", now(), nil)
}

// testDeliveryLog has attempts saved and listed, deliveries found and sent again.
func testDeliveryLog(t *testing.T, s Store) {
	ctx := t.Context()
	d := delivery("log1", "c7", "log", 1)
	d.Signature, d.Attempts = "hoiio/7", 0
	ok(t, s.CreateDeliveries(ctx, []voice.Delivery{d, delivery("log2", "c7", "log", 1)}))
	one := voice.DeliveryAttempt{Delivery: "log1", N: 1, Tenant: ours, At: moment(1), Latency: 1500 * time.Microsecond, Status: 500,
		Headers: map[string]string{"webhook-id": "log1"}, Signed: "log1.1.{}", Answer: "no", Words: "500"}
	two := voice.DeliveryAttempt{Delivery: "log1", N: 2, Tenant: ours, At: moment(2), Words: "no answer"}
	stolen, gone := one, one
	stolen.Tenant, stolen.N, gone.Delivery = theirs, 9, "none"
	d.State, d.Attempts, d.Words = voice.DeliveryDead, 2, "given up"
	missing := delivery("none", "c7", "log", 1)
	for range 2 {
		ok(t, s.SaveAttempts(ctx, []voice.Delivery{d, missing}, []voice.DeliveryAttempt{two, one, stolen, gone}, nil))
	}
	same(t, "attempts", read(s.Attempts(ctx, ours, "log1"))(t), []voice.DeliveryAttempt{one, two})
	same(t, "another account's attempts", read(s.Attempts(ctx, theirs, "log1"))(t), nil)
	got := read(s.Delivery(ctx, ours, "log1"))(t)
	d.Seq = got.Seq
	same(t, "delivery", got, d)
	_, err := s.Delivery(ctx, theirs, "log1")
	want(t, "another account's", err, voice.NotExist)

	list := func(f voice.DeliveryFilter) []voice.DeliveryID {
		t.Helper()
		return ids(read(s.Deliveries(ctx, ours, f))(t), deliveryID)
	}
	same(t, "by endpoint", list(voice.DeliveryFilter{Endpoint: "log"}), []voice.DeliveryID{"log2", "log1"})
	same(t, "by state", list(voice.DeliveryFilter{Endpoint: "log", State: voice.DeliveryDead}), []voice.DeliveryID{"log1"})
	same(t, "the rest", list(voice.DeliveryFilter{Endpoint: "log", Before: got.Seq + 1}), []voice.DeliveryID{"log1"})

	ok(t, s.Resend(ctx, ours, "log1", moment(5)))
	got = read(s.Delivery(ctx, ours, "log1"))(t)
	if got.State != voice.DeliveryQueued || got.Tries != 3 || got.Attempts != 2 || !got.Next.Equal(moment(5)) {
		t.Errorf("sent again: %+v", got)
	}
	ok(t, s.Resend(ctx, ours, "log2", moment(5)))
	if got = read(s.Delivery(ctx, ours, "log2"))(t); got.Tries != 5 || !got.Next.Equal(moment(5)) {
		t.Errorf("what waits, sent at once: %+v", got)
	}
	for _, id := range []voice.DeliveryID{"log1", "log2"} {
		over := delivery(id, "c7", "log", 1)
		over.State = voice.DeliveryDone
		ok(t, s.UpdateDelivery(ctx, over))
	}
	want(t, "none", s.Resend(ctx, ours, "log9", moment(5)), voice.NotExist)
	ok(t, s.ExpireDeliveries(ctx, moment(1)))
	same(t, "expired with its attempts", len(read(s.Attempts(ctx, ours, "log1"))(t)), 0)
}
