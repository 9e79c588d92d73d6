// Package metrics is what Prometheus may read of this server: a registry of its
// own, counters that follow the timelines' events, and a look at what the parts
// count anyway, taken when somebody reads.
//
// No label has a value that a caller or a peer can choose: each is of a closed set,
// or a number, or one of the first hundred accounts. docs/metrics.md lists every
// metric; a test compares the two. It knows no part of the server: the daemon gives
// it readings as pairs of name and number. All of it may be used by many
// goroutines.
package metrics
