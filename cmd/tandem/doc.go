// Command tandem answers and places SIP calls and runs menus.
//
// It is flags and printing alone: package daemon is the server, package admin
// the work of the commands that manage accounts, package doctor the checks,
// package phone the terminal telephone. Every command opens the store itself, so
// that it works whether a server runs or not.
package main
