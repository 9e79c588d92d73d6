// Package config holds the settings of the program: one struct with documented
// defaults, filled from flags, environment, a settings file and the defaults,
// in that order of precedence.
//
// The table of Settings is the one list of keys: parsing, printing, the
// environment's names, the shipped example file and the check of unknown keys
// come from it. A Config is plain data and may be copied; nothing here starts a
// goroutine or opens a socket.
//
// The file is lines of "key = value" under optional "[section]" lines, with
// whole-line comments that begin with "#" or ";". A value is taken as it stands
// up to the end of the line, or, between double quotes, as a Go string.
package config
