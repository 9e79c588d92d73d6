package routeeplan_test

import (
	"testing"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
)

// Whatever an application answers is refused in words or makes a valid program.
func FuzzPlan(f *testing.F) {
	dialecttest.Seeds(f, "testdata", "plan.json")
	f.Add([]byte(`{"verbs":[{"verb":"DIAL","from":"1","to":["a"],"callback":{"url":"http://h/","strategy":"OnChange"},"machineDetection":{"strategy":"hangup"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := routeeplan.Parse(data)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		p := routeeplan.Compile(plan, routeeplan.Options{Name: "plan"})
		if ds := flow.Validate(p); len(ds) > 0 {
			t.Fatal(ds)
		}
	})
}
