package interptest_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

func menu() *flow.Program {
	say := []voice.Prompt{{Kind: voice.PromptStandard, Standard: "welcome", Voice: "en"}}
	return &flow.Program{App: "A", Name: "Menu", Entry: "menu", Nodes: []flow.Node{
		{ID: "menu", Step: flow.Gather{Prompts: say, BargeIn: true, Keys: []voice.Digits{"1", "2"}}, Exits: map[flow.Exit]flow.NodeID{flow.Key("1"): "user", flow.Key("2"): "menu"}},
		{ID: "user", Step: flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "55"}}},
	}}
}

func TestRun(t *testing.T) {
	var c interptest.Coverage
	o := interptest.Run(t, menu(), &interptest.MemoryHost{}, func(c *interptest.Caller) {
		c.Far("extension 55", sim.FarEnd{Does: sim.Answers, After: time.Second, Talk: time.Minute})
		c.Hears("welcome")
		c.Waits(500 * time.Millisecond)
		c.Presses("1")
		c.Steps("menu: key 1")
		c.At(500 * time.Millisecond)
		c.IsDialled("user 55")
		c.Never("key 2 ")
		c.EndsBecause(voice.CauseNormal, "the far end hung up")
	})
	c.Add(o.Trace)
	want := "app A: node menu is never left by key 2"
	if got := strings.Join(c.Missing(menu()), "; "); got != want {
		t.Errorf("missing %s; want %s", got, want)
	}
}

// spy takes what a scenario reports.
type spy struct {
	testing.TB
	said string
}

func (s *spy) Helper() {}
func (s *spy) Errorf(format string, args ...any) {
	s.said += strings.TrimSpace(args[0].(string)) + "\n"
}

func TestFaultsAreReported(t *testing.T) {
	tests := []struct{ name, scenario, want string }{
		{"not found", "hears welcome\npresses 1\ndials user 56", "dials user 56: not found"},
		{"wrong order", "hears welcome\npresses 1\ndials user 55\nnotes digit key 1", "not found"},
		{"found", "never standard welcome", "never standard welcome: found"},
		{"other time", "hears welcome\nat 3s", "was at 0s"},
		{"other cause", "ends busy: x", `not busy "x"`},
		{"other words", "ends normal: x", `not normal "x"`},
		{"never came to it", "waits 1h\nhangs up", "the caller never came to 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &spy{TB: t}
			interptest.RunText(s, []*flow.Program{menu()}, "", tt.scenario)
			if !strings.Contains(s.said, tt.want) {
				t.Errorf("said %q; want %q", s.said, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, line := range []string{"sings", "sings loud", "waits soon", "at noon", "far x", "far x: sleeps", "far x: busy after soon", "sound long x", "hears", "starts noon", "queue sales", "outside sings", "says"} {
		var c interptest.Caller
		if err := c.Read("hears welcome\n" + line); err == nil || !strings.Contains(err.Error(), "line 2: "+line) {
			t.Errorf("%q: %v", line, err)
		}
	}
	for _, line := range []string{"sings", "route x", "route x: extension 1 for long", "queue sales: many", "web https://a.example", "web https://a.example: ok", "moon fails"} {
		var h interptest.MemoryHost
		if err := h.Read(line); err == nil {
			t.Errorf("host %q is taken", line)
		}
	}
}
