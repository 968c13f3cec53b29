"""Drives kafka-python for the interop tests: produce | consume | group (see README of the folder)."""
import sys
import threading

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, verb, topic, *rest = sys.argv[1:]


def show(r):
    key = "" if r.key is None else r.key.decode()
    print(f"{r.partition}\t{r.offset}\t{key}\t{r.value.decode()}", flush=True)


if verb == "produce":
    codec = None if rest[0] == "none" else rest[0]
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all", linger_ms=5)
    futures = []
    for line in sys.stdin:
        key, value = line.rstrip("\n").split("\t", 1)
        futures.append(producer.send(topic, key=key.encode(), value=value.encode()))
    producer.flush(timeout=30)
    for f in futures:
        f.get(timeout=30)
    producer.close(timeout=10)
elif verb == "consume":
    count, start = int(rest[0]), rest[1]
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    if start == "beginning":
        consumer.seek_to_beginning(*partitions)
    elif start.startswith("offset="):
        for p in partitions:
            consumer.seek(p, int(start[7:]))
    else:
        found = consumer.offsets_for_times({p: int(start[5:]) for p in partitions})
        ends = consumer.end_offsets(partitions)
        for p in partitions:
            consumer.seek(p, found[p].offset if found[p] else ends[p])
    seen = 0
    while seen < count:
        for records in consumer.poll(timeout_ms=1000).values():
            for r in records[: count - seen]:
                show(r)
                seen += 1
    consumer.close()
elif verb == "group":
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=rest[0], auto_offset_reset="earliest",
        session_timeout_ms=10000, heartbeat_interval_ms=500, enable_auto_commit=False)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    while not stop.is_set():
        for records in consumer.poll(timeout_ms=200).values():
            for r in records:
                show(r)
    consumer.commit()
    consumer.close()
