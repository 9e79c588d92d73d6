// Package dialect says what a vendor dialect is: HTTP routes under a base path
// and at the vendor's host names, documents compiled to programs, and addresses
// that callers may dial. It also declares what every dialect needs of the rest
// of the program (audio, credentials, token signing, control of calls) and holds
// the Library that finds the program of an app whatever dialect it is in.
//
// It is not a vendor: vendor words, quirks and codes stay in the sub-packages,
// and no dialect sees another. The package starts no goroutine. A Library may
// be used concurrently; implementations of the interfaces must allow it too.
package dialect
