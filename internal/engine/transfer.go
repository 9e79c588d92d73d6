package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// referGrace is how long a REFER may still be under way when the caller has left:
// whoever is told of a success hangs up at once.
const referGrace = 2 * time.Second

// errReferTime ends the wait for the result of a REFER.
var errReferTime = errors.New("the result was not told in time")

// Transfer implements voice.Transferrer. An extension's telephone is asked where it
// lists REFER in its Allow header, a trunk where its setting says so, and nobody
// else. A telephone calls the target at us, with its own rights; a carrier calls the
// number itself, within the account's limits.
func (c *Call) Transfer(ctx context.Context, s voice.TransferSpec) (voice.TransferResult, error) {
	if c.ended || c.a.gone() {
		return voice.TransferResult{}, c.hungUp()
	}
	to, release, err := c.referTo(ctx, s.Target)
	if err != nil {
		if ctx.Err() != nil {
			return voice.TransferResult{}, voice.E("engine.Transfer", voice.Unavailable, context.Cause(ctx))
		}
		return voice.TransferResult{End: voice.TransferRefused, Cause: causeOf(err), Words: voice.Reason(err)}, nil
	}
	defer release()
	if err := c.established(ctx); err != nil {
		return voice.TransferResult{}, err
	}
	c.noteTransfer(voice.EventTransferStarted, s.Target, "the caller's side is asked to call "+s.Target.String()+" ("+to+")", "", "")
	ref, err := c.refer(ctx, to, cmp.Or(s.MaxTime, voice.DefaultReferTime))
	if voice.IsKind(err, voice.HungUp) {
		c.noteTransfer(voice.EventTransferEnded, s.Target, voice.Reason(err), voice.TransferLeft, voice.CauseNormal)
		return voice.TransferResult{}, c.hungUp()
	}
	if err != nil && ctx.Err() != nil {
		c.noteTransfer(voice.EventTransferEnded, s.Target, "it is no longer waited for: "+voice.Reason(err), voice.TransferFailed, voice.CauseCancelled)
		return voice.TransferResult{}, err
	}
	res := referred(s.Target, ref, err)
	c.noteTransfer(voice.EventTransferEnded, s.Target, res.Words, res.End, res.Cause)
	if res.End == voice.TransferDone {
		c.endAs(voice.EndTransferred, voice.CauseNormal, res.Words)
	}
	return res, nil
}

// referTo gives the SIP address that the caller's side is asked to call, and what
// gives back an outbound reservation. The error says why nobody is asked.
func (c *Call) referTo(ctx context.Context, t voice.Target) (to string, release func(), err error) {
	const op = "engine.Transfer"
	d, tenant := c.a.sip, c.Info().Tenant
	if d == nil {
		return "", nil, voice.Errorf(op, voice.Permission, "the caller is in a browser, which takes no REFER")
	}
	switch p := d.Peer(); {
	case p.Kind == sipua.PeerExtension && p.Extension.Tenant == tenant:
		switch {
		case !d.TakesRefer():
			return "", nil, voice.Errorf(op, voice.Permission, "the caller's telephone takes no REFER")
		case t.Kind != voice.ToExtension && t.Kind != voice.ToNumber:
			return "", nil, voice.Errorf(op, voice.Invalid, "%s is not called through this server", t)
		}
		return d.Home(t.ID), func() {}, nil
	case p.Kind == sipua.PeerTrunk && p.Trunk.Tenant == tenant:
		return c.referTrunk(ctx, p.Trunk.ID, t)
	}
	return "", nil, voice.Errorf(op, voice.Permission, "the caller is neither at an extension nor came by a trunk of the account")
}

// referTrunk does so for a caller who came by a trunk: the carrier calls numbers
// that we could call through it.
func (c *Call) referTrunk(ctx context.Context, id voice.TrunkID, t voice.Target) (to string, release func(), err error) {
	const op = "engine.Transfer"
	tenant := c.Info().Tenant
	all, err := c.e.cfg.Trunks.Trunks(ctx, tenant)
	if err != nil {
		return "", nil, err
	}
	i := slices.IndexFunc(all, func(k voice.Trunk) bool { return k.ID == id })
	switch {
	case i < 0:
		return "", nil, voice.Errorf(op, voice.NotExist, "the trunk that the caller came by is gone")
	case !all[i].Refer:
		return "", nil, voice.Errorf(op, voice.Permission, "trunk %s is not set to take REFER", all[i].Name)
	case t.Kind != voice.ToNumber:
		return "", nil, voice.Errorf(op, voice.Invalid, "trunk %s can't call %s", all[i].Name, t)
	}
	k := all[i]
	n, err := voice.ParseE164(t.ID)
	if err == nil {
		err = k.MayDial(n)
	}
	if err != nil {
		return "", nil, err
	}
	if release, err = c.outbound(ctx); err != nil {
		return "", nil, err
	}
	return trunkURI(n, k), release, nil
}

