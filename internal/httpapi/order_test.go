package httpapi_test

import (
	"strconv"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

func TestManyOrdersShutNobodyOut(t *testing.T) {
	var o httpapi.Orders
	begin := func() (voice.CallID, error) { return "c", nil }
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range httpapi.MaxOrders {
		if _, _, err := o.Once(t.Context(), strconv.Itoa(i), i, now.Add(time.Duration(i)*time.Millisecond), begin); err != nil {
			t.Fatal(err)
		}
	}
	if _, repeated, err := o.Once(t.Context(), "another account's", 1, now.Add(time.Hour), begin); err != nil || repeated {
		t.Errorf("one more: %v, repeated %v", err, repeated)
	}
	if _, repeated, err := o.Once(t.Context(), "9999", 9999, now.Add(time.Hour), begin); err != nil || !repeated {
		t.Errorf("a young order is forgotten: %v, repeated %v", err, repeated)
	}
}
