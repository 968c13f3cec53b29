"""Drives confluent-kafka-python (librdkafka) for the interop tests: produce | consume | group (see README of the folder)."""
import sys
import threading

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

bootstrap, verb, topic, *rest = sys.argv[1:]


def show(r):
    key = "" if r.key() is None else r.key().decode()
    print(f"{r.partition()}\t{r.offset()}\t{key}\t{r.value().decode()}", flush=True)


def poll(consumer, timeout):
    r = consumer.poll(timeout)
    if r is not None and r.error():
        raise KafkaException(r.error())
    return r


if verb == "produce":
    failures = []
    producer = Producer({
        "bootstrap.servers": bootstrap, "compression.codec": rest[0], "enable.idempotence": True, "linger.ms": 5})
    for line in sys.stdin:
        key, value = line.rstrip("\n").split("\t", 1)
        producer.produce(topic, value.encode(), key.encode(), on_delivery=lambda e, _: failures.append(e) if e else None)
        producer.poll(0)
    left = producer.flush(30)
    if left or failures:
        sys.exit(f"{left} not delivered, errors: {failures[:3]}")
elif verb == "consume":
    count, start = int(rest[0]), rest[1]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "check.crcs": True})
    ids = sorted(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
    if start == "beginning":
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ids])
    elif start.startswith("offset="):
        consumer.assign([TopicPartition(topic, p, int(start[7:])) for p in ids])
    else:
        consumer.assign(consumer.offsets_for_times([TopicPartition(topic, p, int(start[5:])) for p in ids], timeout=20))
    seen = 0
    while seen < count:
        r = poll(consumer, 1.0)
        if r is not None:
            show(r)
            seen += 1
    consumer.close()
elif verb == "group":
    consumer = Consumer({
        "bootstrap.servers": bootstrap, "group.id": rest[0], "auto.offset.reset": "earliest",
        "session.timeout.ms": 10000, "heartbeat.interval.ms": 500, "enable.auto.commit": True, "check.crcs": True})
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    consumer.subscribe([topic])
    while not stop.is_set():
        r = poll(consumer, 0.2)
        if r is not None:
            show(r)
    consumer.close()
