package storetest

import (
	"testing"
	"time"

	"tandem/internal/voice"
)

func cdr(id voice.CallID, t voice.TenantID, n int) voice.CDR {
	return voice.CDR{
		Call: id, Tenant: t, Direction: voice.Inbound, From: "+46850000000", FromName: "Anna", To: "+46850000001", App: "VA1",
		Start: moment(n), Answered: moment(n + 1), End: moment(n + 9), Cause: voice.CauseNormal, Reason: voice.EndCallerHungUp, Words: "the caller hung up",
		Legs: []voice.LegRecord{{
			ID: "a", To: "x", Start: moment(n), End: moment(n + 9), Cause: voice.CauseNormal, Codec: "PCMA",
			Quality: voice.Quality{PacketsIn: 400, LostIn: 3, ExcessIn: 2, JitterIn: 12 * time.Millisecond, RTT: time.Millisecond},
		}},
		Tag: "my tag", Order: "order-" + string(id),
	}
}

func testCDRs(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, c := cdr("c1", ours, 1), cdr("c2", theirs, 2), cdr("c3", ours, 3)
	early := voice.CDR{Call: "c3", Direction: voice.Inbound, Start: moment(3)} // before its account is known
	for _, x := range []voice.CDR{a, b, early} {
		ok(t, s.PutCDR(ctx, x))
	}
	same(t, "open", read(s.CDRs(ctx, voice.CDRFilter{Open: true}))(t), []voice.CDR{early})
	ok(t, s.PutCDR(ctx, c))
	same(t, "replaced", read(s.CDR(ctx, ours, "c3"))(t), c)
	c.Words, c.End, c.Legs[0].Codec = "the caller hung up late", moment(10), "PCMU"
	ok(t, s.PutCDR(ctx, c))
	same(t, "replaced by one of the same beginning", read(s.CDR(ctx, ours, "c3"))(t), c)
	same(t, "whoever owns it", read(s.CDR(ctx, "", "c2"))(t), b)
	_, err := s.CDR(ctx, ours, "c2")
	want(t, "another account's", err, voice.NotExist)
	stolen := b
	stolen.Tenant = ours
	want(t, "take over another account's", s.PutCDR(ctx, stolen), voice.NotExist)
	want(t, "no call", s.PutCDR(ctx, voice.CDR{}), voice.Invalid)

	for what, x := range map[string]struct {
		f    voice.CDRFilter
		want []voice.CDR
	}{
		"all, newest first":  {voice.CDRFilter{}, []voice.CDR{c, b, a}},
		"one account's":      {voice.CDRFilter{Tenant: ours}, []voice.CDR{c, a}},
		"before":             {voice.CDRFilter{Before: c.Start}, []voice.CDR{b, a}},
		"limit":              {voice.CDRFilter{Limit: 1}, []voice.CDR{c}},
		"everything at once": {voice.CDRFilter{Tenant: ours, Before: c.Start, Limit: 5}, []voice.CDR{a}},
		"after":              {voice.CDRFilter{After: b.Start}, []voice.CDR{c, b}},
		"a span":             {voice.CDRFilter{After: b.Start, Before: c.Start}, []voice.CDR{b}},
		"of an app":          {voice.CDRFilter{Tenant: ours, App: "VA1"}, []voice.CDR{c, a}},
		"of another app":     {voice.CDRFilter{App: "VA2"}, nil},
		"of an order":        {voice.CDRFilter{Order: "order-c2"}, []voice.CDR{b}},
		"the other's order":  {voice.CDRFilter{Tenant: ours, Order: "order-c2"}, nil},
		"a page":             {voice.CDRFilter{Limit: 1, Offset: 1}, []voice.CDR{b}},
		"past the end":       {voice.CDRFilter{Offset: 3}, nil},
		"oldest first":       {voice.CDRFilter{Oldest: true}, []voice.CDR{a, b, c}},
		"past the newest":    {voice.CDRFilter{Past: voice.CDRPlace{Start: c.Start, Call: "c3"}}, []voice.CDR{b, a}},
		"past the oldest":    {voice.CDRFilter{Oldest: true, Past: voice.CDRPlace{Start: a.Start, Call: "c1"}, Limit: 1}, []voice.CDR{b}},
		"past, of one time":  {voice.CDRFilter{Past: voice.CDRPlace{Start: b.Start, Call: "c3"}, Limit: 1}, []voice.CDR{b}},
		"orders that begin":  {voice.CDRFilter{Tenant: ours, OrderBegins: "order-c"}, []voice.CDR{c, a}},
		"orders that do not": {voice.CDRFilter{OrderBegins: "rder-c"}, nil},
		"found by a name":    {voice.CDRFilter{Tenant: ours, Find: "aNNa"}, []voice.CDR{c, a}},
		"found by an id":     {voice.CDRFilter{Find: "C2"}, []voice.CDR{b}},
		"found by words":     {voice.CDRFilter{Find: "caller hung", Limit: 1}, []voice.CDR{c}},
		"no pattern":         {voice.CDRFilter{Find: "%"}, nil},
		"no pattern of one":  {voice.CDRFilter{Find: "c_"}, nil},
		"of a number":        {voice.CDRFilter{Tenant: ours, Number: "+46850000001"}, []voice.CDR{c, a}},
		"of no number":       {voice.CDRFilter{Tenant: ours, Number: "+4685000000"}, nil},
		"of a reason":        {voice.CDRFilter{Tenant: ours, Reason: voice.EndCallerHungUp}, []voice.CDR{c, a}},
		"of another reason":  {voice.CDRFilter{Reason: voice.EndFault}, nil},
		"open":               {voice.CDRFilter{Tenant: ours, Open: true}, nil},
	} {
		same(t, what, read(s.CDRs(ctx, x.f))(t), x.want)
	}
}

