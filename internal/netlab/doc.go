// Package netlab builds small networks for tests out of network namespaces: hosts
// joined by wires, routers that translate addresses as homes and carriers do, and
// lines that lose, delay and reorder packets.
//
// Everything is made by the test and removed when it ends. It takes root and the
// programs ip and nft; a test that lacks root is skipped. Addresses exist inside the
// namespaces alone. Package tunem is the bad line; this package joins it to hosts.
package netlab
