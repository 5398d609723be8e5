/** The parts of kafkajs that lie behind its public types, as far as they are used. */

export interface TopicPartitions<T> {
  readonly topic: string;
  readonly partitions: readonly T[];
}

export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface GroupMember {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** A broker as kafkajs sees it: each method is one request, and throws when a partition of the answer carries an error. */
export interface Broker {
  readonly nodeId: string | number | null;
  readonly connectionPool: { send<T>(request: object): Promise<T> };
  disconnect(): Promise<void>;
  metadata(topics: readonly string[]): Promise<{
    readonly brokers: readonly object[];
    readonly topicMetadata: readonly { readonly partitionMetadata: readonly PartitionMetadata[] }[];
  }>;
  createTopics(request: {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    readonly timeout: number;
  }): Promise<unknown>;
  describeConfigs(request: {
    readonly resources: readonly { readonly type: number; readonly name: string }[];
  }): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
    }[];
  }>;
  listOffsets(request: {
    readonly replicaId: number;
    readonly isolationLevel: number;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }>;
  deleteRecords(request: {
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string;
    }>[];
  }): Promise<unknown>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly offset: string; readonly metadata: string | null }>[];
  }>;
  joinGroup(request: {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly GroupMember[];
  }>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

export interface ClusterInternals {
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findBroker(options: { readonly nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(options: { readonly groupId: string }): Promise<Broker>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
}

export interface RawRequest<T> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly body: Buffer;
  readonly decode: (payload: Buffer) => T;
  readonly timeoutMs?: number;
}
