package storetest

import (
	"fmt"
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

func testDeliveries(t *testing.T, s Store) {
	ctx := t.Context()
	due := func(n int) []voice.DeliveryID {
		t.Helper()
		return ids(read(s.DueDeliveries(ctx, moment(n), 0))(t), deliveryID)
	}
	if next := read(s.NextDelivery(ctx))(t); !next.IsZero() {
		t.Errorf("nothing waits, and the next is at %v", next)
	}
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
	same(t, "limit", ids(read(s.DueDeliveries(ctx, moment(9), 2))(t), deliveryID), []voice.DeliveryID{"a", "c"})
	same(t, "next", read(s.NextDelivery(ctx))(t), moment(1))
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
	same(t, "also as the next one of all", read(s.NextDelivery(ctx))(t), moment(3))
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
	testManyDeliveries(t, s)
}

// testManyDeliveries has one endpoint with more waiting than is given at once.
func testManyDeliveries(t *testing.T, s Store) {
	ctx := t.Context()
	var many []voice.Delivery
	for i := range 3 * voice.DueOfEndpoint {
		many = append(many, delivery(voice.DeliveryID(fmt.Sprintf("m%03d", i)), voice.CallID(fmt.Sprint("slow", i)), "slow", 1))
	}
	many = append(many, delivery("quick", "c1", "quick", 1))
	ok(t, s.CreateDeliveries(ctx, many))
	due := read(s.DueDeliveries(ctx, moment(1), voice.DueOfEndpoint+2))(t)
	slow := 0
	for _, d := range due {
		if d.Endpoint == "slow" {
			slow++
		}
	}
	same(t, "of the endpoint with many", slow, voice.DueOfEndpoint)
	same(t, "and the other's", due[len(due)-1].ID, "quick")

	many = nil
	for i := range voice.DueOfTenant + 50 {
		id := fmt.Sprintf("n%03d", i)
		many = append(many, delivery(voice.DeliveryID(id), "c2", id, 1))
	}
	other := delivery("other", "c3", "other", 1)
	other.Tenant = theirs
	ok(t, s.CreateDeliveries(ctx, append(many, other)))
	due = read(s.DueDeliveries(ctx, moment(1), 1000))(t)
	own := 0
	for _, d := range due {
		if d.Tenant == ours {
			own++
		}
	}
	same(t, "of the account with many endpoints", own, voice.DueOfTenant)
	same(t, "and the other account's", due[len(due)-1].ID, "other")
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
		ok(t, s.SaveAttempts(ctx, []voice.Delivery{d, missing}, []voice.DeliveryAttempt{two, one, stolen, gone}))
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
