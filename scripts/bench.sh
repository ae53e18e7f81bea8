#!/bin/sh
# Measures our rings and, in the same run, the systems of the peer kit, and prints
# one table with ratios.
#
#   scripts/bench.sh
#
#   KIT=dir      the kit; without it only our figures are measured
#   OUT=dir      raw lines (raw.tsv) and programs go there, default .cache/bench
#   REPEAT=5 MS=150 PEERS="limit-c limit-go ..." SIZES="64 1024 ..."   as for the kit
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
out=${OUT:-.cache/bench}
kit=${KIT:-../shared/bench/peers}
repeat=${REPEAT:-5}
ms=${MS:-150}
sizes=${SIZES:-64 1024 65536 1048576 4194304}
mkdir -p "$out/kit"
out=$(cd "$out" && pwd)
$go build -buildvcs=false -o "$out/peer" ./bench/peer
$go build -buildvcs=false -o "$out/report" ./bench/report

# ours ARGS...: one raw line, with the time of a plain round trip before it where
# the kit's program for that is there.
ours() {
	probe=0
	if [ -x "$out/kit/limit-c" ]; then
		probe=$("$out/kit/limit-c" -test pp -size 64 -ms 15 | cut -f7 | awk '{printf "%d", $1 * 1000}')
	fi
	line=$("$out/peer" -ms "$ms" "$@")
	printf '%s\t%s\n' "$line" "$probe" >>"$out/raw.tsv"
}

if [ -x "$kit/run.sh" ]; then
	OURS="$out/peer" BUILD="$out/kit" REPEAT=$repeat MS=$ms SIZES=$sizes "$kit/run.sh" "$out/raw.tsv" >"$out/kit.tsv"
else
	echo "no peer kit at $kit: only our own figures (KIT=dir says where it is)" >&2
	: >"$out/raw.tsv"
	for i in $(seq "$repeat"); do
		echo "round $i of $repeat" >&2
		for mode in busy block; do
			for size in $sizes; do
				ours -test pp -mode $mode -size "$size"
				ours -test tp -mode $mode -size "$size"
			done
			ours -test tp -mode $mode -size 1024 -c 4
		done
	done
fi
echo "our variants" >&2
large=
"$out/peer" -page 2097152 -ms 10 >/dev/null && large=yes # else it has said why not
for i in $(seq "$repeat"); do
	for size in 64 1024; do
		ours -test tp -mode busy -size $size -batch 16
		ours -test tp -mode block -size $size -batch 16
	done
	if [ "$large" ]; then
		for size in 65536 1048576 4194304; do ours -test tp -mode busy -size $size -page 2097152; done
		ours -test pp -mode busy -size 4194304 -page 2097152
	fi
	ours -test tp -mode busy -size 4096
	ours -test tp -mode busy -size 4096 -checksum crc32c
	ours -test tp -mode busy -size 1048576 -checksum crc32c
	ours -test tp -mode busy -size 1048576 -checksum blake3
done
"$out/report" "$out/raw.tsv"
echo "raw lines: $out/raw.tsv" >&2
