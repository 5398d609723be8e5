/**
 * Connections to the brokers: the one importer of kafkajs, of which only the transport is used (sockets, TLS, SASL, metadata, the
 * codecs of small requests). Its producer, consumer and admin are not: the producer reorders when it retries with several
 * requests in flight, the consumer commits on its own, stops all partitions for one and reads only with a group.
 */
import { createRequire } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import type { AssignerProtocol, KafkaConfig } from 'kafkajs';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Broker, ClusterInternals, RawRequest } from './kafka-internals.js';

export interface KafkaConnection {
  /** `host:port` of brokers to begin with. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly tls?: boolean | tls.ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

/** Why a request came to nothing. `type` is Kafka's name of the error where it has one. */
export class KafkaFault extends Error {
  constructor(
    message: string,
    readonly type: string,
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'KafkaFault';
  }
}

const load = createRequire(import.meta.url);

interface Inside {
  readonly Cluster: new (options: object) => ClusterInternals;
  readonly createLogger: (options: object) => unknown;
  readonly failureOf: (code: number) => Error;
  readonly protocol: typeof AssignerProtocol;
}

interface ConnectionInternals {
  opening?: Promise<void> | undefined;
  isConnected(): boolean;
  connect(): Promise<void>;
}

let inside: Inside | undefined;

/** kafkajs as it is used here; patched once, before anything connects. */
export function kafkajs(): Inside {
  if (inside !== undefined) return inside;
  const Queue = load('kafkajs/src/network/requestQueue') as {
    prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void };
  };
  // without this every connection checks an empty queue without a pause: 5 % of a core when idle
  const { scheduleCheckPendingRequests } = Queue.prototype;
  Queue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
  const Connection = load('kafkajs/src/network/connection') as { prototype: ConnectionInternals };
  const { connect } = Connection.prototype;
  // requests that find a connection down at the same time would open a socket each and leave all but one behind; and what was
  // received of an answer before the end would be taken for the beginning of the next
  Connection.prototype.connect = function () {
    if (this.isConnected()) return Promise.resolve();
    return (this.opening ??= (async () => {
      Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: 4 });
      try {
        await connect.call(this);
      } finally {
        this.opening = undefined;
      }
    })());
  };
  const { createLogger } = load('kafkajs/src/loggers') as { createLogger: Inside['createLogger'] };
  const { createErrorFromCode } = load('kafkajs/src/protocol/error') as { createErrorFromCode: Inside['failureOf'] };
  const { AssignerProtocol: protocol } = load('kafkajs') as { AssignerProtocol: Inside['protocol'] };
  inside = {
    Cluster: load('kafkajs/src/cluster') as Inside['Cluster'],
    createLogger,
    failureOf: createErrorFromCode,
    protocol,
  };
  return inside;
}

/**
 * One connection for fetches and one for the rest to each broker. A broker answers the requests of a connection one after
 * another, so what must not wait for each other (control and metrics, reads and long polls) goes over links of its own.
 */
export class KafkaLink {
  private readonly sockets = new Set<net.Socket>();
  private readonly cluster: ClusterInternals;
  private readonly coordinators = new Map<string, string>();
  private readonly closing = new AbortController();
  private refreshing: Promise<void> | undefined;

  constructor(
    connection: KafkaConnection,
    private readonly clock: Clock,
  ) {
    const { Cluster, createLogger } = kafkajs();
    const { brokers, clientId = 'runlog', sasl, tls: secure } = connection;
    const config: KafkaConfig = {
      brokers: [...brokers],
      clientId,
      ssl: secure === true ? {} : secure || false,
      ...(sasl === undefined ? {} : { sasl: sasl as NonNullable<KafkaConfig['sasl']> }),
      connectionTimeout: limits.kafkaConnectMsMax,
      authenticationTimeout: limits.kafkaConnectMsMax,
      requestTimeout: limits.kafkaRequestMsMax,
      // retries are decided by `to`, with a deadline and an end when the log is closed
      retry: { retries: 0, initialRetryTime: 10, maxRetryTime: 10 },
    };
    this.cluster = new Cluster({
      ...config,
      // what matters arrives as an error of the request; kafkajs logs normal things as errors, too
      logger: createLogger({ level: 0, logCreator: () => () => undefined }),
      socketFactory: (to: { host: string; port: number; ssl: tls.ConnectionOptions | false; onConnect: () => void }) =>
        this.openSocket(to),
      enforceRequestTimeout: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: limits.kafkaMetadataAgeMsMax,
      isolationLevel: 0,
    });
  }

  /** Connects and learns who leads the topics; one try. */
  async open(topics: readonly string[]): Promise<void> {
    try {
      await this.cluster.connect();
      await this.cluster.addMultipleTargetTopics([...topics]);
    } catch (cause) {
      throw faultOf(cause);
    }
  }

  /** Sends to the leader of a partition until it works, fails for good, or `untilMs` (monotonic) is near. */
  toLeader<T>(topic: string, partition: number, untilMs: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    return this.to(() => this.cluster.findBroker({ nodeId: this.leader(topic, partition) }), untilMs, work);
  }

