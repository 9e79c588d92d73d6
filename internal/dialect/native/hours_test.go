package native_test

import (
	"context"
	"encoding/json"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// office is an account with opening hours.
type office struct{ dialect.OpenResolver }

func (office) Resources(_ context.Context, kind string) ([]voice.Resource, error) {
	if kind != voice.HoursKind {
		return nil, nil
	}
	return []voice.Resource{{Name: "Other", Data: json.RawMessage(`{}`)}, {Name: "Office", Data: json.RawMessage(`{"timezone":"Europe/Stockholm","open":[{"days":["mon"],"from":"09:00","to":"17:00"}]}`)}}, nil
}

func TestNamedHours(t *testing.T) {
	compile := func(hours string) (flow.Program, flow.Diagnostics) {
		text := "flow: 1\nstart: a\nsteps:\n  a: {hours: " + hours + ", open: b, closed: b}\n  b: {hang_up: {}}\n"
		p, ds, err := native.New().Compile(t.Context(), voice.App{Document: native.Document([]byte(text))}, office{})
		if err != nil {
			t.Fatal(err)
		}
		return p, ds
	}
	p, ds := compile("{named: Office}")
	h := p.Nodes[0].Step.(flow.Hours).Schedule
	if len(ds) != 0 || h.Named != "Office" || h.Timezone != "Europe/Stockholm" || len(h.Open) != 1 || h.Open[0].To != "17:00" {
		t.Errorf("compiled to %+v, %v", h, ds)
	}
	text, losses, err := native.NewYAMLFormat().ExpressFile(t.Context(), p, office{})
	q, _, err2 := native.NewFormat().CompileFile(t.Context(), text, dialect.OpenResolver{})
	if err != nil || err2 != nil || len(losses) != 0 {
		t.Fatal(err, err2, losses)
	}
	if h := q.Nodes[0].Step.(flow.Hours).Schedule; h.Named != "Office" || h.Timezone != "" || h.Open != nil {
		t.Errorf("the document holds more than the name:\n%s", text)
	}
	for hours, at := range map[string]string{"{named: Nobody}": "/steps/a/hours/named", "{named: Office, timezone: UTC}": "/steps/a/hours/named"} {
		if _, ds := compile(hours); len(ds) != 1 || ds[0].Pointer != at || ds[0].Severity != flow.Error {
			t.Errorf("%s: %v", hours, ds)
		}
	}
}
