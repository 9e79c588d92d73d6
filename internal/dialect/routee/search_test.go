package routee_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/internal/dialect/routee"
	"tandem/internal/voice"
)

// many stores calls, every tenth of a campaign, and as many that are not of this
// API, and gives their ids.
func (f *fixture) many(t *testing.T, n int, campaign string) (ids []voice.CallID) {
	t.Helper()
	var list []voice.CDR
	for i := range n {
		c := voice.CDR{Call: voice.CallID(voice.NewID("")), Tenant: account, Direction: voice.Outbound, From: "302100000000", To: fmt.Sprintf("3069%08d", i),
			Start: f.clock.Now().Add(time.Duration(i/3) * time.Second), Cause: voice.CauseBusy, Order: fmt.Sprintf("routee-%d", i)}
		c.End = c.Start.Add(time.Second)
		if i%10 == 0 {
			c.Order = fmt.Sprintf("routee-%s-%d", campaign, i)
		}
		ids = append(ids, c.Call)
		foreign := c
		foreign.Call, foreign.Order = voice.CallID(voice.NewID("")), fmt.Sprintf("hoiio-%d", i)
		list = append(list, c, foreign)
	}
	if err := f.store.PutCDRs(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return ids
}

// A search looks at every call, however many there are, and each leg is on one page.
func TestSearchOfMany(t *testing.T) {
	f := newFixture(t)
	campaign := f.ok("POST", "/voice/campaign", `{"from":"Company","to":["+306911111111"],"fileURL":"https://a.example/a.wav","scheduledDate":"2026-11-22T18:00:00Z"}`)["trackingId"].(string)
	const n = 1130
	ids := f.many(t, n, campaign)
	seen := map[string]int{}
	for number := range 3 {
		page := f.ok("POST", fmt.Sprintf("/voice/tracking?size=500&page=%d", number), "")
		if page["totalElements"] != float64(n) || page["totalPages"] != 3.0 || page["last"] != (number == 2) {
			t.Fatalf("page %d: %v elements, %v pages", number, page["totalElements"], page["totalPages"])
		}
		for _, v := range page["content"].([]any) {
			seen[v.(map[string]any)["messageId"].(string)]++
		}
	}
	for _, id := range ids {
		if seen[routee.MessageID(id, 0)] != 1 {
			t.Fatalf("call %s is on %d pages", id, seen[routee.MessageID(id, 0)])
		}
	}
	number := func(query, body string) any {
		t.Helper()
		page := f.ok("POST", "/voice/tracking?size=1"+query, body)
		list := page["content"].([]any)
		if len(list) == 0 {
			return nil
		}
		return list[0].(map[string]any)["to"]
	}
	if a, b := number("", ""), number("&sort=date,asc", ""); a != "+306900001129" && a != "+306900001128" || b != "+306900000000" && b != "+306900000001" && b != "+306900000002" {
		t.Errorf("the newest is %v, the oldest %v", a, b)
	}
	const early = "+306900000001" // beyond the newest thousand
	for what, got := range map[string]any{
		"recipient":   number("", `{"fieldName":"recipient","searchOperator":"is","searchTerm":"`+early+`"}`),
		"tracking id": number("&trackingId="+routee.TrackingID(ids[1]), ""),
		"message id":  number("", `{"fieldName":"id","searchOperator":"is","searchTerm":"`+routee.MessageID(ids[1], 0)+`"}`),
	} {
		if got != early {
			t.Errorf("by its %s: %v", what, got)
		}
	}
	if got := number("&to=2026-11-21T00:00:00Z&trackingId="+routee.TrackingID(ids[1]), ""); got != nil {
		t.Errorf("before it began: %v", got)
	}
	for _, page := range []map[string]any{
		f.ok("GET", "/voice/tracking/campaign/"+campaign, ""),
		f.ok("POST", "/voice/tracking?trackingId="+campaign, ""),
	} {
		if page["totalElements"] != float64(n/10) {
			t.Errorf("the campaign has %v legs", page["totalElements"])
		}
	}
	f.refused("POST", "/voice/tracking?page=1000001", "", "400013004", "page")
	f.refused("POST", "/voice/tracking?page=9223372036854775807&size=1000", "", "400013004", "page")
	f.refused("GET", "/numbers/my?page=-1", "", "400013004", "page")
}
