import { expect } from 'vitest';
import { type Rig, startRig, type TestClient, type TestClientOptions } from '../../door/door-test-util.ts';

export const STRING = 'std_msgs/String';
export const HELLO = { op: 'call_service', id: 'c', service: '/parley/text', args: { text: 'hello' } };
export const ANSWERED = { op: 'service_response', values: { success: true, message: '' }, result: true };

export function connect(rig: Rig, query = '', options: TestClientOptions = {}): TestClient {
  return rig.connect({ protocols: [], path: `/rosbridge${query}`, ...options });
}

/** A client, and the session that its first words open. */
export async function meet(
  first: readonly object[] = [],
  query = '',
  options: Parameters<typeof startRig>[0] = {},
) {
  const rig = await startRig(options);
  const client = await connect(rig, query).opened();
  for (const op of first) client.say(op);
  client.say(HELLO);
  const session = await rig.host.opened.take();
  await session.commands.take();
  expect(await client.json()).toMatchObject(ANSWERED);
  return { rig, client, session };
}

export async function statusOf(client: TestClient): Promise<Record<string, unknown>> {
  for (;;) {
    const op = await client.json();
    if (op.op === 'status') return op;
  }
}

export function subscribe(topic: string, more: object = {}) {
  return { op: 'subscribe', topic, ...more };
}
