// Package rtpport is the media of one call leg each: an RTP and an RTCP socket,
// playing, keys, recording, bridging and statistics (RFC 3550, 3551, 4733).
//
// It knows no SIP and no SDP: its caller says where to send, in which codec,
// and when to stop. It speaks G.711 and G.722, in packets of 10 to 60 ms as the peer asks,
// and Opus in packets of 20 ms, where the build encodes it (package media/opus); without
// that it hears Opus beside another codec that is sent. It accepts any packet length. Between ports of one codec sound passes as it is; where it is mixed,
// recorded or passes to another codec, it is telephone sound of 8 kHz, what is lost of
// it is concealed, and comfort noise (RFC 3389) is made as the peer asks for.
//
// A Pool runs one or more shards. A shard is a goroutine on its own thread that
// turns a wheel of twenty slots, one each millisecond; every port lives in one
// slot and is visited once in 20 ms: its socket is drained, keys are found,
// one packet is sent. All state of a port belongs to its shard. Methods of
// Port, Playback and Recording may be called from any goroutine: they leave an
// order in the shard's mailbox, which is emptied each millisecond. Over slots
// without a port it sleeps, until an order comes. The wheel allocates nothing per
// packet and never waits for anybody: keys that nobody fetches and sound that cannot
// be stored in time are dropped and counted.
//
// The Pool owns the shards and one writer goroutine per recording; Close waits
// for all of them. GOMAXPROCS should exceed the number of shards, so that the
// rest of the program keeps a processor when a shard is busy.
package rtpport
