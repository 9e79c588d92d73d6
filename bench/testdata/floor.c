// The least that a program can do for N calls: at each call's turn of a wheel of
// 20 slots of 1 ms, take what came on its socket, write one packet of 20 ms.
// No SIP, no keys, no choice of sound. Usage: floor N FIRST-PORT PEER-PORT CONNECT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 20, SLOT_NS = 1000000, BATCH = 8, ROOM = 512, HEADER = 12, PACKET = HEADER + 160 };

struct call {
	int fd;
	uint16_t seq;
	uint32_t ts, ssrc;
};

static volatile sig_atomic_t over;
static void end(int s) { (void)s; over = 1; }

static struct sockaddr_in loopback(int port) {
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

int main(int argc, char **argv) {
	if (argc != 5) return 2;
	int n = atoi(argv[1]), first = atoi(argv[2]), connected = atoi(argv[4]);
	struct sockaddr_in peer = loopback(atoi(argv[3]));
	struct rlimit files = {n + 64, n + 64};
	setrlimit(RLIMIT_NOFILE, &files);
	struct call *calls = calloc(n, sizeof *calls);
	for (int i = 0; i < n; i++) {
		struct sockaddr_in own = loopback(first + 2 * i);
		calls[i] = (struct call){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), .ssrc = i};
		if (calls[i].fd < 0 || bind(calls[i].fd, (void *)&own, sizeof own) != 0 ||
		    (connected && connect(calls[i].fd, (void *)&peer, sizeof peer) != 0)) {
			perror("socket");
			return 1;
		}
	}
	static uint8_t in[BATCH][ROOM], out[PACKET];
	static struct sockaddr_in from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
	memset(msgs, 0, sizeof msgs);
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){in[i], ROOM};
		msgs[i].msg_hdr.msg_iov = &iov[i], msgs[i].msg_hdr.msg_iovlen = 1;
		msgs[i].msg_hdr.msg_name = &from[i];
	}
	for (int i = HEADER; i < PACKET; i++) out[i] = (i / 10) & 1 ? 0x90 : 0x10; // 400 Hz, a square

	signal(SIGTERM, end);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	puts("ready");
	fflush(stdout);
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	for (uint64_t tick = 0; !over; tick++) {
		at.tv_nsec += SLOT_NS;
		if (at.tv_nsec >= 1000000000) at.tv_nsec -= 1000000000, at.tv_sec++;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		for (int i = tick % SLOTS; i < n; i += SLOTS) {
			struct call *c = &calls[i];
			for (int j = 0; j < BATCH; j++) msgs[j].msg_hdr.msg_namelen = sizeof from[j];
			recvmmsg(c->fd, msgs, BATCH, 0, NULL);
			uint16_t seq = htons(c->seq++);
			uint32_t ts = htonl(c->ts), ssrc = htonl(c->ssrc);
			c->ts += 160;
			out[0] = 0x80, out[1] = 0;
			memcpy(out + 2, &seq, 2), memcpy(out + 4, &ts, 4), memcpy(out + 8, &ssrc, 4);
			if (connected) send(c->fd, out, PACKET, 0);
			else sendto(c->fd, out, PACKET, 0, (void *)&peer, sizeof peer);
		}
	}
	return 0;
}
