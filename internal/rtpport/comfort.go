package rtpport

const (
	comfortEvery = 25 // turns between two packets: half a second
	comfortLevel = 75 // dB below overload of the noise while nothing is said
)

// comfort sends what is heard while nothing is said: a packet when it begins and two a
// second from then on, which keep bindings of NATs. A bridged peer's noise is passed on.
func (p *Port) comfort() {
	if p.cnRest == 0 {
		level := uint8(comfortLevel)
		if p.cnLevel != 0 {
			level = p.cnLevel
		}
		p.tx[headerLen] = level
		p.packet(comfortNoise, false, p.ts*p.scale, headerLen+1)
		p.cnRest = comfortEvery
	}
	p.cnRest--
}
