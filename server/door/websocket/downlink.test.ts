import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { VirtualClock } from '../../../machines/clock.ts';
import { Downlink } from './downlink.ts';

it('writes what was sent in a turn at its end in one go, and at once what is flushed', async () => {
  const writes: string[] = [];
  const wire = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      writes.push(String(chunk));
      done();
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join());
      done();
    },
  });
  const outlet = { bufferedAmount: 0, send: (bytes: Uint8Array) => void wire.write(bytes), ping() {} };
  const limits = { unreadMs: 1_000, pongTimeoutMs: 1_000, pingIntervalMs: 1_000 };
  const downlink = new Downlink(outlet, wire, new VirtualClock(), limits, () => {});
  const send = (text: string) => downlink.sendBinary(Buffer.from(text));

  send('state');
  send('frame 0');
  downlink.flush();
  expect(writes).toEqual(['state,frame 0']);
  send('frame 1');
  send('frame 2');
  expect(writes.length).toBe(1);
  await new Promise(setImmediate);
  expect(writes).toEqual(['state,frame 0', 'frame 1,frame 2']);
  downlink.close();
});