// trunkURI is a number at a trunk's host.
func trunkURI(n voice.E164, k voice.Trunk) string {
	host := k.Host
	if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	uri := "sip:" + string(n) + "@" + host
	if k.Transport != "" && k.Transport != "udp" {
		uri += ";transport=" + k.Transport
	}
	return uri
}

// established answers the caller and waits until the caller knows: a REFER belongs
// to a confirmed dialog (RFC 3515 §2.4.1).
func (c *Call) established(ctx context.Context) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	select {
	case <-c.a.sip.Up():
		return nil
	case <-c.a.Done():
		return c.hungUp()
	case <-ctx.Done():
		return voice.E("engine.Transfer", voice.Unavailable, context.Cause(ctx))
	}
}

// refer sends the REFER and waits for its result, at most for longest.
func (c *Call) refer(ctx context.Context, to string, longest time.Duration) (sipua.Referral, error) {
	type answer struct {
		sipua.Referral
		err error
	}
	ctx, stop := context.WithTimeoutCause(ctx, longest, errReferTime)
	defer stop()
	told := make(chan answer, 1)
	go func() {
		ref, err := c.a.sip.Refer(ctx, to)
		told <- answer{ref, err}
	}()
	gone, keys, info := c.a.Done(), c.a.port.Digits(), c.a.infoKeys()
	for {
		select {
		case a := <-told:
			return a.Referral, a.err
		case <-gone: // the stack has the last word: a result may have come just before
			gone = nil
			defer time.AfterFunc(referGrace, stop).Stop()
		case k, ok := <-keys:
			if !ok {
				keys = nil
				continue
			}
			c.unwanted(c.heard(c.a, k.Key, voice.DigitMethod(k.Method), k.At), "the caller is being transferred")
		case k := <-info:
			c.unwanted(c.heard(c.a, k.Key, voice.BySIPInfo, time.Now()), "the caller is being transferred")
		}
	}
}

// referred says what came of a REFER whose caller is still there, or has been
// taken over by the target.
func referred(t voice.Target, ref sipua.Referral, err error) voice.TransferResult {
	res := voice.TransferResult{End: voice.TransferFailed, Cause: voice.CauseFailed, Asked: true}
	switch {
	case errors.Is(err, errReferTime):
		res.End, res.Cause, res.Words = voice.TransferNoAnswer, voice.CauseNoAnswer, errReferTime.Error()
		return res
	case err != nil:
		res.End, res.Cause, res.Words = voice.TransferRefused, voice.CauseUnavailable, voice.Reason(err)
		return res
	case ref.Refused:
		f := sipua.Failure{Status: ref.Status, Reason: ref.Reason}
		res.End, res.Cause, res.Words = voice.TransferRefused, voice.CauseRejected, "the caller's side says "+f.Error()
		return res
	case ref.Status == 0:
		res.Words = ref.Reason
		return res
	}
	f := sipua.Failure{Status: ref.Status, Reason: ref.Reason}
	res.Cause, res.Words = sipua.CauseOf(ref.Status), f.Error()+" from "+t.String()
	switch res.Cause {
	case voice.CauseNormal:
		res.End, res.Words = voice.TransferDone, "transferred to "+t.String()
	case voice.CauseBusy:
		res.End = voice.TransferBusy
	case voice.CauseNoAnswer:
		res.End = voice.TransferNoAnswer
	}
	return res
}

func (c *Call) noteTransfer(kind voice.EventKind, t voice.Target, words string, end voice.TransferEnd, cause voice.Cause) {
	data := map[string]string{"to": t.String(), "how": "refer"}
	text := words
	if kind == voice.EventTransferEnded {
		data["end"], data["cause"] = string(end), string(cause)
		text = "the transfer to " + t.String() + " ended: " + words
	}
	c.Note(voice.Event{Kind: kind, Leg: c.a.id, Text: text, Data: data})
}
