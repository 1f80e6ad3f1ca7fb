/** A whole server, and robots whose audio is not as one would wish, over raw sockets. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SessionMessage } from '../../machines/wire.ts';
import { sound, startServer } from '../realtime/scene.ts';
import { afterTest } from '../support/after-test.ts';

const FRAME = 640;
const REPLY = 'One two three four five six seven eight nine ten.';

async function start() {
  const { server } = await startServer({
    reply: () => ({ text: REPLY }),
    voice: { msPerChar: 80 },
  });
  return { url: server.url.replace('http', 'ws') };
}

/** 16 kHz instead of the 24 kHz of `sound`. */
function spoken(ms: number, loud: boolean): Buffer {
  return sound((ms * 2) / 3, loud);
}

/** A client of the native protocol, with all messages it got. */
async function dial(url: string, path = '/v1/session') {
  const protocols = path === '/v1/session' ? ['parley.v1'] : [];
  const socket = new WebSocket(`${url}${path}`, protocols);
  afterTest(() => socket.terminate());
  const messages: SessionMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data, isBinary) => {
    if (!isBinary) messages.push(JSON.parse(String(data)));
    for (const check of waiting) check();
  });
  await once(socket, 'open');
  const until = (matches: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!matches()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const of = <T extends string>(type: T) => messages.filter((one) => (one.type as string) === type);
  return { socket, messages, of, until };
}

const HELLO = JSON.stringify({ type: 'hello', output: 'text' });

describe('a robot', () => {
  it('that recorded 3 s before its session was ready, and sends them at once, is heard', async () => {
    const { url } = await start();
    const { socket, of, until } = await dial(url);
    socket.send(HELLO);
    const recorded = Buffer.concat([spoken(800, true), spoken(2_200, false)]);
    for (let at = 0; at < recorded.byteLength; at += FRAME) socket.send(recorded.subarray(at, at + FRAME));
    await until(() => of('reply.end').length > 0);
    expect(of('transcript').at(-1)).toMatchObject({ text: 'hello there', final: true });
    expect(of('error')).toEqual([]);
    expect(of('notice')).toEqual([]);
  });

  it('whose message is cut into 80 frames is understood at every door', async () => {
    const { url } = await start();
    const words = 'hello '.repeat(60);
    const doors: readonly (readonly [string, string, ...object[]])[] = [
      ['/v1/session', 'reply.end', JSON.parse(HELLO), { type: 'text', text: words }],
      [
        '/rosbridge',
        'service_response',
        { op: 'call_service', service: '/parley/text', args: { text: words } },
      ],
      [
        '/v1/realtime',
        'session.updated',
        { type: 'session.update', session: { type: 'realtime', instructions: words } },
      ],
    ];
    for (const [path, answer, ...says] of doors) {
      const { socket, messages, until } = await dial(url, path);
      for (const message of says) {
        const text = JSON.stringify(message);
        const size = Math.max(1, Math.floor(text.length / 80));
        for (let at = 0; at < text.length; at += size)
          socket.send(text.slice(at, at + size), { fin: at + size >= text.length, binary: false });
      }
      const types = () => messages.map((one): string => one.type ?? (one as { op?: string }).op);
      await until(() => types().includes(answer));
      expect(types()).not.toContain('error');
      socket.close();
    }
  });

  it('that sends stereo at 48 kHz as one channel at 16 kHz learns what is wrong, before the limit closes the door', async () => {
    const { url } = await start();
    const { socket, of, until } = await dial(url);
    socket.send(HELLO);
    await until(() => of('ready').length > 0);
    // 10 ms are 60 ms of what it declares.
    const stereo = Buffer.alloc(1_920);
    const startMs = performance.now();
    for (let sent = 0; socket.readyState === WebSocket.OPEN && of('notice').length === 0; sent++) {
      for (let at = 0; at < 480; at++) {
        const one = 9_000 * Math.sin((sent * 480 + at) / 30);
        stereo.writeInt16LE(Math.round(one), 4 * at);
        stereo.writeInt16LE(Math.round(0.8 * one), 4 * at + 2);
      }
      socket.send(stereo);
      await sleep(Math.max(0, startMs + 10 * (sent + 1) - performance.now()));
    }
    expect(of('notice')).toMatchObject([
      { code: 'AUDIO_PACE', message: expect.stringMatching(/stereo at 48000 Hz/u) },
    ]);
  });
});
