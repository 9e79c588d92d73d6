#!/bin/sh
# Installs the programs that the tests use and that are missing.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh
. scripts/packages.sh

need flite flite
need sox sox
need sipp sip-tester
need tshark tshark # reads captures of calls
need baresip baresip-core
need_file /usr/sbin/kamailio kamailio
need_file "/usr/lib/$(uname -m)-linux-gnu/kamailio/modules/tls.so" kamailio-tls-modules
need rtpengine rtpengine-daemon
need linphonec linphone-cli
need openssl openssl
need svwar sipvicious # looks for accounts and passwords
need chromium chromium
need curl curl
need nft nftables # counts packets to forbidden addresses
need conntrack conntrack # a router that forgets its mappings
need ip iproute2
need gcc gcc
need_file /usr/include/opus/opus.h libopus-dev # what the tag opus is built with
need ruby ruby
php -m 2>/dev/null | grep -qx curl || needed="$needed php-cli php-curl"
need javac default-jdk-headless
need_file /usr/share/java/okhttp.jar libokhttp-java
need_file /usr/include/stdlib.h libc6-dev
/usr/bin/python3 -c 'import requests' >/dev/null 2>&1 || needed="$needed python3-requests" # with Debian's Python, as the tests run it
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need postgres postgresql
install_needed
