import { randomUUID } from 'node:crypto';
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type NextMsgRequest,
  type SeqMsgRequest,
} from '@nats-io/jetstream';

/** A message of a stream. */
export interface StoredMessage {
  readonly seq: number;
  readonly data: Uint8Array;
  /** ISO 8601. */
  readonly timestamp: string;
}

export interface ReaderOptions {
  readonly client: JetStreamClient;
  /** Its requests must be answered soon: the next reader may be at a better broker. */
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly subject: string;
}

/** Messages fetched at once. */
const FETCHED = 500;
/** Time after which the broker forgets a reader that has left without a word. */
const FORGOTTEN_MS = 10_000;
const MS = 1_000_000; // nanoseconds
/**
 * Time limit of each step of a reader, ms. The brokers put it at any of them that have a copy: also at one that has just gone, or that
 * is getting its copy again.
 */
export const STEP_MS = 500;
const READERS = 4;

/** All messages of a subject, to at least the sequence `end`. Rejects if no reader gets so far. */
export async function readSubject(options: ReaderOptions, end: number): Promise<readonly StoredMessage[]> {
  for (let left = READERS - 1; ; left--)
    try {
      return await readOnce(options, end);
    } catch (error) {
      if (left === 0) throw error;
    }
}

async function readOnce(
  { client, manager, stream, subject }: ReaderOptions,
  end: number,
): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  // Made in one call. An ordered one of the library also asks for the stream, and waits until it is deleted.
  const consumer = client.consumers.getConsumerFromInfo(
    await manager.consumers.add(stream, {
      ...{ name: randomUUID(), filter_subject: subject, deliver_policy: DeliverPolicy.All },
      ...{ ack_policy: AckPolicy.None, max_deliver: 1, mem_storage: true, num_replicas: 1 },
      inactive_threshold: FORGOTTEN_MS * MS,
    }),
  );
  try {
    while ((found.at(-1)?.seq ?? 0) < end) {
      const before = found.length;
      const messages = await consumer.fetch({ max_messages: FETCHED });
      const stuck = setTimeout(() => messages.stop(), STEP_MS);
      try {
        for await (const { info, seq, data, timestamp } of messages) {
          if (info.deliverySequence !== found.length + 1) throw new Error('a message is missing');
          found.push({ seq, data, timestamp });
          if (seq >= end) break;
          stuck.refresh();
        }
      } finally {
        clearTimeout(stuck);
      }
      if (found.length === before) throw new Error(`no message after ${found.at(-1)?.seq ?? 0} of ${end}`);
    }
  } finally {
    consumer.delete().catch(() => false);
  }
  return found;
}

/** The messages of a subject from the sequence `from` on, one by one, to at least the sequence `end`. Rejects if there are not so many. */
export async function readTail(
  { manager, stream, subject }: ReaderOptions,
  from: number,
  end: number,
): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let next = from; next <= end; ) {
    // The library's type knows the second only for requests that any copy may answer; this one the leader answers.
    const query: SeqMsgRequest & NextMsgRequest = { seq: next, next_by_subj: subject };
    const message = await manager.streams.getMessage(stream, query);
    if (!message) throw new Error(`no message from ${next} to ${end}`);
    const { seq, data, timestamp } = message;
    found.push({ seq, data, timestamp });
    next = seq + 1;
  }
  return found;
}
