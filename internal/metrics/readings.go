package metrics

import "github.com/prometheus/client_golang/prometheus"

const prefix = "tandem_"

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// readings are the metrics whose values are read when somebody asks.
var readings = []struct {
	name   string
	kind   prometheus.ValueType
	labels []string
	help   string
}{
	{"calls_up", gauge, []string{"state"}, "Calls that are up, by what they do: waiting, ringing, answered, dialling, queued or talking."},
	{"calls_limit", gauge, nil, "Calls that may be up at once (limits.calls)."},
	{"full", gauge, nil, "1 while calls are let in by a limit, because the server is full or something presses; which, the next ones say."},
	{"admitted_total", counter, []string{"class"}, "Requests that begin something and were let in: calls, registrations, others."},
	{"turned_away_total", counter, []string{"class", "reason"}, "The same that were answered 503 before they were read: busy, share (busy, and the source had its share), no_room (media threads), full (limits.calls). They are not in tandem_sip_requests_total."},
	{"admission_rate", gauge, nil, "Calls a second that are let in at most; 0 = as many as come."},
	{"admission_asked", gauge, nil, "Calls a second that ask to be let in, over the last second or so."},
	{"admission_pressure", gauge, nil, "What presses most: lateness of media, waiting set-ups or events that are not stored; at 1 the rate is lowered."},
	{"admission_wait_seconds", gauge, nil, "How long a call waits from its arrival until somebody sees to it."},
	{"draining", gauge, nil, "1 while calls run out before the server ends."},

	{"rtp_packets_total", counter, []string{"direction"}, "RTP packets sent and received."},
	{"rtp_bytes_total", counter, []string{"direction"}, "Bytes of payload in them."},
	{"rtp_lost_total", counter, []string{"direction"}, "RTP packets that never came: received, as we count; sent, as the peers report. It may fall when late packets come."},
	{"rtp_dropped_total", counter, []string{"reason"}, "Packets at media ports that were not taken: foreign (from elsewhere), forged (SRTP), invalid (no RTP), unknown (payload type), excess (more sound than there was time for)."},
	{"rtp_late_total", counter, nil, "RTP packets that others had overtaken."},
	{"rtp_send_failed_total", counter, nil, "RTP packets that the kernel refused."},
	{"rtp_send_skipped_total", counter, nil, "Packets that were left out because a media thread came too late."},
	{"rtp_unreachable_total", counter, nil, "ICMP messages that a peer's port or host can't be reached."},
	{"rtp_moves_total", counter, nil, "Times that a peer's media address was learned."},
	{"rtcp_reports_total", counter, []string{"direction"}, "RTCP reports sent and received."},
	{"media_ports", gauge, nil, "Media ports that are open."},
	{"media_ports_silent", gauge, []string{"direction"}, "Legs that are silent at present: in, nothing comes from them; out, they hear nothing of us."},

	{"wheel_ports", gauge, []string{"shard"}, "Media ports of a media thread."},
	{"wheel_busy_ratio", gauge, []string{"shard"}, "Share of a processor that a media thread used in the last second or so, 0 to 1; what it can carry ends at 0.85."},
	{"wheel_late_p99_seconds", gauge, []string{"shard"}, "How late a media thread began its turns in its last second, 99th percentile."},
	{"wheel_late_max_seconds", gauge, []string{"shard"}, "The latest turn since the start."},
	{"wheel_skipped_total", counter, []string{"shard"}, "Turns that a media thread left out because it came too late."},

	{"sip_requests_total", counter, []string{"direction", "method"}, "SIP requests on the wire, retransmissions too. Methods that are not known count as other."},
	{"sip_responses_total", counter, []string{"direction", "method", "class"}, "SIP responses on the wire, retransmissions too, by the method that they answer and 1xx to 6xx."},
	{"sip_retransmissions_total", counter, []string{"direction"}, "Messages that were sent again over UDP, and requests that came again."},
	{"sip_dropped_total", counter, []string{"reason"}, "What SIP refused before it was looked at: limited (a source's rate), malformed, overflow (transactions), connections, panic."},
	{"sip_transactions", gauge, []string{"role"}, "Transactions that are alive: server (they asked us) and client."},
	{"sip_dialogs", gauge, nil, "Dialogs that exist."},
	{"sip_connections", gauge, nil, "TCP connections for SIP."},
	{"phones_registered", gauge, nil, "Contacts of telephones that are registered here."},
	{"trunks", gauge, []string{"state"}, "Trunks by state: registered, failed (it should be and is not), static (without registration)."},

	{"webhooks_waiting", gauge, nil, "Messages in the outbox of webhooks that wait to be sent."},
	{"prompts_memory_bytes", gauge, nil, "Sound of prompts that is kept in memory."},
	{"prompts_used_total", counter, []string{"result"}, "Prompts by whether their sound was in memory: hit or miss."},
	{"store_seconds", gauge, nil, "How long the database took for a small read just now; -1 = it did not answer."},
	{"journal_waiting", gauge, nil, "Events of calls that are not stored yet."},
	{"journal_dropped_total", counter, nil, "Events of calls that were dropped because too many waited."},
	{"disk_free_bytes", gauge, nil, "Free space where the data folder is."},
	{"traces_dropped_total", counter, nil, "Events of calls that are in no trace because too many waited."},
}
