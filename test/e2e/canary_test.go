package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestCanaryOnCalls publishes behind a gate, gives a part of the callers a canary,
// ends it at once, and finds a call that is up on the revision that it began with.
func TestCanaryOnCalls(t *testing.T) {
	t.Parallel()
	k := apiAccount(t, start(t))
	older, newer := sweep(500, 1500), sweep(2200, 700)
	k.uploadSound(t, "Older", older)
	k.uploadSound(t, "Newer", newer)
	const number = "+46855501090"
	flow := func(sound string) string {
		return fmt.Sprintf(`"a": {"play": {"prompts": [{"sound": %q}]}, "then": "b"},
			"b": {"gather": {"prompts": [{"silence": "100ms"}], "first_digit": "25s"}, "keys": {"1": "a"}, "invalid": "c", "no_input": "c"}, "c": {"hang_up": {}}`, sound)
	}
	app := k.nativeApp("Menu", number, "a", flow("Older"))
	path := "/apps/" + app

	// A queue of nobody is refused, unless somebody says why.
	k.do(200, "PUT", path+"/draft", map[string]any{"document": map[string]any{"flow": 1, "start": "a", "steps": map[string]any{"a": map[string]any{"queue": map[string]any{"id": "q", "members": []any{}}}}}})
	k.send(422, "POST", path+"/publish", "", nil)
	k.do(200, "PUT", path+"/draft", "flow: 1\nstart: a\nsteps:\n  a: {play: {prompts: [{sound: Newer}]}, then: b}\n  b: {gather: {prompts: [{silence: 100ms}], first_digit: 25s}, keys: {1: a}, invalid: c, no_input: c}\n  c: {hang_up: }\n")

	// Until the canary has a salt nobody knows who gets it: ask callers until both have been met.
	k.do(200, "PUT", path+"/canary", map[string]any{"percent": 50, "number": number})
	var chosen, other string
	var up *phone.Call
	for i := 0; chosen == "" || other == ""; i++ {
		if i == 30 {
			t.Fatalf("of 30 callers all got the same: chosen %q, other %q", chosen, other)
		}
		from := fmt.Sprintf("+4670100%04d", i)
		c, err := dialFrom(t, k.server, from, number)
		if err != nil {
			t.Fatal(err)
		}
		var which string
		if !eventually(10*time.Second, func() bool {
			for name, sound := range map[string][]int16{"older": older, "newer": newer} {
				if _, share := heardShare(c.Heard(), sound, 0); share >= enough {
					which = name
				}
			}
			return which != ""
		}) {
			t.Fatalf("caller %s heard neither\n%s", from, timeline(c))
		}
		if which == "newer" && chosen == "" {
			chosen, up = from, c
			continue // stays up
		}
		if which == "older" {
			other = from
		}
		hangUp(c)
	}
	again := func(from string, name string, sound []int16) {
		t.Helper()
		c, err := dialFrom(t, k.server, from, number)
		if err != nil {
			t.Fatal(err)
		}
		hears(t, c, name, sound, 0, 6*time.Second)
		hangUp(c)
	}
	again(other, "Older", older)
	k.do(200, "DELETE", path+"/canary", nil)
	again(chosen, "Older", older)
	from := time.Duration(len(up.Heard())) * time.Second / phone.Rate
	press(t, up, "1")
	hears(t, up, "Newer", newer, from, 6*time.Second)
	hangUp(up)

	// The draft is there again; published, it is everybody's.
	k.do(200, "POST", path+"/publish", nil)
	again(other, "Newer", newer)
}