func testEvents(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.Event{
		Call: "c1", Tenant: ours, Seq: 1, At: moment(1), Kind: voice.EventDigit, Leg: "a",
		Origin: voice.Origin{App: "VA1", Pointer: "/menu/digit_1"}, Text: "pressed 1", Data: map[string]string{"digit": "1"},
	}
	b := voice.Event{Call: "c1", Seq: 2, At: moment(1), Kind: voice.EventStep, Text: "next"}
	other := voice.Event{Call: "c2", Seq: 1, At: moment(0), Kind: voice.EventStep}
	ok(t, s.AppendEvents(ctx, nil))
	ok(t, s.AppendEvents(ctx, []voice.Event{b, other, a}))
	same(t, "in order", read(s.Events(ctx, "c1"))(t), []voice.Event{a, b})
	changed := a
	changed.Text = "pressed 9"
	third := voice.Event{Call: "c1", Seq: 3, At: moment(2), Kind: voice.EventStep}
	ok(t, s.AppendEvents(ctx, []voice.Event{changed, third}))
	same(t, "sent again", read(s.Events(ctx, "c1"))(t), []voice.Event{a, b, third})
	same(t, "unknown call", read(s.Events(ctx, "c9"))(t), nil)
}

// testCallBatch has an event, a record and deliveries written together, twice,
// and none of them when one is refused.
func testCallBatch(t *testing.T, s Store) {
	ctx := t.Context()
	b := voice.CallBatch{
		Events:     []voice.Event{{Call: "c1", Tenant: ours, Seq: 1, At: moment(1), Kind: voice.EventCallEnded, Text: "over"}},
		CDRs:       []voice.CDR{{Call: "c1", Tenant: ours, Direction: voice.Inbound, Start: moment(0), End: moment(1)}},
		Deliveries: []voice.Delivery{delivery("d1", "c1", "e", 1), delivery("d2", "c1", "e", 1)},
	}
	ok(t, s.WriteCalls(ctx, voice.CallBatch{}))
	for range 2 { // as when it is not known whether it arrived
		ok(t, s.WriteCalls(ctx, b))
	}
	same(t, "event", read(s.Events(ctx, "c1"))(t), b.Events)
	same(t, "record", read(s.CDR(ctx, ours, "c1"))(t).End, moment(1))
	same(t, "deliveries", ids(due(t, s, 1), deliveryID), []voice.DeliveryID{"d1"})

	for what, bad := range map[string]voice.CallBatch{
		"no call":                {CDRs: []voice.CDR{{Tenant: ours}}},
		"another account's call": {CDRs: []voice.CDR{{Call: "c1", Tenant: theirs, Start: moment(0)}}},
		"no endpoint":            {Deliveries: []voice.Delivery{delivery("d3", "c2", "", 1)}},
	} {
		bad.Events = []voice.Event{{Call: "c2", Seq: 1, At: moment(1), Kind: voice.EventStep}}
		if err := s.WriteCalls(ctx, bad); err == nil {
			t.Errorf("%s was taken", what)
		}
		same(t, what, read(s.Events(ctx, "c2"))(t), nil)
	}
}
