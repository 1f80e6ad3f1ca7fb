import { afterEach, describe, expect, it } from 'vitest';
import { edgeTts } from '../../adapters/tts/edge/edge.ts';
import { openaiTts } from '../../adapters/tts/openai/openai.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { edgeReply } from './edge-replies.ts';
import { edgeServer } from './edge-server.ts';
import { speechReply, toneSamples } from './openai-replies.ts';
import { openaiServer } from './openai-server.ts';
import { outcomeOf } from './outcome.ts';
import { readWav } from './wav.ts';

const HELLO = { text: 'hello', language: 'en' };
const never = () => new AbortController().signal;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('loopback servers', () => {
  it('openaiServer waits on the clock that it is given', async () => {
    const clock = new VirtualClock();
    const script = () => speechReply(toneSamples(20, 24_000), { firstMs: 60_000 });
    const server = await openaiServer({ speech: script, clock });
    const engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v' });
    closing.push(() => engine.close(), server.close);
    const running = outcomeOf(engine.synthesize(HELLO, never()));
    await server.nextRequest();
    expect(clock.nextAtMs()).toBe(60_000);
    await clock.advance(60_000);
    expect((await running).end).toBe('done');
  });

  it('edgeServer waits on the clock that it is given', async () => {
    const clock = new VirtualClock();
    const server = await edgeServer({ speech: () => edgeReply({ firstMs: 60_000 }), clock });
    const engine = edgeTts({ endpoint: server.endpoint });
    closing.push(() => engine.close(), server.close);
    const running = outcomeOf(engine.synthesize(HELLO, never()));
    await server.nextRequest();
    await clock.advance(60_000);
    expect((await running).end).toBe('done');
  });

  it('a wait ends when the client goes away', async () => {
    const clock = new VirtualClock();
    const server = await openaiServer({ speech: () => [{ do: 'wait', ms: 60_000 }], clock });
    const engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v' });
    closing.push(() => engine.close(), server.close);
    const controller = new AbortController();
    const running = outcomeOf(engine.synthesize(HELLO, controller.signal));
    const request = await server.nextRequest();
    controller.abort();
    await running;
    expect(await request.outcome).toBe('gone');
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it.each([
    ['too short', Buffer.from('RIFF')],
    ['of another kind', Buffer.from('ID3 and whatever follows')],
    ['cut off', Buffer.from('RIFF\x0c\x00\x00\x00WAVEdata\x09\x00\x00\x00')],
    ['without a format', Buffer.from('RIFF\x0c\x00\x00\x00WAVEdata\x00\x00\x00\x00')],
    ['without data', Buffer.from('RIFF\x04\x00\x00\x00WAVE')],
  ])('readWav refuses a file that is %s', (_, bytes) => {
    expect(() => readWav(bytes)).toThrow();
  });
});
