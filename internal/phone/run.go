package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RunOptions says what one call of the terminal telephone does.
type RunOptions struct {
	URI    string // whom to call, "sip:NAME@HOST[:PORT]"
	Keys   string // key script, see ParseKeys; starts at the answer
	Method KeyMethod
	Record string  // file for what is heard, WAV at 8 kHz; empty for none
	Play   string  // WAV file to play after the answer; empty for none
	Sound  []int16 // or samples at 8 kHz to play
	For    time.Duration
	JSON   bool      // events as JSON lines in place of text
	Out    io.Writer // where events go

	From      string // SIP address to show
	Username  string // for digest authentication
	Password  string
	Transport string // "udp" (default) or "tcp"
	Proxy     string // HOST:PORT to send to, default where URI points
	Bind      string // local address and port, default: the one that leads to the far end
	Codecs    []Codec
}

const hangupTime = 5 * time.Second

// Run places one call, prints what happens, sends the keys and the sound, and
// records. The call ends when the far end hangs up, after For (counted from
// the start; 0 means no limit) or with ctx. The error is nil when the call
// was answered, all keys were sent and the recording is written.
func Run(ctx context.Context, o RunOptions) error {
	steps, err := ParseKeys(o.Keys)
	if err != nil {
		return err
	}
	if o.Play != "" {
		if o.Sound, err = readFile(o.Play); err != nil {
			return err
		}
	}
	if o.Bind == "" {
		if o.Bind, err = LocalFor(o.URI, o.Proxy); err != nil {
			return err
		}
	}
	out := &printer{w: o.Out, json: o.JSON}
	p, err := New(Options{Bind: o.Bind, Transport: o.Transport, Proxy: o.Proxy, Username: o.Username, Password: o.Password, Codecs: o.Codecs, OnEvent: out.event,
		NoRefer: true, RefuseRefer: 603}) // who calls from a terminal has one call
	if err != nil {
		return err
	}
	defer p.Close()
	limit := ctx
	if o.For > 0 {
		var stop context.CancelFunc
		limit, stop = context.WithTimeoutCause(ctx, o.For, fmt.Errorf("not answered within %s", o.For))
		defer stop()
	}
	call, err := p.Dial(limit, o.URI, CallOptions{From: o.From})
	if err == nil {
		err = converse(limit, call, steps, o)
	}
	if call == nil {
		return err
	}
	out.summary(call)
	if o.Record != "" {
		err = errors.Join(err, writeFile(o.Record, call.Heard()))
	}
	return err
}

// converse runs an answered call to its end.
func converse(ctx context.Context, call *Call, steps []KeyStep, o RunOptions) error {
	failed := make(chan error, 2)
	var work sync.WaitGroup
	work.Go(func() { failed <- pressSteps(ctx, call, steps, o.Method) })
	work.Go(func() {
		err := call.Play(ctx, o.Sound)
		select {
		case <-call.Done(): // a sound cut by the far end is no fault of the call
			err = nil
		default:
		}
		failed <- err
	})
	select {
	case <-call.Done():
	case <-ctx.Done():
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), hangupTime)
		call.Hangup(end) // what went wrong is in the ending
		stop()
	}
	work.Wait()
	var err error
	for range 2 {
		if e := <-failed; e != nil && ctx.Err() == nil {
			err = errors.Join(err, e)
		}
	}
	if e, _ := call.Ending(); e.Status >= 300 {
		err = errors.Join(err, errors.New(e.Text))
	}
	return err
}

func pressSteps(ctx context.Context, call *Call, steps []KeyStep, method KeyMethod) error {
	for i, s := range steps {
		if s.Press != "" {
			if err := call.Press(ctx, s.Press, PressOptions{Method: method}); err != nil {
				return err
			}
			continue
		}
		timer := time.NewTimer(s.Wait)
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
		case <-call.Done():
			if i < len(steps)-1 {
				timer.Stop()
				return fmt.Errorf("keys: %w", call.ended())
			}
		}
		timer.Stop()
		return nil
	}
	return nil
}

// LocalFor finds the local address from which the far end is reached.
func LocalFor(uri, proxy string) (string, error) {
	if proxy == "" {
		var u sip.Uri
		if err := sip.ParseUri(uri, &u); err != nil || u.Host == "" {
			return "", fmt.Errorf("call: %q is not a SIP address (sip:NAME@HOST)", uri)
		}
		proxy = hostPort(u)
	}
	conn, err := net.Dial("udp", proxy)
	if err != nil {
		return "", fmt.Errorf("call: no way to %s: %w", proxy, err)
	}
	defer conn.Close()
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	return netip.AddrPortFrom(local, 0).String(), nil
}

func readFile(path string) ([]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	samples, err := ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return samples, nil
}

func writeFile(path string, samples []int16) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(WriteWAV(f, samples), f.Close())
}

// printer writes events as they happen, one line each.
type printer struct {
	mu   sync.Mutex
	w    io.Writer
	json bool
}

type eventLine struct {
	T      float64   `json:"t"` // seconds since the call began
	Event  EventKind `json:"event"`
	Method string    `json:"method,omitempty"`
	Status int       `json:"status,omitempty"`
	Text   string    `json:"text,omitempty"`
}

func (p *printer) event(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.json {
		fmt.Fprintf(p.w, "%9.3f  %s\n", e.At.Seconds(), e)
		return
	}
	p.line(eventLine{T: millis(e.At), Event: e.Kind, Method: e.Method, Status: e.Status, Text: e.Text})
}

func (p *printer) line(v any) {
	b, err := json.Marshal(v)
	if err == nil {
		fmt.Fprintf(p.w, "%s\n", b)
	}
}

type summaryLine struct {
	Event     string  `json:"event"`
	Answered  bool    `json:"answered"`
	Ending    string  `json:"ending"`
	Heard     float64 `json:"heard_seconds"`
	Packets   int     `json:"packets"`
	Lost      int     `json:"lost"`
	Reordered int     `json:"reordered"`
	MaxGap    float64 `json:"max_gap_ms"`
	Jitter    float64 `json:"jitter_ms"`
	Keys      string  `json:"keys_heard,omitempty"`
}

func (p *printer) summary(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := c.Stats()
	s := summaryLine{Event: "summary", Ending: c.EndReason(), Heard: float64(len(c.Heard())) / Rate,
		Packets: st.Packets, Lost: st.Lost, Reordered: st.Reordered,
		MaxGap: 1000 * millis(st.MaxGap), Jitter: 1000 * millis(st.Jitter), Keys: c.KeysHeard()}
	select {
	case <-c.Answered():
		s.Answered = true
	default:
	}
	if p.json {
		p.line(s)
		return
	}
	fmt.Fprintf(p.w, "heard %.1f s in %d packets: %d lost, %d out of order, longest gap %.0f ms, jitter %.1f ms\n",
		s.Heard, s.Packets, s.Lost, s.Reordered, s.MaxGap, s.Jitter)
}

// millis is a time in seconds, to the millisecond's tenth part.
func millis(d time.Duration) float64 { return math.Round(d.Seconds()*1e4) / 1e4 }
