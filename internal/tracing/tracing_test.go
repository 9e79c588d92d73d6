package tracing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"tandem/internal/tracing"
	"tandem/internal/voice"
)

// A receiver that does not answer holds nobody up: what waits is bounded, and what
// is too much is counted.
func TestReceiverThatHangs(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	tr, err := tracing.Start(tracing.Config{Endpoint: srv.URL + "/v1/traces", Share: 100, Client: srv.Client(), Batch: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	n := 0
	for range 10_000 {
		if tr.Dropped() > 0 {
			break
		}
		for range 1000 {
			n++
			id := voice.CallID(strconv.Itoa(n))
			tr.Follow(voice.Event{Call: id, Kind: voice.EventCallArrived, At: time.Now()})
			tr.Follow(voice.Event{Call: id, Kind: voice.EventCallEnded, At: time.Now()})
		}
		<-tick.C
	}
	if tr.Dropped() == 0 {
		t.Errorf("%d calls wait and nothing was dropped", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	tr.Close(ctx)
	tr.Follow(voice.Event{Call: "late", Kind: voice.EventCallArrived})
}

// Of a share of calls all the same ones are traced, whole.
func TestShare(t *testing.T) {
	got := make(chan struct{}, 10_000)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got <- struct{}{} }))
	defer srv.Close()
	tr, err := tracing.Start(tracing.Config{Endpoint: srv.URL, Share: 10, Client: srv.Client(), Batch: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close(context.Background())
	taken := 0
	for i := range 2000 {
		if tr.Takes(voice.CallID(strconv.Itoa(i))) {
			taken++
		}
	}
	if taken < 120 || taken > 280 {
		t.Errorf("%d of 2000 calls are traced", taken)
	}
}
