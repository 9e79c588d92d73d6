package rtpport

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"tandem/internal/media"
	"tandem/internal/media/dtmf"
)

// Errors of opening and starting ports.
var (
	ErrClosed  = errors.New("media port is closed")
	ErrNoPorts = errors.New("no free media port in the range")
	ErrLimit   = errors.New("as many media ports are open as may be")
	ErrAddress = errors.New("media may not be sent to this address")
)

const (
	defaultLimit = 1500 // ports per shard
	writersAtOne = 4    // recordings that may be inside a file operation at one time
	keyToneTime  = media.Rate / 10
)

// Config is how a Pool runs.
type Config struct {
	Bind              netip.Addr // local address; invalid = 0.0.0.0
	PortLow, PortHigh int        // UDP ports, both included; 0 = 10000 to 20000
	Shards            int        // 0 = 1
	PortsPerShard     int        // 0 = 1500
	Logger            *slog.Logger
}

// Pool is the media of a process. Safe for concurrent use.
type Pool struct {
	conf    Config
	shards  []*shard
	threads sync.WaitGroup // shards
	writers sync.WaitGroup // recordings
	// handshakes are those under way.
	handshakes atomic.Int64
	fileTurn   chan struct{} // bounds the threads that a stalled disk can hold
	keyTones   [16]*media.Clip

	mu     sync.Mutex
	used   map[int]bool // even port numbers in use
	ports  map[*Port]struct{}
	rooms  map[*Room]struct{}
	past   Stats // sums of the ports that are closed
	closed bool
}

// Start checks conf and starts the shards.
func Start(conf Config) (*Pool, error) {
	if !conf.Bind.IsValid() {
		conf.Bind = netip.IPv4Unspecified()
	}
	if conf.PortLow == 0 && conf.PortHigh == 0 {
		conf.PortLow, conf.PortHigh = 10000, 20000
	}
	if conf.Shards <= 0 {
		conf.Shards = 1
	}
	if conf.PortsPerShard <= 0 {
		conf.PortsPerShard = defaultLimit
	}
	if conf.Logger == nil {
		conf.Logger = slog.New(slog.DiscardHandler)
	}
	if conf.PortLow < 1024 || conf.PortHigh > 65535 || conf.PortHigh-conf.PortLow < 2 {
		return nil, fmt.Errorf("start media: ports %d to %d are no usable range", conf.PortLow, conf.PortHigh)
	}
	p := &Pool{
		conf: conf, fileTurn: make(chan struct{}, writersAtOne),
		used: make(map[int]bool), ports: make(map[*Port]struct{}), rooms: make(map[*Room]struct{}),
	}
	for i := range p.keyTones {
		key, _ := dtmf.Key(uint8(i))
		p.keyTones[i] = media.NewClip(media.PCM{Rate: media.Rate, Samples: dtmf.Tone(key, keyToneTime)})
	}
	for range conf.Shards {
		s := newShard(conf.Logger)
		p.shards = append(p.shards, s)
		p.threads.Go(s.run)
	}
	return p, nil
}

// Host gives the one address that every port is bound to; invalid = they have every
// address of the machine.
func (p *Pool) Host() netip.Addr {
	if p.conf.Bind.IsUnspecified() {
		return netip.Addr{}
	}
	return p.conf.Bind.Unmap()
}

// Close closes every port, ends every recording and waits for all goroutines.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	var open []*Port
	for port := range p.ports {
		open = append(open, port)
	}
	rooms := slices.Collect(maps.Keys(p.rooms))
	p.mu.Unlock()
	for _, port := range open {
		port.Close()
	}
	for _, r := range rooms {
		r.Close()
	}
	for _, s := range p.shards {
		s.stop()
	}
	p.threads.Wait()
	p.writers.Wait()
}

// Open makes a port on the shard with the fewest. ErrLimit and ErrNoPorts say
// that the call should be refused for now.
func (p *Pool) Open() (*Port, error) { return p.OpenAt(netip.Addr{}) }

