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
	{"full", gauge, nil, "1 while new calls are refused because the server is full or its media threads are late."},
	{"draining", gauge, nil, "1 while calls run out before the server ends."},

	{"rtp_packets_total", counter, []string{"direction"}, "RTP packets sent and received."},
	{"rtp_bytes_total", counter, []string{"direction"}, "Bytes of payload in them."},
	{"rtp_lost_total", counter, []string{"direction"}, "RTP packets that never came: received, as we count; sent, as the peers report. It may fall when late packets come."},
	{"rtp_dropped_total", counter, []string{"reason"}, "Packets at media ports that were not taken: foreign (from elsewhere), forged (SRTP), invalid (no RTP), unknown (payload type)."},
	{"rtp_late_total", counter, nil, "RTP packets that others had overtaken."},
	{"rtp_send_failed_total", counter, nil, "RTP packets that the kernel refused."},
	{"rtp_send_skipped_total", counter, nil, "Packets that were left out because a media thread came too late."},
	{"rtp_unreachable_total", counter, nil, "ICMP messages that a peer's port or host can't be reached."},
	{"rtp_moves_total", counter, nil, "Times that a peer's media address was learned."},
	{"rtcp_reports_total", counter, []string{"direction"}, "RTCP reports sent and received."},
	{"media_ports", gauge, nil, "Media ports that are open."},
	{"media_ports_silent", gauge, []string{"direction"}, "Legs that are silent at present: in, nothing comes from them; out, they hear nothing of us."},

	{"wheel_ports", gauge, []string{"shard"}, "Media ports of a media thread."},
	{"wheel_busy_ratio", gauge, []string{"shard"}, "Share of a processor that a media thread used in its last second, 0 to 1; above 0.7 new calls are refused."},
	{"wheel_late_p99_seconds", gauge, []string{"shard"}, "How late a media thread began its turns in its last second, 99th percentile; above 0.003 with 64 ports new calls are refused."},
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
