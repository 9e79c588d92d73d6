package telphin_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tandem/internal/dialect/dialecttest"
)

// ids that are drawn: those of call-backs.
var idPattern = regexp.MustCompile(`\bCB[0-9a-z]{26}\b`)

func TestExchanges(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/exchanges") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			f := newFixture(t)
			dialecttest.RunExchange(t, path, f.handler, map[string]string{"token": f.token}, idPattern)
		})
	}
}
