package srtp

import "crypto/aes"

// WithSessionKeys makes both directions of a profile with the same session keys for
// SRTP and SRTCP, as the examples of RFC 7714 have them.
func WithSessionKeys(name string, key, salt []byte) (*Sender, *Receiver, error) {
	p, _ := profileOf(name)
	var all [4]session
	for i := range all {
		var err error
		if all[i], err = newSession(p, p.tag, key, salt, nil); err != nil {
			return nil, nil, err
		}
	}
	return &Sender{all[0], all[1]}, &Receiver{all[2], all[3]}, nil
}

// ReportIndex has the next report of a source be the one after index.
func (s *Sender) ReportIndex(ssrc uint32, index uint64) {
	s.rtcp.add(source{ssrc: ssrc, top: index, begun: true})
}

// Derive makes a session key.
func Derive(key, salt []byte, label byte, n int) ([]byte, error) {
	master, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return derive(master, salt, label, n), nil
}

// Stream is the key stream of a packet in counter mode.
func Stream(key, salt []byte, ssrc uint32, index uint64, n int) ([]byte, error) {
	s, err := newSession(profile{}, 0, key, salt, nil)
	if err != nil {
		return nil, err
	}
	out := make([]byte, n)
	s.xor(&Scratch{}, out, make([]byte, n), ssrc, index)
	return out, nil
}

// SetRollover tells a sender the rollover counter of a source.
func (s *Sender) SetRollover(ssrc, counter uint32) {
	s.rtp.add(source{ssrc: ssrc, top: uint64(counter) << 16})
}
