package voice_test

import (
	"fmt"
	"testing"

	"tandem/internal/voice"
)

func TestCanaryTakes(t *testing.T) {
	c := voice.Canary{Percent: 10, Salt: "a"}
	other, more := c, c
	other.Salt, more.Percent = "b", 40
	took, both := 0, 0
	for i := range 10_000 {
		from := fmt.Sprintf("+4670%07d", i)
		if !c.Takes(from, "+4685000000") {
			continue
		}
		took++
		if !c.Takes("00"+from[1:], "x") {
			t.Errorf("%s written otherwise is another caller", from)
		}
		if !more.Takes(from, "") {
			t.Errorf("%s loses the canary when more callers get it", from)
		}
		if other.Takes(from, "") {
			both++
		}
	}
	if took < 900 || took > 1100 {
		t.Errorf("10 %% of 10,000 callers are %d", took)
	}
	if both > took/4 {
		t.Errorf("%d of %d callers are the canary of every app", both, took)
	}
	for _, from := range []string{"", "anonymous"} {
		if (voice.Canary{Percent: 99}).Takes(from, "") {
			t.Errorf("caller %q has a number", from)
		}
	}
	if (voice.Canary{}).Takes("+46700000000", "") {
		t.Error("without a canary")
	}
	one := voice.Canary{Percent: 99, Number: "+4685000000"}
	if one.Takes("+46700000001", "+4685000001") || !one.Takes("+46700000001", "+46 8 500 00 00") {
		t.Error("a canary of one number")
	}
}
