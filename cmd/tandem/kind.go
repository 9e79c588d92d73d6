package main

import (
	"context"
	"encoding/json"
	"slices"

	"go.yaml.in/yaml/v3"

	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// compileFunc makes the program of a document.
type compileFunc func(ctx context.Context, data []byte, r dialect.Resolver) (flow.Program, flow.Diagnostics, error)

// compilerOf finds what compiles a document of a kind: those of daemon.Formats, and
// Routee's dial plans. A Hoiio app is an address alone.
func compilerOf(flag, kind string) (compileFunc, error) {
	if kind == routeeplan.Kind {
		return compilePlan, nil
	}
	f, err := formatOf(flag, kind)
	if err != nil {
		return nil, err
	}
	return f.CompileFile, nil
}

// compilePlan takes a dial plan, or a conversation that holds one.
func compilePlan(_ context.Context, data []byte, _ dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	var conversation struct{ DialPlan json.RawMessage }
	if json.Unmarshal(data, &conversation) == nil && len(conversation.DialPlan) > 0 {
		data = conversation.DialPlan
	}
	plan, err := routeeplan.Parse(data)
	if err != nil {
		return flow.Program{}, nil, err
	}
	return *routeeplan.Compile(plan, routeeplan.Options{Name: "dial plan"}), nil, nil
}

// kindIn guesses the form of a document by the members that only it has; "" when
// it has none of them.
func kindIn(data []byte) voice.AppKind {
	var members map[string]any
	if json.Unmarshal(data, &members) != nil && yaml.Unmarshal(data, &members) != nil {
		return ""
	}
	has := func(all ...string) bool {
		return !slices.ContainsFunc(all, func(m string) bool { _, ok := members[m]; return !ok })
	}
	kinds := daemon.Formats()
	switch {
	case has("flow", "steps"):
		return kinds[0].Kind()
	case has("app_type"):
		return "sonetel"
	case has("contexts"):
		return "telphin"
	case has("destination"), has("option"):
		return "smartflo"
	case has("verbs"), has("dialPlan"):
		return routeeplan.Kind
	}
	return ""
}
