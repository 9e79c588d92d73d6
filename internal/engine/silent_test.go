package engine_test

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/offer"
	"tandem/internal/phone"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// dying is a SIP phone whose audio stops after half a second, as when it loses
// its power: no BYE comes from it.
type dying struct {
	t     *testing.T
	rtp   net.PacketConn
	local *offer.Local
	agent *sipua.Agent
}

func newDying(t *testing.T) *dying {
	t.Helper()
	d := &dying{t: t}
	var err error
	if d.rtp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.rtp.Close() })
	d.local = offer.NewLocal(d.rtp.LocalAddr().(*net.UDPAddr).AddrPort())
	d.agent, err = sipua.Start(t.Context(), sipua.Config{Listen: "127.0.0.1:0", Handler: func(inc *sipua.Incoming) {
		sdp, m, err := d.local.Answer(inc.Offer())
		if err == nil {
			err = inc.Answer(sdp)
		}
		if err != nil {
			t.Error(err)
			return
		}
		d.speak(m)
		<-inc.Done()
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.agent.Close() })
	return d
}

// speak sends half a second of RTP and then nothing.
func (d *dying) speak(m offer.Media) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	p := make([]byte, 12+160)
	p[0], p[11] = 0x80, 7
	for i := range 25 {
		binary.BigEndian.PutUint16(p[2:], uint16(i))
		binary.BigEndian.PutUint32(p[4:], uint32(160*i))
		d.rtp.WriteTo(p, net.UDPAddrFromAddrPort(m.Remote))
		<-tick.C
	}
}

func brief(c *engine.Config) { c.MediaTimeout = 800 * time.Millisecond }

func TestSilentCallerIsLetGo(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(context.Context, *engine.Call) error{
		"gather": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: time.Minute})
			return err
		},
		"bridge": func(ctx context.Context, c *engine.Call) error {
			far := farPhone(t, phone.Options{})
			go func() { incoming(t, far).Answer(ctx) }()
			_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
			return err
		},
		"record": func(ctx context.Context, c *engine.Call) error {
			res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
			if err != nil || res.Dropped == (res.Recording.ID != "") || res.End != voice.RecordHungUp {
				t.Errorf("record: %+v %v", res, err)
			}
			return voice.Errorf("test", voice.HungUp, "as expected")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, step, brief)
			d := newDying(t)
			call, err := d.agent.Dial(t.Context(), sipua.Target{URI: "sip:test@" + r.agent.Addr().String()}, d.local.Offer(offer.SendRecv), nil)
			if err != nil {
				t.Fatal(err)
			}
			m, err := d.local.Accept(call.Remote())
			if err != nil {
				t.Fatal(err)
			}
			d.speak(m)
			if err := r.over(); !voice.IsKind(err, voice.HungUp) {
				t.Errorf("the flow ended with %v", err)
			}
			<-call.Done()
			want := "a media after an answer"
			if name == "bridge" {
				want += "; b1 normal after an answer"
			}
			if got := r.causes(); got != want {
				t.Errorf("legs: %s\n%s", got, r.timeline())
			}
			r.noted(voice.EventMedia, "no audio came from the caller")
			if why := r.ended(); why != voice.EndNoAudio {
				t.Errorf("ended for %q", why)
			}
		})
	}
}

// TestSilentFarEndEndsTheBridge lets the caller go on in the flow.
func TestSilentFarEndEndsTheBridge(t *testing.T) {
	t.Parallel()
	d := newDying(t)
	var result voice.DialResult
	r := newRig(t, dialSIP("far@"+d.agent.Addr().String(), voice.DialSpec{}, func(res voice.DialResult, err error) {
		if result = res; err != nil {
			t.Errorf("dial: %v", err)
		}
	}), brief)
	near := r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	<-near.Done()
	if result.End != voice.DialCompleted || result.Cause != voice.CauseMedia {
		t.Errorf("result: %+v", result)
	}
	if got := r.causes(); got != "a normal after an answer; b1 media after an answer" {
		t.Errorf("legs: %s\n%s", got, r.timeline())
	}
}
