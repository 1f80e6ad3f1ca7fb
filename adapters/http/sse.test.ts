import { describe, expect, it } from 'vitest';
import { eventData } from './sse.ts';

const utf8 = new TextEncoder();

/** The events of `text` when it comes in pieces of `size` bytes. */
async function eventsOf(text: string, size = 1_000, maxEventChars = 100): Promise<string[]> {
  const bytes = utf8.encode(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const events: string[] = [];
  for await (const data of eventData(pieces(), maxEventChars)) events.push(data);
  return events;
}

describe('server-sent events', () => {
  it.each([1, 2, 3, 5, 1_000])(
    'are the same in pieces of %i bytes, whatever ends the lines',
    async (size) => {
      const text =
        ': hello\n\ndata: a\r\n\r\ndata:b\rdata: c\r\rid: 7\n\nevent: x\ndata:  déjà 你好\n\n\ndata\n\n';
      expect(await eventsOf(text, size)).toEqual(['a', 'b\nc', ' déjà 你好']);
    },
  );

  it('drops an incomplete event at the end of the stream', async () => {
    expect(await eventsOf('data: a\n\ndata: b\n')).toEqual(['a']);
  });

  it.each([
    ['without any line', 'x'.repeat(101)],
    ['of one line', `data: ${'x'.repeat(100)}`],
    ['of many lines', 'data: 1234\n'.repeat(11)],
  ])('are not gathered for ever: an event %s', async (_, text) => {
    for (const size of [1, 7, 1_000])
      await expect(eventsOf(text, size)).rejects.toMatchObject({ code: 'ENGINE_PROTOCOL' });
  });

  it('have no total limit as long as each event is short', async () => {
    expect(await eventsOf(`data: ${'x'.repeat(80)}\n\n`.repeat(50), 33)).toHaveLength(50);
  });
});
