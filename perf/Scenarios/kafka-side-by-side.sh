#!/usr/bin/env bash
# Kafka's own perf tools against LogQueue and against Apache Kafka, in turn, on this machine.
#   kafka-side-by-side.sh LOGQUEUE_DIR KAFKA_HOME [PAIRS]     LOGQUEUE_DIR = output of `dotnet publish server/LogQueue.Cli`
# Prints a table: producer-perf-test (100 B x 5 M, 1 KiB x 1 M, acks=1) and consumer-perf-test, median of the pairs, broker CPU a record
# and memory (a consumer's rate is that of its fetches, without the group's start), and the time from start to the first answer. RECORDS_100 and RECORDS_1K shorten it. Raw lines go to $OUT (default: a new temporary directory).
set -euo pipefail
here=$1; kafka=$2; pairs=${3:-3}
n100=${RECORDS_100:-5000000}; n1k=${RECORDS_1K:-1000000}
out=${OUT:-$(mktemp -d)}; mkdir -p "$out"; work=$(mktemp -d)
declare -A port=([logqueue]=19292 [kafka]=19392) pid=()
ticks=$(getconf CLK_TCK)

cleanup() { for p in "${pid[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

cpu_ms() { awk -v t="$ticks" '{ print ($14 + $15) * 1000 / t }' "/proc/$1/stat"; }
rss_mb() { awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"; }
now_ms() { date +%s%3N; }

start() { # name
  local t0; t0=$(now_ms)
  if [ "$1" = logqueue ]; then
    "$here/logqueue" serve --port "${port[$1]}" --data "$work/logqueue" > "$out/$1.log" 2>&1 &
  else
    HEAP=1g "$kafka/kafka-server" "${port[$1]}" "$work/kafka" log.retention.check.interval.ms=3600000 > "$out/$1.log" 2>&1 &
  fi
  pid[$1]=$!
  until "$here/logqueue" topic list -b "127.0.0.1:${port[$1]}" > /dev/null 2>&1; do sleep 0.02; done
  echo "$1 start_to_first_answer_ms $(($(now_ms) - t0))" | tee -a "$out/raw.txt"
  echo "$1 rss_idle_mb $(rss_mb "${pid[$1]}")" | tee -a "$out/raw.txt"
}

run() { # broker, label, records, bytes
  local topic="perf-$2-$5" b="127.0.0.1:${port[$1]}" c0 c1 rate
  "$here/logqueue" topic create "$topic" -b "$b" > /dev/null
  c0=$(cpu_ms "${pid[$1]}")
  rate=$("$kafka/kafka-tool" producer-perf-test --topic "$topic" --num-records "$3" --record-size "$4" --throughput -1 \
    --bootstrap-server "$b" --command-property acks=1 2>&1 | tee -a "$out/$1.log" \
    | awk '/records\/sec/ { match($0, /[0-9.]+ records\/sec/); r = substr($0, RSTART, RLENGTH) } END { sub(/ .*/, "", r); print r }')
  c1=$(cpu_ms "${pid[$1]}")
  echo "$1 produce_$2_per_s $rate" | tee -a "$out/raw.txt"
  echo "$1 produce_$2_cpu_us $(awk -v a="$c0" -v b="$c1" -v n="$3" 'BEGIN { printf "%.3f", (b - a) * 1000 / n }')" | tee -a "$out/raw.txt"
  c0=$(cpu_ms "${pid[$1]}")
  rate=$("$kafka/kafka-tool" consumer-perf-test --bootstrap-server "$b" --topic "$topic" --num-records "$3" --timeout 60000 2>&1 \
    | tee -a "$out/$1.log" | awk -F', *' '/^[0-9][0-9][0-9][0-9]-/ { print $10 }' | tail -1)
  c1=$(cpu_ms "${pid[$1]}")
  echo "$1 consume_$2_per_s $rate" | tee -a "$out/raw.txt"
  echo "$1 consume_$2_cpu_us $(awk -v a="$c0" -v b="$c1" -v n="$3" 'BEGIN { printf "%.3f", (b - a) * 1000 / n }')" | tee -a "$out/raw.txt"
  "$here/logqueue" topic delete "$topic" -b "$b" > /dev/null
}

start logqueue
start kafka
run logqueue 100B "$((n100 / 10))" 100 warm > /dev/null; run kafka 100B "$((n100 / 10))" 100 warm > /dev/null
sed -i '/_per_s\|_cpu_us/d' "$out/raw.txt"
for ((i = 1; i <= pairs; i++)); do
  for broker in logqueue kafka; do
    run "$broker" 100B "$n100" 100 "$i"
    run "$broker" 1KiB "$n1k" 1024 "$i"
  done
done
for broker in logqueue kafka; do echo "$broker rss_after_mb $(rss_mb "${pid[$broker]}")" | tee -a "$out/raw.txt"; done

echo
echo "machine: $(nproc) cores, $(uname -sr), $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo); median [min..max] of $pairs; acks=1"
awk '
  { v[$2, $1, ++n[$2, $1]] = $3; seen[$2] = seen[$2] ? seen[$2] : ++order; name[seen[$2]] = $2 }
  function median(m, b,   i, j, t, a, c) {
    c = n[m, b]; for (i = 1; i <= c; i++) a[i] = v[m, b, i]
    for (i = 1; i <= c; i++) for (j = i + 1; j <= c; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
    lo = a[1]; hi = a[c]; return a[int((c + 1) / 2)]
  }
  END {
    printf "%-26s %28s %28s %10s\n", "MEASURE", "LOGQUEUE", "KAFKA", "RATIO"
    for (i = 1; i <= order; i++) {
      m = name[i]; x = median(m, "logqueue"); xs = sprintf("%s [%s..%s]", x, lo, hi); y = median(m, "kafka"); ys = sprintf("%s [%s..%s]", y, lo, hi)
      printf "%-26s %28s %28s %10.2f\n", m, xs, ys, (y ? x / y : 0)
    }
  }' "$out/raw.txt" | tee "$out/table.txt"
echo "raw: $out"
