import { randomUUID } from 'node:crypto';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

/** Header by which the broker drops a second message with the same one. */
export const MESSAGE_ID = 'Nats-Msg-Id';

/**
 * Publishes a message, and resolves when its stream has it, or has had one with this id. Rejects as the client does.
 *
 * A broker that steps down as leader of the stream may lose a message and keep its id (nats-server 2.10.27; pull requests 6415 and 6486
 * there). When it leads again it takes the message for a copy, of one with sequence 0, which no stored message has. Then the message
 * is published under another id. Its reader must count it by its content: it may get both.
 */
export async function storeOnce(
  client: JetStreamClient,
  subject: string,
  bytes: Uint8Array,
  headers: MsgHdrs,
): Promise<void> {
  const { duplicate, seq } = await client.publish(subject, bytes, { headers });
  if (!duplicate || seq > 0) return;
  headers.set(MESSAGE_ID, `${headers.get(MESSAGE_ID)} ${randomUUID()}`);
  await client.publish(subject, bytes, { headers });
}
