// Package daemon wires the program by hand: stores, speech, media, SIP, the
// dialects, the switchboard, the mailer and the web pages, one file per concern.
//
// It decides nothing about calls and holds no logic of its own beyond the order
// of starting and ending. A Daemon owns every goroutine of the process through
// the parts that it closes: New starts nothing that Close does not end.
package daemon
