// Drives @platformatic/kafka for the interop tests: produce | consume | group (see README of the folder).
import { Consumer, Producer, MessagesStreamModes, ListOffsetTimestamps, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const [bootstrap, verb, topic, ...rest] = process.argv.slice(2)
const common = { clientId: 'platformatic', bootstrapBrokers: [bootstrap], retries: 8, retryDelay: 200 }
const show = m => process.stdout.write(`${m.partition}\t${m.offset}\t${m.key ?? ''}\t${m.value}\n`)

async function readStdin () {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return text
}

async function produce () {
  const producer = new Producer({ ...common, serializers: stringSerializers, idempotent: true, autocreateTopics: false })
  const lines = (await readStdin()).trimEnd().split('\n')
  for (let i = 0; i < lines.length; i += 50) {
    const messages = lines.slice(i, i + 50).map(line => {
      const tab = line.indexOf('\t')
      return { topic, key: line.slice(0, tab), value: line.slice(tab + 1) }
    })
    await producer.send({ messages, compression: rest[0], acks: -1 })
  }
  await producer.close()
}

async function consume () {
  const count = Number(rest[0])
  const start = rest[1]
  const consumer = new Consumer({ ...common, groupId: `seek-${process.pid}-${Date.now()}`, deserializers: stringDeserializers, sessionTimeout: 10000, heartbeatInterval: 500 })
  const options = { topics: [topic], autocommit: false, maxWaitTime: 500 }
  if (start === 'beginning') {
    options.mode = MessagesStreamModes.EARLIEST
  } else {
    const timestamp = start.startsWith('time=') ? BigInt(start.slice(5)) : ListOffsetTimestamps.EARLIEST
    const latest = await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST })
    const found = await consumer.listOffsets({ topics: [topic], timestamp })
    options.mode = MessagesStreamModes.MANUAL
    options.offsets = found.get(topic).map((offset, partition) => ({
      topic, partition, offset: start.startsWith('offset=') ? BigInt(start.slice(7)) : offset < 0n ? latest.get(topic)[partition] : offset
    }))
  }
  const stream = await consumer.consume(options)
  let seen = 0
  for await (const message of stream) {
    show(message)
    if (++seen === count) break
  }
  await consumer.close(true)
}

async function group () {
  const consumer = new Consumer({ ...common, groupId: rest[0], deserializers: stringDeserializers, sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 20000 })
  const stream = await consumer.consume({ topics: [topic], autocommit: 100, mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest', maxWaitTime: 500 })
  stream.on('data', show)
  stream.on('error', error => { console.error(error); process.exit(1) })
  await readStdin()
  // Its autocommit is a timer and a forced close does not wait for it.
  await new Promise(resolve => setTimeout(resolve, 500))
  await consumer.close(true)
}

const verbs = { produce, consume, group }
verbs[verb]().then(() => process.exit(0), error => { console.error(error); process.exit(1) })
