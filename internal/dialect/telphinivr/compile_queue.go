package telphinivr

import (
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// strategies are the ways of ringing agents, by the names of documents.
func strategies() map[string]voice.Strategy {
	return map[string]voice.Strategy{"": voice.InTurn, "linear": voice.InTurn, "ring-all": voice.AllAtOnce,
		"round-robin": voice.Rotating, "random": voice.Random}
}

// queue compiles an extension of type queue: callers wait with music and hear
// their place, agents ring in turn.
func (b *builder) queue(ctx context.Context) error {
	q := b.doc.Queue
	step := flow.Queue{ID: string(b.app.ID), Name: b.app.Name, Strategy: strategies()[q.Strategy],
		RingTime: time.Duration(q.AgentRingTime) * time.Second, MaxWait: time.Duration(q.MaxWaitTime) * time.Second,
		MaxLength: int(q.MaxLength), Position: q.AnnouncePosition, AnnounceEvery: time.Duration(q.AnnounceFrequency) * time.Second}
	for i, a := range q.Agents {
		d, ok := destination(a, voice.ToPhones)
		if !ok {
			b.diags.Errorf(diagRule, "/queue/agents", "queue.%s: %q is no number", at("agents", i), clip(a))
			continue
		}
		step.Members = append(step.Members, d)
	}
	music, err := b.sound(ctx, "/queue/music_sound", q.MusicSound)
	if err != nil {
		return err
	}
	if music != nil {
		step.Music = []voice.Prompt{*music}
	}
	ways := exits{}
	if q.ExitKey != nil {
		step.ExitKey = voice.Digits(*q.ExitKey)
	}
	b.program.Entry = "answer"
	b.add("answer", "", flow.Answer{}, exits{flow.Next: "queue"})
	at := len(b.program.Nodes)
	b.add("queue", "/queue", step, nil)
	for _, out := range []struct {
		field string
		ways  []flow.Exit
	}{{"exit_transfer_dst", []flow.Exit{flow.QueueKey}}, {"timeout_transfer_dst", []flow.Exit{flow.NoAnswer, flow.QueueFull}},
		{"no_agent_timeout_transfer_dst", []flow.Exit{flow.Failed}}} {
		to := nodeLost
		if dst := *q.Field(out.field).(**string); dst != nil && *dst != "" {
			p := place{rule: &Rule{Action: Transfer}, origin: "/queue/" + out.field, id: flow.NodeID(out.field), failed: nodeLost}
			if to, err = b.transfer(p, out.field, *dst, voice.ToDialled); err != nil {
				return err
			}
		}
		for _, e := range out.ways {
			ways[e] = to
		}
	}
	b.program.Nodes[at].Exits = ways
	b.shared()
	return nil
}
