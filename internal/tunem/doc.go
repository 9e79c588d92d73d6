// Package tunem is a bad line between two hosts: what one sends comes to the other
// late, in another order, twice, or not at all.
//
// It carries whole IP packets between two TUN devices, which stand in two network
// namespaces (the kernel at hand has no netem). What happens to a packet is drawn from
// a seed, so that a line does the same to the same row of packets again; when packets
// leave depends on the machine. A line holds at most 4096 packets on their way in each
// direction and drops what comes on top. It has four goroutines, ended by Close.
package tunem
