package telphinivr_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

// compile is with a recogniser, except for documents named "no speech".
func compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return telphinivr.Compile(ctx, app, r, telphinivr.Settings{Speech: app.Name != "no speech"})
}

// Every document compiles to its golden program and its scenarios hold in
// virtual time.
func TestDocuments(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/documents") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			if strings.HasSuffix(path, "broken.txtar") {
				dialecttest.RunBroken(t, path, telphinivr.Kind, compile)
				return
			}
			c := dialecttest.RunDocument(t, path, telphinivr.Kind, compile)
			for _, s := range c.Scenarios {
				t.Run(strings.TrimSuffix(s.Name, ".scenario"), func(t *testing.T) {
					interptest.RunText(t, c.Programs, c.Host, string(s.Data))
				})
			}
		})
	}
}
