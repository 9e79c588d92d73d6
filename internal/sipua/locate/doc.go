// Package locate finds where SIP requests go: RFC 3263 by NAPTR, SRV, A and
// AAAA records, in the order of their priorities and weights (RFC 2782), and
// remembers which of the places failed.
//
// Everything that a name server answers is hostile: answers, the depth of
// CNAMEs, the time of a look-up and the cache are bounded, and what does not
// belong to the question is left out. A Resolver starts goroutines only within
// Find, which waits for them; it is safe for concurrent use.
package locate
