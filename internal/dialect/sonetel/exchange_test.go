package sonetel_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tandem/internal/dialect/dialecttest"
)

// ids of apps, prompts and speech, and the random session of a call-back.
var idPattern = regexp.MustCompile(`\b(VA|PR|TS)[0-9a-z]{26}\b`)

func TestExchanges(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/exchanges") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			f := newFixture(t)
			apps, err := f.store.Apps(t.Context(), account)
			if err != nil {
				t.Fatal(err)
			}
			vars := map[string]string{"token": f.token}
			for _, a := range apps {
				switch a.Type {
				case "ivr":
					vars["main"] = string(a.ID)
				case "mailbox":
					vars["mail"] = string(a.ID)
				}
			}
			dialecttest.RunExchange(t, path, f.handler, vars, idPattern)
		})
	}
}
