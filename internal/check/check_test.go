package check_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/check"
	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// update writes the golden findings anew: go test ./internal/check -update
var update = flag.Bool("update", false, "write golden files")

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// world reads what an archive says of the account: the lines of dialecttest.World,
// and "number +4685… app X", "user 7 goes to app X", "trunk" with its prefixes.
func world(t *testing.T, text string, p *flow.Program) *check.World {
	t.Helper()
	if text == "" {
		return nil
	}
	var w dialecttest.World
	var rest []string
	numbers := map[voice.E164]voice.Destination{}
	var trunks []voice.Trunk
	users := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 4 && f[0] == "number":
			numbers[voice.E164(f[1])] = voice.Destination{Kind: voice.DestinationKind(f[2]), ID: f[3]}
		case len(f) == 6 && f[0] == "user":
			users[f[1]] = f[5]
		case len(f) > 0 && f[0] == "trunk":
			trunks = append(trunks, voice.Trunk{Name: "t", Prefixes: f[1:]})
		default:
			rest = append(rest, line)
		}
	}
	if err := w.Read(native.Kind, strings.Join(rest, "")); err != nil {
		t.Fatal(err)
	}
	for i, u := range w.UserList {
		if app := users[string(u.ID)]; app != "" {
			w.UserList[i].Incoming.First = voice.CallRule{Action: "forward", To: "voiceapp", ID: app}
		}
	}
	known, err := check.Look(t.Context(), &w, p)
	if err != nil {
		t.Fatal(err)
	}
	known.Numbers = numbers
	if trunks != nil {
		known.Forbids = check.TrunkPolicy(trunks, nil)
	}
	return known
}

func checked(t *testing.T, text, account string) check.Report {
	t.Helper()
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(text), dialect.OpenResolver{})
	if err != nil {
		t.Fatal(err)
	}
	p.App = "VA1"
	return check.Check(check.Input{Program: &p, Diagnostics: ds, Kind: native.Kind, World: world(t, account, &p), Now: now})
}

func lines(r check.Report, code string) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if code != "" && f.Code != code {
			continue
		}
		fmt.Fprintf(&b, "%s %s at %q: %s\n", f.Severity, f.Code, f.Pointer, f.Text)
		if f.Mend != "" {
			fmt.Fprintf(&b, "\tmend: %s\n", f.Mend)
		}
	}
	return b.String()
}

// Each code has a flow that has it, with the words that are said of it, and one
// that hasn't, of which nothing is said but notes.
func TestCodes(t *testing.T) {
	for _, code := range check.Codes() {
		t.Run(code, func(t *testing.T) {
			path := filepath.Join("testdata", code+".txtar")
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range a.Files {
				files[f.Name] = string(f.Data)
			}
			got := lines(checked(t, files["has.yaml"], files["world"]), code)
			if got == "" {
				t.Fatalf("nothing is found in has.yaml:\n%s", lines(checked(t, files["has.yaml"], files["world"]), ""))
			}
			if *update {
				for i := range a.Files {
					if a.Files[i].Name == "findings" {
						a.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(files["findings"], got); diff != "" {
				t.Errorf("has.yaml (-want +got):\n%s", diff)
			}
			clean := checked(t, files["hasnot.yaml"], files["world"])
			for _, f := range clean.Findings {
				if f.Severity != check.Note || f.Code == code {
					t.Errorf("hasnot.yaml: %s %s at %s: %s", f.Severity, f.Code, f.Pointer, f.Text)
				}
			}
			if files["hasnot.yaml"] == "" {
				t.Error("there is no hasnot.yaml")
			}
		})
	}
}

// docs/checks.md tells every code, and no others.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(string(data)) {
		if code, ok := strings.CutPrefix(strings.TrimSpace(line), "### `"); ok {
			told = append(told, strings.TrimSuffix(code, "`"))
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(check.Codes())), slices.Sorted(slices.Values(told))); diff != "" {
		t.Errorf("docs/checks.md (-codes +told):\n%s", diff)
	}
}

// The samples of every form are good flows: nothing is said of them but notes.
func TestSamplesAreGood(t *testing.T) {
	for path, f := range map[string]dialect.Format{
		"native/office.yaml": native.NewFormat(), "convert/native.yaml": native.NewFormat(), "convert/sonetel.json": sonetel.NewFormat(),
		"convert/smartflo.json": smartfloivr.NewFormat(), "convert/telphin.json": telphinivr.NewFormat(),
	} {
		t.Run(path, func(t *testing.T) {
			data, err := os.ReadFile("../../test/samples/" + path)
			if err != nil {
				t.Fatal(err)
			}
			p, ds, err := f.CompileFile(t.Context(), data, dialect.OpenResolver{})
			if err != nil || len(ds) > 0 {
				t.Fatal(err, ds)
			}
			r := check.Check(check.Input{Program: &p, Diagnostics: ds, Kind: f.Kind(), Now: now})
			for _, f := range r.Findings {
				if f.Severity != check.Note {
					t.Errorf("%s %s at %s: %s", f.Severity, f.Code, f.Pointer, f.Text)
				}
			}
			if r.Facts.ToPerson == 0 || r.Facts.Person == "" || r.Facts.MostKeys == 0 || r.Facts.ToChoice == 0 {
				t.Errorf("facts: %+v", r.Facts)
			}
			t.Logf("%s%+v", lines(r, ""), r.Facts)
		})
	}
}
