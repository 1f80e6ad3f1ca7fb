import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasWorker, hostLlm, hostStt, remoteLlm, remoteStt, remoteTts } from '../../actors/engine-rpc/mod.ts';
import type { BusMessage } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import { inProcessBus, manualPump } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import {
  aborted,
  ask,
  delta,
  type Ends,
  hangingLlm,
  inProcessEnds,
  llm,
  never,
  readAll,
  stt,
} from './harness.ts';

const scope = { session: 's', generation: 1 };
const utf8 = (string: string) => new TextEncoder().encode(string);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const nothing = new Uint8Array(0);

/** One message of a worker or client that violates the protocol. */
type Line = readonly [headers: Readonly<Record<string, string>>, payload?: Uint8Array];

const accepted: Line = [{ type: 'accepted', uplink: '_INBOX.up' }];
const end = (seq: number): Line => [{ type: 'end', seq: String(seq) }];
const said = (seq: number | string, word: string): Line => [
  { type: 'data', seq: String(seq) },
  utf8(JSON.stringify({ type: 'delta', text: word })),
];

let ends: Ends;
beforeEach(async () => {
  ends = await inProcessEnds();
});
afterEach(() => ends.close());

describe('a client', () => {
  /** A worker that answers with exactly these messages; returns what it received on its uplink. */
  function scriptedWorker(kind: 'llm' | 'tts', lines: readonly Line[]) {
    const uplink: string[] = [];
    ends.worker.subscribe('_INBOX.up', (message) => uplink.push(message.headers.type ?? ''));
    ends.worker.subscribe(subjects.work(kind, 'e'), ({ reply = '' }) => {
      for (const [headers, payload] of lines) ends.worker.publish(reply, payload ?? nothing, { headers });
    });
    return uplink;
  }
  const reply = () => readAll(remoteLlm(ends.client, ends.clock, 'e', scope).reply(ask, never));

  it('ignores duplicates', async () => {
    scriptedWorker('llm', [
      accepted,
      accepted,
      said(0, 'a'),
      said(0, 'a'),
      said(1, 'b'),
      said(0, 'a'),
      end(2),
      end(2),
    ]);
    expect(await reply()).toEqual({ events: [delta('a'), delta('b')] });
  });

  it('treats a heartbeat as the lost acceptance', async () => {
    const uplink: string[] = [];
    ends.worker.subscribe('_INBOX.up', ({ headers }) => {
      uplink.push(headers.type ?? '');
      if (headers.type === 'finish')
        ends.worker.publish(inbox, utf8('{"type":"final","text":"hello"}'), {
          headers: { type: 'data', seq: '0' },
        });
    });
    let inbox = '';
    ends.worker.subscribe(subjects.work('stt', 'e'), ({ reply = '' }) => {
      inbox = reply;
      ends.worker.publish(reply, nothing, { headers: { type: 'beat', uplink: '_INBOX.up' } });
    });
    const spoken = (async function* () {
      yield { rate: 16_000 as const, samples: new Int16Array(320) };
    })();
    const engine = remoteStt(ends.client, ends.clock, 'e', scope);
    const events = engine.transcribe(spoken, { language: 'en' }, never)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ type: 'final', text: 'hello' });
    await events.return?.(undefined);
    await ends.settle();
    expect(uplink).toEqual(['audio', 'finish', 'cancel']);
  });

  it.each<[string, readonly Line[], number]>([
    ['a message is missing', [accepted, said(0, 'a'), said(2, 'c')], 1],
    ['the last message is missing', [accepted, said(0, 'a'), end(2)], 1],
    ['messages change places', [accepted, said(1, 'b'), said(0, 'a'), end(2)], 0],
    ['a message has no number', [accepted, [{ type: 'data' }, utf8('{"type":"delta","text":"a"}')]], 0],
    ['a number is none', [accepted, said('-1', 'a')], 0],
    ['a payload is not JSON', [accepted, [{ type: 'data', seq: '0' }, utf8('<html>')]], 0],
    ['a payload is not text', [accepted, [{ type: 'data', seq: '0' }, Uint8Array.of(255, 254)]], 0],
    ['an event is unknown', [accepted, [{ type: 'data', seq: '0' }, utf8('{"type":"song"}')]], 0],
    ['a message is unknown', [accepted, said(0, 'a'), [{ type: 'surprise' }]], 1],
    ['a message has no type', [accepted, [{}, utf8('x')]], 0],
    ['an error is rubbish', [accepted, [{ type: 'error', seq: '0' }, utf8('[]')]], 0],
  ])('ends with ENGINE_PROTOCOL and stops the worker when %s', async (_what, lines, before) => {
    const uplink = scriptedWorker('llm', lines);
    const { events, error } = await reply();
    expect(error).toMatchObject({ code: 'ENGINE_PROTOCOL' });
    expect(events).toHaveLength(before);
    await ends.settle();
    expect(uplink).toEqual(['cancel']);
  });

  it.each<[string, readonly Line[]]>([
    ['answers before it accepts', [said(0, 'a')]],
    ['accepts without an uplink', [[{ type: 'accepted' }]]],
    ['names a subject that is not an inbox', [[{ type: 'accepted', uplink: 'parley.v1.s.victim.cmd' }]]],
  ])('ends with ENGINE_PROTOCOL when a worker %s', async (_what, lines) => {
    scriptedWorker('llm', lines);
    expect((await reply()).error).toMatchObject({ code: 'ENGINE_PROTOCOL' });
  });

  it('survives an uplink that is not a valid subject', async () => {
    scriptedWorker('llm', [[{ type: 'accepted', uplink: '_INBOX.not a subject' }], said(1, 'gap')]);
    expect((await reply()).error).toMatchObject({ code: 'ENGINE_PROTOCOL' });
  });

  it('treats an unknown error code of a newer worker as a failure of the engine', async () => {
    scriptedWorker('llm', [
      accepted,
      [{ type: 'error', seq: '0' }, utf8('{"code":"FROM_2030","message":"new"}')],
    ]);
    expect((await reply()).error).toMatchObject({
      code: 'LLM_FAILED',
      message: expect.stringContaining('FROM_2030: new'),
    });
  });

  it.each<[string, Line]>([
    ['half a sample', [{ type: 'data', seq: '0', rate: '16000' }, new Uint8Array(3)]],
    ['a rate of zero', [{ type: 'data', seq: '0', rate: '0' }, new Uint8Array(4)]],
    ['a rate that is not a number', [{ type: 'data', seq: '0', rate: 'fast' }, new Uint8Array(4)]],
    [
      'a mouth shape that is none',
      [{ type: 'data', seq: '0' }, utf8('{"type":"phoneme","sample":0,"phoneme":"a","viseme":22}')],
    ],
  ])('ends with ENGINE_PROTOCOL when speech comes with %s', async (_what, line) => {
    scriptedWorker('tts', [accepted, line]);
    const engine = remoteTts(ends.client, ends.clock, 'e', scope);
    const { error } = await readAll(engine.synthesize({ text: 'x', language: 'en' }, never));
    expect(error).toMatchObject({ code: 'ENGINE_PROTOCOL' });
  });

  it('passes on the error of the bus for a request that is too large', async () => {
    const bus = inProcessBus({ maxPayload: 1_000 });
    const large = { ...ask, messages: [{ role: 'user' as const, content: 'x'.repeat(2_000) }] };
    const { error } = await readAll(remoteLlm(bus, ends.clock, 'e', scope).reply(large, never));
    expect(error).toMatchObject({ code: 'BUS_PAYLOAD' });
  });

  it('ends with the error of the bus when that is closed', async () => {
    const bus = inProcessBus();
    await bus.drain();
    const { error } = await readAll(remoteLlm(bus, ends.clock, 'e', scope).reply(ask, never));
    expect(error).toMatchObject({ code: 'BUS_CLOSED' });
  });

  it('ends with ENGINE_LOST when the bus closes in mid-stream', async () => {
    const clock = new VirtualClock({ settle: ends.settle });
    const bus = inProcessBus({ clock });
    const host = hostLlm(bus, clock, hangingLlm('e').engine);
    const events = remoteLlm(bus, clock, 'e', scope).reply(ask, never)[Symbol.asyncIterator]();
    await events.next();
    const next = expect(events.next()).rejects.toMatchObject({
      code: expect.stringMatching(/ENGINE_LOST|BUS_CLOSED/),
    });
    await bus.drain();
    await clock.advance(5_000);
    await next;
    expect(host.active()).toBe(0);
  });
});

