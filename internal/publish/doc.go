// Package publish is what stands between a document and the calls that run it: the
// gate that it passes (it compiles, the check finds no errors, the tests of its app
// pass, its prompts are made) and the history that says who published what, and what
// was overridden. The API and the command line publish by it; the vendors' own APIs,
// whose clients know no gate, don't. It starts no goroutine and is safe for
// concurrent use.
package publish
