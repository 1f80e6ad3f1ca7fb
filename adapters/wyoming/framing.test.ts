import { expect, it } from 'vitest';
import { encodeEvent, Framer, type WyomingEvent } from './framing.ts';

/** What a stream in pieces of this size is read as. */
function read(bytes: Buffer, size = bytes.byteLength) {
  const framer = new Framer();
  const events: WyomingEvent[] = [];
  for (let at = 0; at < bytes.byteLength; at += size) {
    const problem = framer.push(bytes.subarray(at, at + size), (event) => events.push(event));
    if (problem) return { events, problem };
  }
  return { events, partial: framer.isPartial };
}

const STREAM = Buffer.concat([
  Buffer.from('{"type":"describe"}\n'),
  Buffer.from('{"type":"ping","data":{"text":"a"},"version":"1.5.2"}\n'),
  Buffer.from('{"type":"x","data":{"a":1,"b":1},"data_length":7,"payload_length":3}\n{"b":2}\n\n\n'),
  Buffer.from('{"type":"y","data":null,"data_length":null,"payload_length":0}\n'),
]);

it.each([1, 2, 7, 1_000])('reads events from pieces of %i bytes, with data inline and in a block', (size) => {
  const { events, partial } = read(STREAM, size);
  expect(events).toEqual([
    { type: 'describe', data: {}, payload: Buffer.alloc(0) },
    { type: 'ping', data: { text: 'a' }, payload: Buffer.alloc(0) },
    { type: 'x', data: { a: 1, b: 2 }, payload: Buffer.from('\n\n\n') },
    { type: 'y', data: {}, payload: Buffer.alloc(0) },
  ]);
  expect(partial).toBe(false);
});

it('writes what it reads, with the version, and lengths only of what is there', () => {
  const bytes = encodeEvent('audio-chunk', { rate: 16_000, text: 'é' }, Buffer.from([1, 2]));
  expect(read(bytes).events).toEqual([
    { type: 'audio-chunk', data: { rate: 16_000, text: 'é' }, payload: Buffer.from([1, 2]) },
  ]);
  const [line = ''] = bytes.toString().split('\n');
  expect(JSON.parse(line)).toEqual({
    ...{ type: 'audio-chunk', version: '1.7.2', data_length: 26, payload_length: 2 },
  });
  expect(encodeEvent('audio-stop').toString()).toBe('{"type":"audio-stop","version":"1.7.2"}\n');
});

it.each([
  ['text that is not JSON', 'GET / HTTP/1.1\r\n\r\n', 'BAD_MESSAGE'],
  ['an empty line', '\n', 'BAD_MESSAGE'],
  ['a header that is not an object', '[]\n', 'BAD_MESSAGE'],
  ['a header without a type', '{"data":{}}\n', 'BAD_MESSAGE'],
  ['a negative length', '{"type":"x","payload_length":-1}\n', 'BAD_MESSAGE'],
  ['data that are not an object', '{"type":"x","data_length":2}\n[]', 'BAD_MESSAGE'],
  ['a header of more than 64 KiB', `{"type":"${'x'.repeat(70_000)}`, 'TOO_LARGE'],
  ['data of more than 64 KiB', '{"type":"x","data_length":65537}\n', 'TOO_LARGE'],
  ['a payload of more than 256 KiB', '{"type":"x","payload_length":262145}\n', 'TOO_LARGE'],
])('refuses %s', (_what, text, code) => {
  expect(read(Buffer.from(text)).problem).toMatchObject({ code });
});
