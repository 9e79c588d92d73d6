package web_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// operations lists what the native API can do, as "METHOD PATH ID SCOPE" lines.
const operations = "../../internal/httpapi/testdata/operations.txt"

// elsewhere names operations that pages need not call by the client of the API,
// each with the reason.
var elsewhere = map[string]string{
	"create-account": "accounts are the operator's, who uses the command line", "list-accounts": "the operator's", "read-account": "the operator's",
	"change-account": "the operator's", "list-account-keys": "the operator's", "create-account-key": "the operator's", "delete-account-key": "the operator's",

	"stream-events": "api/events.ts, an EventSource", "stream-phone": "phone/phone.ts, an EventSource", "leave-phone-call": "phone/phone.ts, a beacon",
	"upload-sound": "sounds/api.ts, with progress", "replace-sound": "sounds/api.ts, with progress", "download-sound": "the waveform loads it",
	"download-recording": "the waveform loads it", "download-message": "the waveform loads it",
	"download-capture":    "a link of the call's page",
	"export-audit":        "config/Audit.tsx, a link to the file",
	"call-statistics-csv": "stats/Statistics.tsx, a link",
	"list-phone-calls":    "stream-phone tells", "read-phone-call": "stream-phone tells",

	"listen-to-app": "bench/Listen.tsx takes the sound with the words, by read-app-aloud",

	"read-draft": "the editor reads it by read-flow", "save-draft": "the editor keeps it by save-flow",
	"read-revision": "editor/History.tsx asks for the difference",

	"read-extension": "the list has it all", "read-number": "the list has it all", "read-sound": "the list has it all", "read-trunk": "the list has it all",
	"read-user": "the list has it all", "read-webhook": "the list has it all", "read-message": "the list has it all", "read-recording": "the call has it all",
	"read-room": "the list has it all", "read-hours": "the list has it all",
}

// Whatever the native API can do can be done in the pages, but for the exceptions
// above: a new operation that no page calls fails here.
func TestOperations(t *testing.T) {
	calls := apiCalls(t)
	list, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		if len(f) < 3 {
			t.Fatalf("not an operation: %q", line)
		}
		method, path, id := f[0], f[1], f[2]
		all = append(all, id)
		if _, ok := elsewhere[id]; !ok && !calls[method+" "+path] {
			t.Errorf("no page calls %s (%s %s): offer it, or say in this test why not", id, method, path)
		}
	}
	for id := range elsewhere {
		if !slices.Contains(all, id) {
			t.Errorf("%s is excepted, but no operation", id)
		}
	}
}

// apiCalls finds the calls of the API's client in the sources: "GET /api/v1/me".
func apiCalls(t *testing.T) map[string]bool {
	call := regexp.MustCompile(`api\.(GET|POST|PUT|PATCH|DELETE)\(\s*'(/api/v1/[^']*)'`)
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(ui, "src"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".ts") && !strings.HasSuffix(path, ".tsx") || strings.Contains(path, ".test.") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range call.FindAllSubmatch(text, -1) {
			found[string(m[1])+" "+string(m[2])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 40 {
		t.Fatalf("found %d operations in the sources, want the many that pages call", len(found))
	}
	return found
}
