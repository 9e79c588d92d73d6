package voice_test

import (
	"slices"
	"testing"
	"time"

	"tandem/internal/voice"
)

func TestCallIDsSortByTime(t *testing.T) {
	begun := time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)
	var ids []voice.CallID
	for i := range 2000 {
		ids = append(ids, voice.NewCallID(begun.Add(time.Duration(i*i)*time.Millisecond)))
	}
	if !slices.IsSorted(ids) {
		t.Error("names of later calls sort before those of earlier ones")
	}
	if first, second := voice.NewCallID(begun), voice.NewCallID(begun); first == second {
		t.Error("two calls of one moment have one name")
	}
	if want := len(voice.NewID("")); len(ids[0]) != want {
		t.Errorf("%q has %d characters, not the %d of other names", ids[0], len(ids[0]), want)
	}
}
