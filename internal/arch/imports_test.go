package arch_test

import (
	"slices"
	"strings"
	"testing"
)

// anything lets a package import every other.
const anything = "*"

// mayImport is the table of permitted imports within the module: a package's
// name under internal/, then those it may import. Tests may import more.
var mayImport = map[string]string{
	"voice":               "",
	"clock":               "",
	"admission":           "clock",
	"explain":             "voice",
	"replay":              "voice flow interp gather",
	"listen":              "voice flow interp sim dialect media",
	"load":                "voice media suite phone audiomatch",
	"flow":                "voice",
	"gather":              "voice",
	"interp":              "voice flow clock gather",
	"sim":                 "voice clock gather",
	"interp/interptest":   "voice flow interp sim clock",
	"suite":               "voice flow interp sim dialect",
	"stage":               "voice flow suite dialect dialect/hoiio dialect/routee dialect/smartflo dialect/telphin notify auth clock secret store/sqlstore",
	"outline":             "voice flow",
	"check":               "voice flow dialect",
	"flowdiff":            "voice flow",
	"publish":             "voice flow dialect check suite",
	"dialect":             "voice flow",
	"dialect/sonetel":     "voice flow dialect",
	"dialect/native":      "voice flow dialect",
	"dialect/telphinivr":  "voice flow dialect outline",
	"dialect/telphin":     "voice flow dialect",
	"dialect/input":       "",
	"dialect/routeeplan":  "voice flow dialect",
	"dialect/routee":      "voice flow dialect",
	"dialect/smartfloivr": "voice flow dialect outline",
	"dialect/smartflo":    "voice flow dialect",
	"dialect/hoiio":       "voice flow dialect",
	"dialect/dialecttest": "voice flow dialect",
	"dialect/sonetelapp":  "voice flow dialect outline",
	"switchboard":         "voice flow interp clock replay",
	"media":               "media/g711 media/g722",
	"media/g711":          "",
	"media/g722":          "",
	"media/opus":          "",
	"media/plc":           "",
	"media/emodel":        "",
	"diagnose":            "",
	"metrics":             "voice",
	"tracing":             "voice",
	"media/gsm":           "",
	"media/dtmf":          "media",
	"media/amd":           "media",
	"media/tones":         "media",
	"media/jitter":        "media",
	"media/stretch":       "media",
	"audiomatch":          "media",
	"icelite":             "",
	"icelite/icetest":     "",
	"dtlssrtp":            "",
	"offer":               "icelite",
	"srtp":                "",
	"rtpport":             "media icelite dtlssrtp srtp",
	"pcap":                "",
	"pcap/pcaptest":       "",
	"certs":               "",
	"certs/certtest":      "",
	"sipua":               "voice offer certs admission",
	"sipua/transact":      "certs",
	"sipua/siptest":       "",
	"sipua/digestauth":    "",
	"sipua/locate":        "",
	"sipua/dnstest":       "",
	"phone":               "media offer",
	"reach":               "",
	"netlab":              "tunem",
	"tunem":               "",
	"tts":                 "voice media",
	"tts/espeaktts":       "voice media tts child",
	"tts/flitetts":        "voice media tts child",
	"tts/httptts":         "voice media tts",
	"child":               "voice",
	"say":                 "voice",
	"prompt":              "voice media blob tts child say",
	"prompt/gen":          "voice media tts prompt",
	"browser":             "voice offer",
	"engine":              "voice browser clock media rtpport dtlssrtp offer sipua prompt blob gather diagnose pcap",
	"blob":                "voice",
	"blob/fileblob":       "voice blob",
	"blob/memblob":        "voice blob",
	"blob/blobtest":       "voice blob",
	"store/sqlstore":      "voice secret",
	"store/storetest":     "voice",
	"auditchain":          "voice",
	"auth":                "voice clock secret",
	"passkey":             "voice auth",
	"passkey/passkeytest": "",
	"secret":              "voice",
	"outbound":            "voice",
	"asr":                 "voice",
	"notify":              "voice clock dialect",
	"hooks":               "voice dialect",
	"mailer":              "voice clock media blob child",
	"mailbox":             "voice clock blob",
	"route":               "voice",
	"web":                 "voice",
	"httpapi":             "voice flow dialect admin auditchain hooks check flowdiff explain listen replay browser offer suite publish",
	"apidocs":             "dialect",
	"config":              "",
	"admin":               "voice auth config secret web certs",
	"doctor":              "voice config phone certs",
	"daemon":              anything,
	"arch":                "",
}

// A row allows a package and its subpackages ("media" allows media/g711 too),
// and a package may use its own.
func allowed(row, target string) bool {
	if row == anything {
		return true
	}
	for w := range strings.FieldsSeq(row) {
		if target == w || strings.HasPrefix(target, w+"/") {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range goFiles(t) {
		pkg, ok := strings.CutPrefix(f.dir, "internal/")
		if !ok {
			continue
		}
		row, known := mayImport[pkg]
		if !known && !seen[pkg] {
			t.Errorf("%s: package %s has no row in the table of imports in internal/arch", f.path, pkg)
		}
		seen[pkg] = true
		if !known || f.test {
			continue
		}
		for _, imp := range f.imports() {
			target, ours := strings.CutPrefix(imp, "tandem/internal/")
			if ours && !strings.HasPrefix(target+"/", pkg+"/") && !allowed(row, target) {
				t.Errorf("%s imports %s; %s may import: %q", f.path, target, pkg, row)
			}
		}
	}
	for pkg, row := range mayImport {
		if strings.Count(pkg, "/") > 1 {
			t.Errorf("package %s is more than two levels deep", pkg)
		}
		for w := range strings.FieldsSeq(row) {
			if _, known := mayImport[w]; !known && w != anything {
				t.Errorf("the row of %s names %s, which has no row", pkg, w)
			}
		}
	}
	if len(seen) < 10 {
		t.Fatalf("only %d packages found: the test looks in the wrong place", len(seen))
	}
}

// No names that say nothing of what is inside.
func TestPackageNames(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "helper", "defs", "types", "manager", "handler", "misc", "base"}
	for _, f := range goFiles(t) {
		for part := range strings.SplitSeq(f.dir, "/") {
			if slices.Contains(vague, part) {
				t.Errorf("%s: the folder name %q says nothing", f.path, part)
			}
		}
	}
}
