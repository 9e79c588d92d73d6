package tunem

import (
	"container/heap"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxOnWay  = 4096  // packets in one direction
	maxPacket = 65535 // of IP
)

// Device is a TUN device: a network interface whose packets a program takes and gives.
type Device struct {
	Name string
	file *os.File
}

// Open makes a TUN device in the network namespace of the calling thread, which needs
// the rights of root. The device is gone when it is closed.
func Open(name string) (*Device, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make device %s: %w", name, err)
	}
	return &Device{Name: name, file: os.NewFile(uintptr(fd), name)}, nil
}

// Counts is what a direction of a line has done.
type Counts struct {
	Sent, Lost, Late, Twice, Dropped int64 // Dropped: there was no room on the way
}

// Line joins two devices.
type Line struct {
	began time.Time
	wg    sync.WaitGroup
	stop  chan struct{}
	once  sync.Once
	ways  [2]*way
}

// Join begins to carry packets between a and b, by there from a to b and by back from
// b to a, until Close, which closes the devices.
func Join(a, b *Device, there, back Profile, seed uint64) *Line {
	l := &Line{began: time.Now(), stop: make(chan struct{})}
	l.ways = [2]*way{newWay(l, a, b, newCourse(there, seed, 1)), newWay(l, b, a, newCourse(back, seed, 2))}
	for _, w := range l.ways {
		l.wg.Go(w.take)
		l.wg.Go(w.give)
	}
	return l
}

// Change puts other profiles in place of the present ones. Packets on their way keep
// their times.
func (l *Line) Change(there, back Profile, seed uint64) {
	now := time.Since(l.began)
	for i, p := range []Profile{there, back} {
		c := newCourse(p, seed, uint64(i+1))
		c.next(now)
		w := l.ways[i]
		w.mu.Lock()
		w.course = c
		w.mu.Unlock()
	}
}

// Counts tells what happened from a to b, and back.
func (l *Line) Counts() (there, back Counts) { return l.ways[0].counts(), l.ways[1].counts() }

// Close ends the line and removes the devices.
func (l *Line) Close() {
	l.once.Do(func() {
		close(l.stop)
		for _, w := range l.ways {
			w.from.file.Close()
		}
	})
	l.wg.Wait()
}

// way is one direction.
type way struct {
	line     *Line
	from, to *Device
	wake     chan struct{}

	mu     sync.Mutex
	course *course
	queue  queue
	seq    int64

	sent, lost, late, twice, dropped atomic.Int64
}

func newWay(l *Line, from, to *Device, c *course) *way {
	return &way{line: l, from: from, to: to, course: c, wake: make(chan struct{}, 1)}
}

func (w *way) counts() Counts {
	return Counts{w.sent.Load(), w.lost.Load(), w.late.Load(), w.twice.Load(), w.dropped.Load()}
}

// take reads packets and draws their fates.
func (w *way) take() {
	buf := make([]byte, maxPacket)
	for {
		n, err := w.from.file.Read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil {
			select { // the device is down
			case <-w.line.stop:
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		w.sent.Add(1)
		w.enter(append([]byte(nil), buf[:n]...))
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (w *way) enter(packet []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.course.packet(time.Since(w.line.began))
	switch {
	case f.n == 0:
		w.lost.Add(1)
		return
	case f.n == 2:
		w.twice.Add(1)
	}
	if f.at[0] > w.course.last {
		w.late.Add(1)
	}
	for _, at := range f.at[:f.n] {
		if len(w.queue) >= maxOnWay {
			w.dropped.Add(1)
			continue
		}
		w.seq++
		heap.Push(&w.queue, arrival{at, w.seq, packet})
	}
}

// give writes packets when their time has come.
func (w *way) give() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		packet, wait := w.due()
		if packet != nil {
			// A device that is down or going loses it, as a cut cable would.
			_, _ = w.to.file.Write(packet)
			continue
		}
		timer.Reset(wait)
		select {
		case <-w.line.stop:
			return
		case <-w.wake:
		case <-timer.C:
		}
	}
}

// due takes the packet whose time has come, or says how long to wait.
func (w *way) due() ([]byte, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil, time.Hour
	}
	if wait := w.queue[0].at - time.Since(w.line.began); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&w.queue).(arrival).packet, 0
}

// arrival is a packet on its way.
type arrival struct {
	at     time.Duration
	seq    int64
	packet []byte
}

// queue is a heap by time of arrival.
type queue []arrival

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(arrival)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