describe('a worker', () => {
  /** Sends a raw request; yields the answers as they arrive. */
  function request(kind: 'llm' | 'stt', payload: Uint8Array, headers: Readonly<Record<string, string>>) {
    const answers: BusMessage[] = [];
    const inbox = ends.client.inbox();
    ends.client.subscribe(inbox, (message) => answers.push(message));
    ends.client.publish(subjects.work(kind, 'e'), payload, { reply: inbox, headers });
    return answers;
  }
  const good = { session: 's', generation: '1', request: '0' };
  const types = (answers: readonly BusMessage[]) => answers.map((answer) => answer.headers.type);

  it.each<[string, Uint8Array, Readonly<Record<string, string>>]>([
    ['no JSON', utf8('{'), good],
    ['no text', Uint8Array.of(0xff), good],
    ['JSON of another shape', utf8('{"messages":"hello"}'), good],
    ['no session', utf8(JSON.stringify(ask)), { generation: '1' }],
    ['no generation', utf8(JSON.stringify(ask)), { session: 's' }],
    ['a generation that is none', utf8(JSON.stringify(ask)), { session: 's', generation: '1e3' }],
  ])('refuses a request with %s and serves the next', async (_what, payload, headers) => {
    const host = hostLlm(
      ends.worker,
      ends.clock,
      llm('e', async function* () {
        yield delta('fine');
      }),
    );
    const answers = request('llm', payload, headers);
    await ends.settle();
    expect(types(answers)).toEqual(['error']);
    expect(JSON.parse(text(answers[0]?.payload ?? nothing))).toMatchObject({ code: 'ENGINE_PROTOCOL' });
    expect(host.active()).toBe(0);
    expect(await readAll(remoteLlm(ends.client, ends.clock, 'e', scope).reply(ask, never))).toEqual({
      events: [delta('fine')],
    });
  });

  it('ignores a request without a reply address', async () => {
    const { engine, calls } = hangingLlm('e');
    hostLlm(ends.worker, ends.clock, engine);
    ends.client.publish(subjects.work('llm', 'e'), utf8(JSON.stringify(ask)), { headers: good });
    await ends.settle();
    expect(calls()).toBe(0);
  });

  it.each<[string, readonly Line[]]>([
    [
      'leaves audio out',
      [
        [{ type: 'audio', seq: '0' }, new Uint8Array(640)],
        [{ type: 'audio', seq: '2' }, new Uint8Array(640)],
      ],
    ],
    ['leaves the last audio out', [[{ type: 'finish', seq: '1' }]]],
    ['does not number its audio', [[{ type: 'audio' }, new Uint8Array(640)]]],
    ['sends half a sample', [[{ type: 'audio', seq: '0' }, new Uint8Array(641)]]],
    ['sends an unknown type', [[{ type: 'music' }]]],
  ])('ends a recognition with ENGINE_PROTOCOL when its client %s', async (_what, lines) => {
    let stopped = 0;
    hostStt(
      ends.worker,
      ends.clock,
      stt('e', async function* (_audio, _language, signal) {
        yield { type: 'partial', text: '' };
        await aborted(signal).finally(() => stopped++);
      }),
    );
    const answers = request('stt', utf8('{"language":"en"}'), good);
    await ends.settle();
    const uplink = answers[0]?.headers.uplink ?? '';
    for (const [headers, payload] of lines) ends.client.publish(uplink, payload ?? nothing, { headers });
    await ends.settle();
    expect(types(answers)).toEqual(['accepted', 'data', 'error']);
    expect(JSON.parse(text(answers[2]?.payload ?? nothing))).toMatchObject({ code: 'ENGINE_PROTOCOL' });
    expect(stopped).toBe(1);
  });

  it('answers a presence check without starting an engine', async () => {
    const { engine, calls } = hangingLlm('e');
    const host = hostLlm(ends.worker, ends.clock, engine);
    expect(await hasWorker(ends.client, 'llm', 'e', 1_000)).toBe(true);
    expect(await hasWorker(ends.client, 'llm', 'another', 1_000)).toBe(false);
    expect([host.active(), calls()]).toEqual([0, 0]);
  });

  it('accepts duplicate audio once', async () => {
    hostStt(
      ends.worker,
      ends.clock,
      stt('e', async function* (audio) {
        let samples = 0;
        for await (const piece of audio) samples += piece.samples.length;
        yield { type: 'final', text: String(samples) };
      }),
    );
    const answers = request('stt', utf8('{"language":"en"}'), good);
    await ends.settle();
    const uplink = answers[0]?.headers.uplink ?? '';
    for (const seq of ['0', '0', '1']) {
      ends.client.publish(uplink, new Uint8Array(640), { headers: { type: 'audio', seq } });
    }
    for (const seq of ['2', '2']) ends.client.publish(uplink, nothing, { headers: { type: 'finish', seq } });
    await ends.settle();
    expect(types(answers)).toEqual(['accepted', 'data', 'end']);
    expect(text(answers[1]?.payload ?? nothing)).toContain('"640"');
  });

  it('sends heartbeats only while it sends no events', async () => {
    const { engine } = hangingLlm('e');
    hostLlm(ends.worker, ends.clock, engine, { clientLostMs: 60_000 });
    const answers = request('llm', utf8(JSON.stringify(ask)), good);
    await ends.pass(499);
    expect(types(answers)).toEqual(['accepted', 'data']);
    await ends.pass(1_501);
    expect(types(answers)).toEqual(['accepted', 'data', 'beat', 'beat', 'beat', 'beat']);
  });

  it('runs a duplicate request once', async () => {
    const pump = manualPump();
    const bus = inProcessBus({ pump, clock: ends.clock });
    const { engine, calls } = hangingLlm('e');
    hostLlm(bus, ends.clock, engine);
    const events = remoteLlm(bus, ends.clock, 'e', scope).reply(ask, never)[Symbol.asyncIterator]();
    const first = events.next();
    await ends.settle();
    pump.duplicate();
    pump.deliverAll();
    await ends.settle();
    pump.deliverAll();
    expect(await first).toEqual({ done: false, value: delta('one') });
    expect(calls()).toBe(1);
  });

  it('survives an event that is too large for the bus, and reports it', async () => {
    const bus = inProcessBus({ maxPayload: 2_000, clock: ends.clock });
    hostLlm(
      bus,
      ends.clock,
      llm('e', async function* () {
        yield delta('x'.repeat(5_000));
      }),
    );
    const { error } = await readAll(remoteLlm(bus, ends.clock, 'e', scope).reply(ask, never));
    expect(error).toMatchObject({ code: 'BUS_PAYLOAD' });
  });
});
