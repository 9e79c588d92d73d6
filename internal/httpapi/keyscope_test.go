package httpapi_test

import (
	"reflect"
	"strings"
	"testing"

	"tandem/internal/httpapi"
)

// TestKeysMayHaveEveryScope: what a key may be asked for is what there is.
func TestKeysMayHaveEveryScope(t *testing.T) {
	f, _ := reflect.TypeFor[httpapi.KeyInput]().FieldByName("Scopes")
	for _, s := range httpapi.Scopes() {
		if !strings.Contains(","+f.Tag.Get("enum")+",", ","+string(s)+",") {
			t.Errorf("a key can't be made with the scope %s", s)
		}
	}
}
