/** Requests that are encoded and decoded here instead of by kafkajs: produce, fetch (records stay bytes), and the metadata version that knows a topic's id. */
import { sendRaw, throwOnCode } from './kafka-client.js';
import type { Broker } from './kafka-internals.js';

/** Appends one batch with all replicas' acknowledgement; gives the offset of its first record. */
export function produce(
  broker: Broker,
  topic: string,
  partition: number,
  batch: Buffer,
  waitMs: number,
): Promise<number> {
  const head = writer(64 + topic.length * 3)
    .nullString(undefined)
    .i16(-1)
    .i32(waitMs)
    .i32(1)
    .string(topic)
    .i32(1)
    .i32(partition)
    .i32(batch.length)
    .done();
  return sendRaw(broker, {
    apiKey: 0,
    apiVersion: 7,
    apiName: 'Produce',
    body: Buffer.concat([head, batch]),
    decode(payload) {
      // one topic with its name, one partition
      const at = 4 + 2 + payload.readInt16BE(4) + 4 + 4;
      throwOnCode(payload.readInt16BE(at));
      return Number(payload.readBigInt64BE(at + 2));
    },
  });
}

export interface FetchFrom {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
}

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly head: number;
  readonly start: number;
  readonly records: Buffer;
}

/** Asks for records; waits up to `waitMs` for the first byte. At least one batch comes, if there is one. */
export function fetch(
  broker: Broker,
  from: readonly FetchFrom[],
  bytesMax: number,
  waitMs: number,
): Promise<readonly Fetched[]> {
  const body = writer(64 + from.reduce((sum, { topic }) => sum + 48 + topic.length * 3, 0))
    // no replica, read uncommitted (there are no transactions), no session
    .i32(-1)
    .i32(waitMs)
    .i32(1)
    .i32(bytesMax)
    .i8(0)
    .i32(0)
    .i32(-1)
    .i32(from.length);
  for (const { topic, partition, offset, bytesMax: partitionBytesMax } of from) {
    body.string(topic).i32(1).i32(partition).i32(-1).i64(offset).i64(-1).i32(partitionBytesMax);
  }
  body.i32(0).string('');
  return sendRaw(broker, {
    apiKey: 1,
    apiVersion: 11,
    apiName: 'Fetch',
    body: body.done(),
    decode: decodeFetched,
    timeoutMs: waitMs + 5_000,
  });
}

function decodeFetched(payload: Buffer): Fetched[] {
  throwOnCode(payload.readInt16BE(4));
  let at = 10;
  const i32 = (): number => payload.readInt32BE((at += 4) - 4);
  const i64 = (): number => Number(payload.readBigInt64BE((at += 8) - 8));
  const fetched: Fetched[] = [];
  for (let topics = i32(); topics > 0; topics--) {
    const nameBytes = payload.readInt16BE(at);
    const topic = payload.toString('utf8', at + 2, at + 2 + nameBytes);
    at += 2 + nameBytes;
    for (let partitions = i32(); partitions > 0; partitions--) {
      const partition = i32();
      const errorCode = payload.readInt16BE((at += 2) - 2);
      const head = i64();
      at += 8;
      const start = i64();
      const aborted = Math.max(0, i32());
      at += 16 * aborted;
      // the replica to read from rather
      at += 4;
      const bytes = Math.max(0, i32());
      fetched.push({ topic, partition, errorCode, head, start, records: payload.subarray(at, at + bytes) });
      at += bytes;
    }
  }
  return fetched;
}

/** The id that the cluster gave the topic when it was made, as 32 hexadecimal digits. */
export function topicId(broker: Broker, topic: string): Promise<string> {
  const name = Buffer.from(topic);
  // version 12 is a "flexible" one: its header ends with tagged fields (none), lengths are one more than they say
  const body = Buffer.concat([
    Buffer.from([0, 2]),
    Buffer.alloc(16),
    uvarint(name.length + 1),
    name,
    Buffer.from([0, 0, 0, 0]),
  ]);
  return sendRaw(broker, {
    apiKey: 3,
    apiVersion: 12,
    apiName: 'Metadata',
    body,
    decode(payload) {
      // tagged fields of the header (none), how long to hold back
      let at = 1 + 4;
      const length = (): number => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = payload[at++] ?? 0;
          value |= (byte & 127) << shift;
          if (byte < 128) return value - 1;
        }
      };
      const skipString = (): void => {
        const bytes = length();
        at += Math.max(0, bytes);
      };
      for (let brokers = length(); brokers > 0; brokers--) {
        at += 4;
        skipString();
        at += 4;
        skipString();
        at++;
      }
      skipString();
      at += 4;
      length();
      throwOnCode(payload.readInt16BE(at));
      at += 2;
      skipString();
      return payload.toString('hex', at, at + 16);
    },
  });
}

function uvarint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Writes the fixed-size parts of a request one after another. */
function writer(bytesMax: number) {
  const into = Buffer.allocUnsafe(bytesMax);
  let at = 0;
  const write = {
    i8: (value: number) => ((at = into.writeInt8(value, at)), write),
    i16: (value: number) => ((at = into.writeInt16BE(value, at)), write),
    i32: (value: number) => ((at = into.writeInt32BE(value, at)), write),
    i64: (value: number) => ((at = into.writeBigInt64BE(BigInt(value), at)), write),
    string(value: string) {
      const length = into.write(value, at + 2, 'utf8');
      into.writeInt16BE(length, at);
      at += 2 + length;
      return write;
    },
    nullString: (value: string | undefined) => (value === undefined ? write.i16(-1) : write.string(value)),
    done: () => into.subarray(0, at),
  };
  return write;
}
