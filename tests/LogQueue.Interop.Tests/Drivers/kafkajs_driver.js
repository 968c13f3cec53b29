// Drives kafkajs for the interop tests: produce | consume | group (see README of the folder).
const { Kafka, CompressionTypes, CompressionCodecs, logLevel, Partitioners } = require('kafkajs')
const SnappyCodec = require('kafkajs-snappy')

CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec

const [bootstrap, verb, topic, ...rest] = process.argv.slice(2)
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.ERROR, retry: { retries: 8 } })
const codecs = { none: 0, gzip: 1, snappy: 2 }
const show = (partition, m) => process.stdout.write(`${partition}\t${m.offset}\t${m.key ?? ''}\t${m.value}\n`)

function readStdin () {
  return new Promise(resolve => {
    let text = ''
    process.stdin.on('data', d => { text += d }).on('end', () => resolve(text))
  })
}

async function produce () {
  const text = await readStdin()
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const messages = text.trimEnd().split('\n').map(line => {
    const tab = line.indexOf('\t')
    return { key: line.slice(0, tab), value: line.slice(tab + 1) }
  })
  for (let i = 0; i < messages.length; i += 50) {
    await producer.send({ topic, compression: codecs[rest[0]], acks: -1, messages: messages.slice(i, i + 50) })
  }
  await producer.disconnect()
}

async function consume () {
  const count = Number(rest[0])
  const start = rest[1]
  const admin = kafka.admin()
  await admin.connect()
  const offsets = start.startsWith('time=')
    ? await admin.fetchTopicOffsetsByTimestamp(topic, Number(start.slice(5)))
    : (await admin.fetchTopicOffsets(topic)).map(o => ({ partition: o.partition, offset: start === 'beginning' ? o.low : start.slice(7) }))
  await admin.disconnect()
  const consumer = kafka.consumer({ groupId: `seek-${process.pid}-${Date.now()}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let seen = 0
  await new Promise((resolve, reject) => {
    const wanted = new Map(offsets.map(o => [o.partition, BigInt(o.offset)]))
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        // seek is applied asynchronously: what was fetched before it is not part of the answer
        if (BigInt(message.offset) < wanted.get(partition) || seen >= count) return
        show(partition, message)
        if (++seen === count) resolve()
      }
    }).catch(reject)
    for (const o of offsets) consumer.seek({ topic, partition: o.partition, offset: o.offset })
  })
  await consumer.disconnect()
}

async function group () {
  const consumer = kafka.consumer({ groupId: rest[0], sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 20000 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommit: true, autoCommitInterval: 200, eachMessage: async ({ partition, message }) => show(partition, message) })
  await readStdin()
  await consumer.stop()
  await consumer.disconnect()
}

const verbs = { produce, consume, group }
verbs[verb]().then(() => process.exit(0), error => { console.error(error); process.exit(1) })
