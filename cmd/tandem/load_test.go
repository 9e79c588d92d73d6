package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// target puts another user into a SIP address: target VARIABLE ADDRESS USER.
func target(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: target VARIABLE ADDRESS USER")
	}
	_, host, ok := strings.Cut(args[1], "@")
	if !ok {
		ts.Fatalf("%s is no SIP address", args[1])
	}
	ts.Setenv(args[0], "sip:"+args[2]+"@"+host)
}
