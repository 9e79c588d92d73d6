package flow

import "fmt"

// Severity says how bad a diagnostic is. The zero value is invalid on purpose.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the document can't be saved
	Warning Severity = "warning" // it can, but something will not happen as written
)

// Diagnostic is a fault of a document that its author can mend.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`    // stable: "destination-not-found"
	Pointer  string   `json:"pointer"` // JSON Pointer to the field at fault
	Text     string   `json:"text"`    // in words, naming the field as its author wrote it
}

// String gives "error at /menu/digit_1/id: no user 5".
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s at %s: %s", d.Severity, d.Pointer, d.Text)
}

// Diagnostics is what a compiler found.
type Diagnostics []Diagnostic

// FirstError gives the first error, if there is one.
func (ds Diagnostics) FirstError() (Diagnostic, bool) {
	for _, d := range ds {
		if d.Severity == Error {
			return d, true
		}
	}
	return Diagnostic{}, false
}

// Errorf adds an error.
func (ds *Diagnostics) Errorf(code, pointer, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Error, code, pointer, fmt.Sprintf(format, args...)})
}

// Warnf adds a warning.
func (ds *Diagnostics) Warnf(code, pointer, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Warning, code, pointer, fmt.Sprintf(format, args...)})
}
