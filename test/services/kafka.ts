/** A real Kafka broker for tests and benches: fetched once with Maven into a cache folder, one process in KRaft mode, killed, paused and started again at will. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../runtime/clock.js';

const VERSION = '4.4.0';
const cache = path.join(process.env['XDG_CACHE_HOME'] ?? os.tmpdir(), `runlog-tests-${os.userInfo().username}`);
const jars = path.join(cache, `kafka-${VERSION}`);

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>runlog.test</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>`;

/** Why there can be no broker here; undefined when there can. */
export function kafkaMissing(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (java.status !== 0 || version < 17) return 'a Kafka broker needs java 17 or newer on the PATH';
  if (existsSync(jars)) return undefined;
  return spawnSync('mvn', ['-v']).status === 0 ? undefined : 'fetching a Kafka broker needs mvn on the PATH';
}

function fetchJars(): void {
  if (existsSync(jars)) return;
  mkdirSync(cache, { recursive: true });
  // into a folder of its own, then one rename: two who fetch at a time never see half of it
  const work = mkdtempSync(path.join(cache, 'fetch-'));
  try {
    writeFileSync(path.join(work, 'pom.xml'), pom);
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const copied = path.join(work, 'jars');
    const args = ['-B', '-q', '-ntp', '-f', path.join(work, 'pom.xml'), goal, '-DincludeScope=runtime'];
    const done = spawnSync('mvn', [...args, `-DoutputDirectory=${copied}`], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`mvn could not fetch the broker: ${done.stdout}${done.stderr}`);
    try {
      renameSync(copied, jars);
    } catch (cause) {
      if (!existsSync(jars)) throw cause;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const settings = (port: number, dir: string): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${String(port + 1)}
listeners=PLAINTEXT://127.0.0.1:${String(port)},CONTROLLER://127.0.0.1:${String(port + 1)}
advertised.listeners=PLAINTEXT://127.0.0.1:${String(port)}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${path.join(dir, 'log')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
auto.create.topics.enable=false
`;

/** True when a broker answers a request for its versions, which it does once it serves clients. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => resolve(false));
    // ApiVersions 0, correlation 1, no client id
    socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])));
    socket.on('data', (reply) => end(reply.length >= 10 && reply.readInt32BE(4) === 1 && reply.readInt16BE(8) === 0));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}

/** Two neighbouring ports, for clients and for the controller, below the range that the system hands out itself. */
async function freePair(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error('no free pair of ports');
}

export class TestBroker {
  private process: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly port: number,
    private readonly dir: string,
  ) {
    process.once('exit', () => this.process?.kill('SIGKILL'));
  }

  static async start(): Promise<TestBroker> {
    fetchJars();
    const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-kafka-'));
    const port = await freePair();
    const broker = new TestBroker(port, dir);
    writeFileSync(broker.config, settings(port, dir));
    const format = ['kafka.tools.StorageTool', 'format', '-t', 'cnVubG9nLXRlc3QtYnJva2', '-c', broker.config];
    const formatted = spawnSync('java', ['-XX:TieredStopAtLevel=1', '-Xmx128m', '-cp', `${jars}/*`, ...format], {
      encoding: 'utf8',
    });
    if (formatted.status !== 0) throw new Error(`the broker's folder: ${formatted.stdout}${formatted.stderr}`);
    await broker.start();
    return broker;
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  /** Starts it on what it had before, and waits until it answers. */
  async start(): Promise<void> {
    const heap = ['-Xms384m', '-Xmx384m', '-XX:+UseSerialGC'];
    const logs = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
    const args = [...heap, ...logs, '-cp', `${jars}/*`, 'kafka.Kafka', this.config];
    const started = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.dir });
    this.process = started;
    const keep = (text: Buffer): void => {
      this.output = (this.output + text.toString()).slice(-4_000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    while (!(await answers(this.port))) {
      if (started.exitCode !== null) throw new Error(`the broker ended: ${this.output}`);
      await systemClock.sleep(50);
    }
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops it in order; it keeps its folder. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Holds it still, as a long pause of its machine would. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get config(): string {
    return path.join(this.dir, 'server.properties');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }
}
