package phone_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/phone"
)

func TestParseKeys(t *testing.T) {
	steps, err := phone.ParseKeys("3s 1 500ms  2#\t*A")
	if err != nil {
		t.Fatal(err)
	}
	want := []phone.KeyStep{{Wait: 3 * time.Second}, {Press: "1"}, {Wait: 500 * time.Millisecond}, {Press: "2#"}, {Press: "*A"}}
	if d := cmp.Diff(want, steps); d != "" {
		t.Error(d)
	}
	for script, token := range map[string]string{
		"1 2x": `token 2 "2x"`, "-3s": `"-3s"`, "0s": `"0s"`, "3s 9999h": `"9999h"`, "a": `"a"`, "１": `"１"`,
	} {
		if _, err := phone.ParseKeys(script); err == nil || !strings.Contains(err.Error(), token) {
			t.Errorf("%q: error %v does not name %s", script, err, token)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	for _, s := range []string{"3s 1 500ms 2#", "", "*", "1h1", "\x00", "5 5s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := phone.ParseKeys(script)
		for _, s := range steps {
			if (s.Wait > 0) == (s.Press != "") {
				t.Errorf("%q: step %+v", script, s)
			}
		}
		if err == nil && len(steps) != len(strings.Fields(script)) {
			t.Errorf("%q: %d steps", script, len(steps))
		}
	})
}
