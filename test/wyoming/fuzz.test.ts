/** The Wyoming door of a whole server, with events made from its schemas: right, nearly right, and wrong. */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isErrorCode } from '../../machines/errors.ts';
import { eventSchemas } from '../../server/endpoints/wyoming/events.ts';
import { startWyoming } from '../../server/endpoints/wyoming/wyoming-test-util.ts';
import { FUZZ_TEST_MS, fuzzing } from '../fuzz/budget.ts';
import { nearly } from '../fuzz/from-schema.ts';

const format = { rate: fc.constantFrom(16_000, 22_050), width: fc.constant(2), channels: fc.constant(1) };
const hints = {
  ...{ ...format, text: fc.constantFrom('hello', 'One. Two three.'), language: fc.constant('en') },
  ...{ context: fc.constantFrom({}, { conversation_id: 'a' }), voice: fc.constant(null) },
};
const pcm = fc.constantFrom(0, 1, 2, 640, 3_200).map((bytes) => Buffer.alloc(bytes));

const event = fc
  .oneof(
    ...Object.entries(eventSchemas).map(([type, schema]) =>
      fc.tuple(fc.constant(type), nearly(schema, hints)),
    ),
  )
  .chain(([type, data]) => fc.tuple(fc.constant(type), fc.constant(data), fc.boolean(), pcm))
  .map(([type, data, inline, payload]) => {
    const block = inline ? '' : (JSON.stringify(data) ?? '');
    const header = {
      ...{ type, ...(inline && { data }) },
      ...{ data_length: Buffer.byteLength(block), payload_length: payload.byteLength },
    };
    return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n${block}`), payload]);
  });
const frames = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: event },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  ),
  { maxLength: 20 },
);

/** Virtual time gives back nothing of what a limit takes. */
const MANY = 10_000_000;

const ENDS = {
  'audio-start': 'audio-stop',
  'transcript-start': 'transcript-stop',
  'handled-start': 'handled-stop',
  'intents-start': 'intents-stop',
};

it('with anything from a client it answers in its own way, ends each answer and all sessions, and serves others', {
  timeout: FUZZ_TEST_MS,
}, async () => {
  const { rig, connect } = await startWyoming({
    reply: () => ({ text: 'Yes.', actions: [{ type: 'action', id: 'a', name: 'look', args: {} }] }),
    voice: () => ({ msPerChar: 1 }),
    rig: { limits: { turnBurst: MANY, messageBurst: MANY } },
  });
  rig.host.beforeOpen = (_request, session) => {
    let generation = 0;
    session.onCommand = ({ type }) => {
      if (type !== 'text') return;
      generation += 1;
      const turn = { turn: generation, generation };
      session.say({ type: 'reply', ...turn, text: 'Yes.' });
      session.say({ type: 'reply.end', ...turn, reason: 'completed', heard: 'Yes.', timings: {} });
    };
  };
  const bystander = await connect();
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(frames, fc.nat({ max: 2 }), async (sent, leaves) => {
      const peer = await connect();
      const bytes = Buffer.concat(sent);
      // In pieces that end anywhere.
      for (let at = 0; at < bytes.byteLength; at += 1_000) peer.socket.write(bytes.subarray(at, at + 1_000));
      if (leaves === 0) peer.socket.destroy();
      else peer.socket.end();
      if (!peer.socket.closed) await once(peer.socket, 'close');
      for (const { type, data } of peer.received)
        if (type === 'error') expect([isErrorCode(data.code), typeof data.text]).toEqual([true, 'string']);
      const refused = peer
        .of('error')
        .some(({ data }) => ['BAD_MESSAGE', 'TOO_LARGE', 'TOO_FAST'].includes(String(data.code)));
      if (leaves > 0 && !refused)
        for (const [begin, end] of Object.entries(ENDS))
          expect(peer.of(end).length).toBeGreaterThanOrEqual(peer.of(begin).length);
      bystander.send('synthesize', { text: 'Still here.' });
      await bystander.next('audio-stop', asked++);
      await nextTurn();
    }),
    fuzzing(),
  );
  bystander.socket.destroy();
  await rig.stop();
  expect(rig.door.stats()).toMatchObject({ connections: 0, sessions: 0 });
});
