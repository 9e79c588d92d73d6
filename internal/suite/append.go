package suite

import "strings"

// writtenBy stands before the tests that were written.
const writtenBy = "# Written by tandem test --write-missing: what the flow does now. Read them before you keep them.\n"

// Append gives the text of a file of tests with tests that were written behind it.
func Append(text string, tests []string) string {
	if len(tests) == 0 {
		return text
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if !strings.Contains(text, writtenBy) {
		if text != "" {
			text += "\n"
		}
		text += writtenBy
	}
	return text + "\n" + strings.Join(tests, "\n")
}
