// Package sqlstore keeps the program's data in SQLite or PostgreSQL: it
// implements every store contract of package voice, and those of package auth,
// with one set of plain SQL through database/sql.
//
// It is not a cache and not an object mapper: every method is one statement or
// one transaction, and what it answered is committed. Every statement names
// the tenant; another tenant's id answers like one that does not exist.
//
// On SQLite one writer connection with synchronous=FULL takes what must
// survive a power cut, a second with synchronous=NORMAL takes timelines and
// registrations, and a pool reads. They share one gate, so a process never
// waits for itself by polling; several processes may have the same file open.
//
// A Store may be used by many goroutines at once and starts none of its own
// beyond database/sql's. A Journal owns one goroutine, which Close awaits.
package sqlstore