  /** Sends to a broker by its id: once, for who knows what to do when it fails. */
  async toNode<T>(nodeId: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    try {
      return await work(await this.cluster.findBroker({ nodeId }));
    } catch (cause) {
      throw faultOf(cause);
    }
  }

  /** Sends to the broker that keeps a group. */
  toCoordinator<T>(groupId: string, untilMs: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    const find = async (): Promise<Broker> => {
      const known = this.coordinators.get(groupId);
      if (known !== undefined) return this.cluster.findBroker({ nodeId: known });
      const broker = await this.cluster.findGroupCoordinator({ groupId });
      if (broker.nodeId !== null) this.coordinators.set(groupId, String(broker.nodeId));
      return broker;
    };
    const forgetful = async (broker: Broker): Promise<T> => {
      try {
        return await work(broker);
      } catch (cause) {
        this.coordinators.delete(groupId);
        throw cause;
      }
    };
    return this.to(find, untilMs, forgetful);
  }

  /** Sends to any broker that answers; changes to topics are passed on by it to the controller. */
  toAny<T>(untilMs: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    return this.to(() => this.cluster.findControllerBroker(), untilMs, work);
  }

  /** The broker that leads a partition, as far as known. */
  leader(topic: string, partition: number): string {
    const [nodeId] = Object.keys(this.cluster.findLeaderForPartitions(topic, [partition]));
    if (nodeId === undefined) throw new KafkaFault(`nobody leads ${topic}/${String(partition)}`, 'NO_LEADER', true);
    return nodeId;
  }

  /** Connects again where needed and asks anew who leads what; shared by all who ask at a time. Never throws. */
  refresh(): Promise<void> {
    const refresh = async (): Promise<void> => {
      try {
        if (!this.cluster.isConnected()) await this.cluster.connect();
        await this.cluster.refreshMetadata();
      } catch {
        // the next request says what is wrong
      }
      this.refreshing = undefined;
    };
    return (this.refreshing ??= refresh());
  }

  /** Ends everything in flight at once. */
  async close(): Promise<void> {
    this.closing.abort();
    for (const socket of this.sockets) socket.destroy(new Error('the log is closed'));
    await this.cluster.disconnect().catch(() => undefined);
  }

  private async to<T>(find: () => Promise<Broker>, untilMs: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    let pauseMs: number = limits.kafkaRetryMsMin;
    for (;;) {
      try {
        return await work(await find());
      } catch (cause) {
        const fault = faultOf(cause);
        const { signal } = this.closing;
        if (signal.aborted || !fault.retriable || this.clock.monotonic() + pauseMs > untilMs) throw fault;
        await this.clock.sleep(pauseMs, signal);
        await this.refresh();
        pauseMs = Math.min(2 * pauseMs, limits.kafkaRetryMsMax);
      }
    }
  }

  private openSocket(to: { host: string; port: number; ssl: tls.ConnectionOptions | false; onConnect: () => void }) {
    const { host, port, ssl, onConnect } = to;
    if (this.closing.signal.aborted) throw new Error('the log is closed');
    const name = net.isIP(host) === 0 ? { servername: host } : {};
    const socket =
      ssl === false ? net.connect({ host, port }, onConnect) : tls.connect({ host, port, ...name, ...ssl }, onConnect);
    socket.setKeepAlive(true, limits.kafkaKeepAliveMs);
    socket.setNoDelay(true);
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      // kafkajs disconnects again and again what is closed; each time a listener for a connection that never comes would be added
      socket.unref = () => socket;
    });
    return socket;
  }
}

/** Sends a request that this package encodes and decodes itself; `body` follows the header (of version 1). */
export async function sendRaw<T>(broker: Broker, request: RawRequest<T>): Promise<T> {
  const { apiKey, apiVersion, apiName, body, decode, timeoutMs } = request;
  try {
    return await broker.connectionPool.send({
      request: { apiKey, apiVersion, apiName, encode: () => Promise.resolve({ buf: body, buffer: body }) },
      response: {
        decode: (payload: Buffer) => Promise.resolve({ clientSideThrottleTime: 0, payload }),
        parse: ({ payload }: { payload: Buffer }) => Promise.resolve(decode(payload)),
      },
      requestTimeout: timeoutMs ?? null,
      logResponseError: false,
    });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw cause;
  }
}

/** Throws what an error code of a response means. */
export function throwOnCode(code: number): void {
  if (code !== 0) throw faultOf(kafkajs().failureOf(code));
}

/** What kafkajs calls final, or stumbles over, when a broker goes away in the middle of something. */
const passing = new Set(['KafkaJSGroupCoordinatorNotFound', 'KafkaJSLockTimeout', 'KafkaJSTimeout', 'TypeError']);

/** What kafkajs threw, without its wrappings. */
export function faultOf(cause: unknown): KafkaFault {
  if (cause instanceof KafkaFault) return cause;
  let error = cause as { name?: string; message?: string; type?: string; retriable?: boolean; cause?: unknown };
  while (error.name === 'KafkaJSNumberOfRetriesExceeded' && error.cause instanceof Error) error = error.cause;
  const retriable = error.retriable === true || passing.has(error.name ?? '');
  return new KafkaFault(error.message ?? String(cause), error.type ?? error.name ?? 'UNKNOWN', retriable, { cause });
}
