package rtpport

// samplesAtOnce bounds how many ports one order to a shard looks at, so that it
// holds up no turn.
const samplesAtOnce = 32

// Sample gives the state of each of ports, which are of this pool, as Stats
// does, for a millisecond or two in all and a fraction of a microsecond each.
func (p *Pool) Sample(ports []*Port) []Stats {
	out := make([]Stats, len(ports))
	waits := make(chan struct{}, len(ports)/samplesAtOnce+len(p.shards))
	orders := 0
	for _, s := range p.shards {
		var mine []int
		post := func() {
			part := mine
			mine = nil
			if len(part) == 0 {
				return
			}
			if s.post(func() {
				for _, i := range part {
					if !ports[i].closed() {
						out[i] = ports[i].snapshot()
					}
				}
				waits <- struct{}{}
			}) {
				orders++
			}
		}
		for i, port := range ports {
			if port.shard != s {
				continue
			}
			if mine = append(mine, i); len(mine) == samplesAtOnce {
				post()
			}
		}
		post()
	}
	for range orders {
		<-waits
	}
	for i, port := range ports {
		if port.closed() {
			out[i] = port.final
		}
	}
	return out
}

// Totals sums up what all ports of the pool have done so far, open and closed.
// Of what only a stream has (jitter, round trip, addresses, times) it has nothing.
func (p *Pool) Totals() Stats {
	p.mu.Lock()
	sum := p.past
	ports := make([]*Port, 0, len(p.ports))
	for port := range p.ports {
		ports = append(ports, port)
	}
	p.mu.Unlock()
	for _, st := range p.Sample(ports) {
		sum.add(st)
	}
	return sum
}

// add sums up what can be.
func (st *Stats) add(x Stats) {
	for _, f := range []struct {
		to *int64
		n  int64
	}{
		{&st.SentPackets, x.SentPackets}, {&st.SentBytes, x.SentBytes}, {&st.SendFailed, x.SendFailed}, {&st.SendSkipped, x.SendSkipped},
		{&st.ReceivedPackets, x.ReceivedPackets}, {&st.ReceivedBytes, x.ReceivedBytes}, {&st.ReceivedLost, x.ReceivedLost},
		{&st.ReceivedInvalid, x.ReceivedInvalid}, {&st.Forged, x.Forged}, {&st.ReceivedUnknown, x.ReceivedUnknown}, {&st.ReceivedLate, x.ReceivedLate},
		{&st.ReceivedExcess, x.ReceivedExcess},
		{&st.LossRuns, x.LossRuns}, {&st.Foreign, x.Foreign}, {&st.Refused, x.Refused}, {&st.Moves, x.Moves},
		{&st.Digits, x.Digits}, {&st.DigitsLost, x.DigitsLost}, {&st.RemoteLost, x.RemoteLost},
		{&st.ReportsSent, x.ReportsSent}, {&st.ReportsHeard, x.ReportsHeard},
	} {
		*f.to += f.n
	}
}
