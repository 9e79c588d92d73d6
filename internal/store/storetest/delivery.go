package storetest

import (
	"fmt"
	"testing"

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
	all := read(s.Deliveries(ctx, ours, "", 0))(t)
	same(t, "newest first", ids(all, deliveryID), []voice.DeliveryID{"e", "d", "c", "b", "a"})
	got := all[4]
	a.Seq = got.Seq
	same(t, "read back", got, a)
	same(t, "state when none is given", all[1].State, voice.DeliveryQueued)
	same(t, "of a call", ids(read(s.Deliveries(ctx, ours, "c1", 2))(t), deliveryID), []voice.DeliveryID{"c", "b"})

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
	same(t, "all or none", read(s.Deliveries(ctx, ours, "c9", 0))(t), nil)
	want(t, "no endpoint", s.CreateDeliveries(ctx, []voice.Delivery{delivery("g", "c9", "", 1)}), voice.Invalid)

	ok(t, s.ExpireDeliveries(ctx, moment(0)))
	same(t, "none is older", len(read(s.Deliveries(ctx, ours, "", 0))(t)), 5)
	ok(t, s.ExpireDeliveries(ctx, moment(1)))
	same(t, "what waits is never removed", ids(read(s.Deliveries(ctx, ours, "", 0))(t), deliveryID), []voice.DeliveryID{"e", "d", "c"})
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
