// Package audiomatch recognises known sounds in recordings of telephone
// calls: where a prompt begins, how much of it was heard before it was cut,
// and how pure a tone is. It works on the sound alone, by normalised
// cross-correlation, and so proves what a caller heard without asking the
// program that played it.
//
// It is a tool of tests and of the load test, whose callers use it; the server does not. All functions are
// pure and may be called concurrently; none starts a goroutine.
//
// Samples are mono at 8 kHz. Scores run from 0 (unlike) to 1 (alike up to
// volume); G.711 alone leaves about 0.999 of speech, and two different
// spoken prompts stay below about 0.4.
package audiomatch
