// Package input reads what the clients of vendors' APIs send: paths, JSON objects
// whose values are read one by one, and forms as if they were JSON.
//
// It knows no vendor and writes no answers: its errors say what is wrong in
// words, naming the field, and the dialects put them in their own envelopes. It
// keeps nothing and starts no goroutine.
package input