// OpenAt is Open for a peer that is told local, an IPv4 address, and no other: it can
// come by IPv4 alone, for which the kernel does less than for both. What is no address
// of IPv4 is Open.
func (p *Pool) OpenAt(local netip.Addr) (*Port, error) {
	best := p.shards[0]
	for _, s := range p.shards {
		if s.open.Load() < best.open.Load() {
			best = s
		}
	}
	return p.openOn(best, local.Unmap())
}

// OpenWith makes a port on the shard of peer, the best place for a leg that is
// to be bridged with it.
func (p *Pool) OpenWith(peer *Port) (*Port, error) {
	if peer == nil || peer.pool != p {
		return p.Open()
	}
	return p.openOn(peer.shard, netip.Addr{})
}

func (p *Pool) openOn(s *shard, local netip.Addr) (*Port, error) {
	if int(s.open.Add(1)) > p.conf.PortsPerShard {
		s.open.Add(-1)
		return nil, fmt.Errorf("open media port: %w", ErrLimit)
	}
	bind := p.conf.Bind
	if bind.IsUnspecified() && local.Is4() {
		bind = netip.IPv4Unspecified()
	}
	rtp, rtcp, number, err := p.bind(bind)
	if err != nil {
		s.open.Add(-1)
		return nil, fmt.Errorf("open media port: %w", err)
	}
	port := newPort(p, s, rtp, rtcp, number)
	added := s.post(func() { s.add(port) })
	p.mu.Lock()
	p.ports[port] = struct{}{}
	closed := p.closed
	p.mu.Unlock()
	if closed || !added {
		port.Close()
		return nil, fmt.Errorf("open media port: %w", ErrClosed)
	}
	return port, nil
}

// bind opens an even port and the odd one after it, from a random place of the
// range on, so that the next port cannot be foretold.
func (p *Pool) bind(at netip.Addr) (rtp, rtcp socket, number int, err error) {
	first := p.conf.PortLow + p.conf.PortLow&1
	pairs := (p.conf.PortHigh - first + 1) / 2
	if pairs < 1 {
		return rtp, rtcp, 0, ErrNoPorts
	}
	start := rand.IntN(pairs)
	for i := range pairs {
		number = first + 2*((start+i)%pairs)
		if !p.reserve(number) {
			continue
		}
		if rtp, err = openSocket(at, number); err == nil {
			if rtcp, err = openSocket(at, number+1); err == nil {
				return rtp, rtcp, number, nil
			}
			rtp.close()
		}
		p.release(number, nil)
		if !errors.Is(err, unix.EADDRINUSE) {
			return rtp, rtcp, 0, err
		}
	}
	return rtp, rtcp, 0, ErrNoPorts
}

func (p *Pool) reserve(number int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.used[number] {
		return false
	}
	p.used[number] = true
	return true
}

func (p *Pool) release(number int, port *Port) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, number)
	if _, open := p.ports[port]; open {
		delete(p.ports, port)
		p.past.add(port.final)
	}
}

// Room gives how many more ports the shards can carry in time; negative when that
// can't be told, because there are few or they cost little as yet.
func (p *Pool) Room() int {
	room := -1
	for _, s := range p.shards {
		l := s.load()
		free := p.conf.PortsPerShard - l.Ports
		if l.Ports < tellingPorts || l.Busy < tellingBusy {
			if free > p.conf.PortsPerShard/tellingFree {
				continue
			}
		} else {
			free = min(free, int(float64(l.Ports)*(fullBusy-l.Busy)/l.Busy))
		}
		if free = max(free, 0) * len(p.shards); room < 0 || free < room {
			room = free // the next port is opened on the shard with the fewest
		}
	}
	return room
}

// What tells how many ports a shard can carry.
const (
	fullBusy     = 0.85 // of a processor; what is left is for the kernel and for peaks
	tellingBusy  = 0.5
	tellingPorts = 64
	tellingFree  = 10 // of the ports that may be open: less tells in any case
)

// Stats is the load of each shard, and how many ports are open in all.
func (p *Pool) Stats() PoolStats {
	var st PoolStats
	for _, s := range p.shards {
		l := s.load()
		st.Ports += l.Ports
		st.Shards = append(st.Shards, l)
	}
	return st
}
