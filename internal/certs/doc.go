// Package certs keeps this server's certificate for TLS: of PEM files, read anew when
// they change, or one that it signs itself and keeps in the data folder. It says in
// words what is wrong with one.
//
// It is no authority and fetches nothing. A Keeper has no goroutine: it looks at its
// files when a handshake asks, once a second at most. All is safe concurrently.
package certs
