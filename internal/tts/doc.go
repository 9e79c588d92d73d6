// Package tts is text to speech: what is spoken (Utterance), who speaks it
// (Synthesizer), what cannot be spoken and why, the key under which speech is
// cached, and the Pool that picks an engine and bounds how many run at once.
//
// It is not a cache (package prompt keeps one) and understands no markup: a text
// is words, and "<" in it is a sign like any other. It starts no goroutine of its
// own; a Pool and every Synthesizer may be used by many goroutines at once.
package tts
