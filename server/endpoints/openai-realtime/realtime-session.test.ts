import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientCommand } from '../../../actors/session/client-command.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { naiveResamplers, replyEnd } from '../../door/door-test-util.ts';
import { parseClientEvent } from './parse-event.ts';
import { RealtimeSession } from './realtime-session.ts';
import type { ServerEvent } from './server-events.ts';

function start() {
  const sent: ServerEvent[] = [];
  const commands: ClientCommand[] = [];
  let ids = 0;
  const session = new RealtimeSession({
    handle: {
      ...{ session: 'test', audio: () => {}, heardAt: () => 'One', close: () => {} },
      command: (command) => commands.push(command),
    },
    ...{ model: 'test', clock: new VirtualClock(), resamplers: naiveResamplers },
    limits: { turnBurst: 10, turnsPerSecond: 1 },
    send: (event) => sent.push(event),
    ...{ type: 'realtime', echo: 'unknown', warn: () => {} },
    newId: (prefix) => `${prefix}_${++ids}`,
  });
  const say = (event: object) => {
    const parsed = parseClientEvent(JSON.stringify(event));
    if (parsed.ok) session.receive(parsed.event);
    return parsed;
  };
  return { session, sent, commands, say };
}

const state = (
  value: 'idle' | 'listening' | 'processing' | 'speaking',
  generation: number,
): SessionMessage => ({
  ...{ type: 'state', value, generation, turn: generation, seq: 0, at: 0 },
});

const id = fc.constantFrom('a', 'b', 'item_2', 'item_5', 'nowhere', 'root');
const text = fc.constantFrom('', 'hello', 'One two three.');
const format = fc.constantFrom(
  { type: 'audio/pcm', rate: 24_000 },
  { type: 'audio/pcmu' },
  { type: 'audio/pcma' },
);
const detection = fc.constantFrom(
  null,
  { type: 'semantic_vad', eagerness: 'low' },
  { type: 'server_vad', create_response: false, interrupt_response: false, threshold: 0.9 },
);
const item = fc.oneof(
  fc.record({
    ...{ type: fc.constant('message'), role: fc.constantFrom('user', 'system') },
    ...{ id, content: fc.array(fc.record({ type: fc.constant('input_text'), text }), { maxLength: 2 }) },
  }),
  fc.record({ type: fc.constant('function_call_output'), call_id: id, output: text }),
  fc.record({ type: fc.constant('function_call'), name: fc.constant('look'), arguments: text }),
);
const event_id = fc.uuid();

/** Each event of the API, right or nearly so. */
const clientEvent = fc.oneof(
  fc.record({
    ...{ event_id, type: fc.constant('session.update') },
    session: fc.record({
      type: fc.constant('realtime'),
      instructions: text,
      output_modalities: fc.constantFrom(['audio'], ['text'], ['audio', 'text']),
      audio: fc.record({
        input: fc.record({ format, turn_detection: detection }),
        output: fc.record({ format }),
      }),
    }),
  }),
  fc.record({
    ...{ event_id, type: fc.constant('input_audio_buffer.append') },
    audio: fc.constantFrom('AAAA', 'AAAAAAAA', '#'),
  }),
  ...['input_audio_buffer.commit', 'input_audio_buffer.clear', 'output_audio_buffer.clear'].map((type) =>
    fc.record({ event_id, type: fc.constant(type) }),
  ),
  fc.record({
    event_id,
    type: fc.constant('conversation.item.create'),
    item,
    previous_item_id: fc.option(id),
  }),
  ...['conversation.item.retrieve', 'conversation.item.delete'].map((type) =>
    fc.record({ event_id, type: fc.constant(type), item_id: id }),
  ),
  fc.record({
    ...{ event_id, type: fc.constant('conversation.item.truncate'), item_id: id },
    ...{ content_index: fc.integer({ min: 0, max: 1 }), audio_end_ms: fc.integer({ min: -1, max: 100 }) },
  }),
  fc.record({
    ...{ event_id, type: fc.constant('response.create') },
    response: fc.option(fc.record({ conversation: fc.constantFrom('auto', 'none'), instructions: text })),
  }),
  fc.record({ event_id, type: fc.constant('response.cancel'), response_id: fc.option(id) }),
);

/** What the session does, in an order that may not make sense. */
const sessionAct = fc.oneof(
  fc
    .tuple(fc.constantFrom('idle', 'listening', 'processing', 'speaking'), fc.integer({ min: 0, max: 5 }))
    .map(([value, generation]) => state(value, generation)),
  fc.constantFrom<SessionMessage>(
    { type: 'speech', event: 'start', at: 0 },
    { type: 'speech', event: 'stop', at: 0 },
    { type: 'playback', generation: 1, state: 'playing' },
    { type: 'transcript', turn: 1, text: 'hello', final: true },
    { type: 'reply', turn: 1, generation: 1, text: 'One two three.' },
    { type: 'flush', generation: 1 },
    { type: 'reply.end', turn: 1, generation: 1, reason: 'interrupted', heard: 'One', timings: {} },
    { type: 'reply.end', turn: 2, generation: 2, reason: 'completed', heard: 'One', timings: {} },
    { type: 'action', id: 'a1', name: 'look', args: {}, status: 'started' },
    { type: 'error', code: 'LLM_FAILED', message: 'no', fatal: false },
  ),
);

describe('a conversation', () => {
  it('answers every event of the API, or refuses it with its id, in any order of events', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(clientEvent, sessionAct), { maxLength: 40 }), (acts) => {
        const { session, sent, commands, say } = start();
        let active = 0;
        for (const act of acts) {
          const [before, given] = [sent.length, commands.length];
          if (!('event_id' in act)) session.message(act as SessionMessage);
          else if (say(act).ok) {
            const errors = sent
              .slice(before)
              .flatMap((event) => (event.type === 'error' ? [event.error] : []));
            for (const error of errors) expect(error.event_id).toBe(act.event_id);
            // Audio and a cancel are answered by what follows from them.
            const silent = act.type === 'input_audio_buffer.append' || commands.length > given;
            if (!silent) expect(sent.length).toBeGreaterThan(before);
          }
          for (const { type } of sent.slice(before)) {
            if (type === 'response.created') active += 1;
            if (type === 'response.done') active -= 1;
            expect(active).toBeGreaterThanOrEqual(0);
            expect(active).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('announces speech during a reply only when it interrupts', () => {
    const { session, sent, say } = start();
    say({ type: 'response.create' });
    session.message(state('speaking', 1));
    session.message({ type: 'reply', turn: 1, generation: 1, text: 'One two three.' });
    session.message({ type: 'speech', event: 'start', at: 0 });
    session.message({ type: 'playback', generation: 1, state: 'paused' });
    session.message({ type: 'speech', event: 'stop', at: 0 });
    session.message({ type: 'playback', generation: 1, state: 'playing' });
    expect(sent.filter(({ type }) => type.startsWith('input_audio_buffer'))).toEqual([]);
    session.message({ type: 'speech', event: 'start', at: 0 });
    session.message({ type: 'flush', generation: 1 });
    session.message(replyEnd(1, 'interrupted', 'One'));
    const since = sent.findIndex(({ type }) => type === 'input_audio_buffer.speech_started');
    expect(sent.slice(since + 1).map(({ type }) => type)).toContain('response.done');
    expect(sent.at(-1)).toMatchObject({ response: { status_details: { reason: 'turn_detected' } } });
  });
});
