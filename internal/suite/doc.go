// Package suite is tests of call flows: a text form that people read and write,
// the running of it in virtual time, and what came of it as reports.
//
// A test is a story: sentences that are done one after the other, each at the time
// at which the one before it was. What a party does (presses, hangs up, is busy)
// is done then; what is expected (hears, is transferred to) is waited for until it
// stands on the timeline of the call, or can't come any more. docs/flow-tests.md
// has the sentences.
//
// It knows no vendor: an Asker understands the answers of applications, and what
// serves a real application's requests drives the test's Stage. A test runs in the
// goroutine of its caller; nothing sleeps, but for what a real application needs.
package suite
