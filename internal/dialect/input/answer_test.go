package input_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"tandem/internal/dialect/input"
)

func TestAnswerJSON(t *testing.T) {
	for what, tt := range map[string]struct {
		status int
		body   string
		want   string // words of the error; "" = it is read
	}{
		"an object":          {200, "\ufeff {\"a\": [1, {\"b\": \"}}]\\\"\"}]} ", ""},
		"a list, created":    {201, `[]`, ""},
		"not there":          {404, `{}`, "status 404 not found"},
		"broken":             {500, `<html>`, "status 500 internal server error"},
		"elsewhere":          {302, ``, "status 302: it sends us elsewhere"},
		"nothing":            {204, ``, "empty (status 204)"},
		"blanks":             {200, " \n", "empty"},
		"a web page":         {200, " <!DOCTYPE HTML><p>", "is a web page, not JSON"},
		"another":            {200, "<html>", "is a web page, not JSON"},
		"binary":             {200, "\x89PNG\x00\x01", "is binary, not JSON"},
		"no UTF-8":           {200, `{"a": "` + "\xff" + `"}`, "not UTF-8"},
		"cut off":            {200, `{"a": [1`, "ends too early"},
		"two values":         {200, `{} {}`, "the answer goes on after its JSON value"},
		"no JSON":            {200, `hello`, "the answer is not JSON"},
		"closes too much":    {200, `]`, "closes what it has not opened"},
		"twice":              {200, `{"a": {"b": 1, "b": 2}}`, "a.b: the field is given twice"},
		"deep":               {200, strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		"too deep":           {200, strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested more than 64 deep"},
		"deep in quotes":     {200, `["` + strings.Repeat("[", 100) + `"]`, ""},
		"a hundred thousand": {200, strings.Repeat(`{"a":`, 100_000), "nested more than 64 deep"},
		"ten megabytes":      {200, `["` + strings.Repeat("x", 10<<20) + `"]`, "larger than 1048576 bytes"},
	} {
		_, err := input.AnswerJSON(tt.status, []byte(tt.body))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnswerObject(t *testing.T) {
	f, err := input.AnswerObject(200, []byte(`{"a": 1, "v": 1, "v": 2}`), "v")
	if err != nil || string(f["a"]) != "1" || string(f["v"]) != "[1,2]" {
		t.Errorf("%s, %v", f, err)
	}
	if _, err := input.AnswerObject(200, []byte(`[1]`)); err == nil || err.Error() != "the answer is a list, not an object" {
		t.Errorf("a list: %v", err)
	}
}

// The check of the depth takes no memory, however deep it is.
func TestCheckDepthIsConstant(t *testing.T) {
	deep := []byte(strings.Repeat("[", 1<<20))
	least := uint64(math.MaxUint64)
	for range 5 { // what else the process allocates meanwhile counts too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := input.CheckDepth(deep, 64)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Fatal("taken")
		}
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 4096 {
		t.Errorf("%d bytes", least)
	}
}
