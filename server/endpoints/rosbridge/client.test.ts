import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ClientCommand } from '../../../actors/session/client-command.ts';
import { textOfPng } from '../../../adapters/rosbridge/png.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { naiveResamplers } from '../../door/door-test-util.ts';
import { RosClient, type ServerOp } from './client.ts';
import { parseClientOp } from './client-ops.ts';
import { MappedTopics } from './mapped-topics.ts';
import { optionsOf } from './options.ts';

const MAX_IMAGE_BYTES = 1_000_000;

const topic = fc.constantFrom(
  ...['/parley/state', 'parley/reply', '/parley/audio/out', '/parley/audio/in', '/parley/action/result'],
  ...['/scan', '', '/'.repeat(300)],
);
const service = fc.constantFrom(
  ...['/parley/text', 'parley/say', '/parley/halt', '/parley/rearm', '/parley/interrupt'],
  ...['/parley/action/result', '/parley/action/wave', '/rosapi/topics', '/rosapi/get_param', '/none'],
);
const type = fc.constantFrom(
  'std_msgs/String',
  'std_msgs/msg/String',
  'audio_common_msgs/AudioData',
  '',
  'x',
);
const data = fc.oneof(
  fc.constantFrom('', 'AAAA', 'AAAAAA==', '{"id":"1-a","status":"done"}', '{', '[]'),
  fc.array(fc.integer({ min: -1, max: 300 }), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const values = fc.oneof(
  fc.constantFrom({ success: false, message: 'no' }, 'why', null, []),
  fc.jsonValue({ maxDepth: 3 }),
);
const id = fc.oneof(
  fc.constantFrom<unknown>('1-a', 'x', 1, null, undefined, true),
  fc.jsonValue({ maxDepth: 0 }),
);
const number = fc.constantFrom<unknown>(0, 1, 100, 1e9, -1, 0.5, null, undefined, 'x');

/** Fields of any operation, each as it should be, or not. */
const fields = fc.record({
  op: fc.constantFrom(
    ...['advertise', 'unadvertise', 'publish', 'subscribe', 'unsubscribe', 'call_service', 'png', 'auth'],
    ...['advertise_service', 'unadvertise_service', 'service_response', 'advertise_action', 'set_level'],
    ...['unadvertise_action', 'send_action_goal', 'cancel_action_goal', 'action_feedback', 'action_result'],
    ...['fragment', 'status', 'fly'],
  ),
  ...{ id, topic, type, service, action: service, values },
  ...{ throttle_rate: number, queue_length: number, fragment_size: number, status: number },
  compression: fc.constantFrom('none', 'cbor', 'png', undefined),
  msg: fc.oneof(fc.record({ data }), fc.jsonValue({ maxDepth: 2 })),
  args: fc.oneof(fc.record({ text: fc.constantFrom<unknown>('hello', ' ', 1) }), values),
  result: fc.constantFrom<unknown>(true, false, undefined),
  qos: fc.constantFrom<unknown>(undefined, null, { depth: 3 }, { history: 'KEEP_LAST' }, { depth: -1 }),
});
const line = fc.oneof({ weight: 12, arbitrary: fields.map((op) => JSON.stringify(op)) }, fc.string());

const message: fc.Arbitrary<SessionMessage> = fc.constantFrom<SessionMessage>(
  { type: 'state', value: 'speaking', turn: 1, generation: 1, seq: 1, at: 1 },
  { type: 'reply', turn: 1, generation: 1, text: 'Hello there. '.repeat(20) },
  { type: 'flush', generation: 1 },
  ...(['started', 'progress', 'done', 'cancelled'] as const).map(
    (status) => ({ type: 'action', id: '1-a', name: 'wave', args: {}, status }) as const,
  ),
  { type: 'error', code: 'LLM_FAILED', message: 'the language engine failed', fatal: false },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ line }) },
  fc.record({ message }),
  fc.constantFrom({ open: true } as const, { audio: true } as const, { waitMs: 100 } as const),
);

/** With fragments joined and images read. */
function whole(sent: readonly ServerOp[]): readonly ServerOp[] {
  return joined(sent).map((op) =>
    op.op === 'png' ? JSON.parse(textOfPng(String(op.data), MAX_IMAGE_BYTES) ?? '') : op,
  );
}

function joined(sent: readonly ServerOp[]): readonly ServerOp[] {
  const fragments = new Map<unknown, string>();
  for (const { op, id, data } of sent)
    if (op === 'fragment') fragments.set(id, `${fragments.get(id) ?? ''}${data}`);
  return [
    ...sent.filter(({ op }) => op !== 'fragment'),
    ...[...fragments.values()].map((json) => JSON.parse(json)),
  ];
}

it('whatever comes from either side, it answers each call once, complains with the right id, and sends audio only to subscribers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new VirtualClock();
      const sent: ServerOp[] = [];
      const commands: ClientCommand[] = [];
      const tooFast: string[] = [];
      const options = optionsOf(new URLSearchParams(), undefined);
      if (typeof options === 'string') throw new Error(options);
      const client: RosClient = new RosClient({
        ...{ clock, options, resamplers: naiveResamplers },
        topics: new MappedTopics({ events: {}, reports: {} }),
        open: () => ({
          session: 's',
          command: (command) => {
            commands.push(command);
            if (command.type === 'text')
              client.message({ type: 'error', code: 'TOO_FAST', message: 'slower', fatal: false });
          },
          ...{ audio: () => {}, heardAt: () => undefined, close: () => {} },
        }),
        send: (op) => sent.push(op),
        sendCbor: (name, msg) => sent.push({ op: 'publish', topic: name, cbor: msg }),
        status: (level, msg, about) => sent.push({ op: 'status', level, msg, id: about }),
        tooFast: (detail) => tooFast.push(detail),
      });
      const calls: unknown[] = [];
      const heard = new Set<unknown>();
      for (const next of steps) {
        if ('line' in next) {
          const parsed = parseClientOp(next.line);
          if (!parsed.ok) continue;
          const { op } = parsed;
          if (op.op === 'call_service') calls.push(op.id ?? undefined);
          if (op.op === 'subscribe') heard.add(op.topic);
          client.receive(op);
        } else if ('message' in next) client.message(next.message);
        else if ('open' in next) client.opened();
        else if ('audio' in next) client.audio(new Uint8Array(40));
        else await clock.advance(next.waitMs);
      }
      client.opened();
      client.close();
      await clock.advance(100_000);
      const answered = whole(sent)
        .filter(({ op }) => op === 'service_response')
        .map((op) => op.id);
      expect([...answered].map(String).sort()).toEqual([...calls].map(String).sort());
      for (const op of whole(sent)) {
        expect(op.op).toMatch(
          /^(publish|service_response|status|call_service|(send|cancel)_action_goal|action_result)$/u,
        );
        if (op.op === 'publish') expect(heard).toContain(op.topic);
        expect(JSON.stringify(op)).toBeTypeOf('string');
      }
      expect(tooFast).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
