import { describe, expect, it } from 'vitest';
import { AsyncQueue } from './async-queue.ts';

async function readAll(queue: AsyncQueue<number>): Promise<number[]> {
  const read: number[] = [];
  for await (const item of queue) read.push(item);
  return read;
}

function filled(...items: readonly number[]): AsyncQueue<number> {
  const queue = new AsyncQueue<number>();
  for (const item of items) queue.push(item, 10);
  return queue;
}

describe('a queue', () => {
  it('delivers items from before and after its reader came, in order', async () => {
    const queue = filled(1, 2);
    const read: number[] = [];
    for await (const item of queue) {
      read.push(item);
      if (item === 2) {
        queue.push(3);
        queueMicrotask(() => queue.push(4));
      }
      if (item === 4) queue.end();
    }
    expect(read).toEqual([1, 2, 3, 4]);
  });

  it('gives each item to its consumer before the push returns', () => {
    const queue = filled(1, 2);
    const consumed: number[] = [];
    queue.consume((item) => consumed.push(item));
    queue.push(3);
    expect([consumed, queue.bytes]).toEqual([[1, 2, 3], 0]);
  });

  it('answers waiting readers in the order in which they asked', async () => {
    const queue = new AsyncQueue<number>();
    const taken = Promise.all([queue.take(), queue.take()]);
    queue.push(1);
    queue.push(2);
    expect(await taken).toEqual([1, 2]);
  });

  it('knows how much is unread', async () => {
    const queue = filled(1, 2, 3);
    await queue.take();
    expect(queue.bytes).toBe(20);
    expect(queue.unread).toEqual([2, 3]);
  });

  it('ends or fails after its unread items', async () => {
    const ended = filled(1, 2);
    ended.end();
    expect(await readAll(ended)).toEqual([1, 2]);
    const failed = filled(1);
    failed.fail(new Error('broken'));
    expect(await failed.take()).toBe(1);
    await expect(failed.take()).rejects.toThrow('broken');
    await expect(failed.take()).rejects.toThrow('ended');
  });

  it('drops its unread items when it is aborted or closed, also after its end', async () => {
    const aborted = filled(1);
    aborted.end();
    aborted.abort(new Error('aborted'));
    await expect(readAll(aborted)).rejects.toThrow('aborted');
    const closed = filled(1);
    closed.close();
    expect(await readAll(closed)).toEqual([]);
    expect(closed.bytes).toBe(0);
  });

  it('ends the loop of a waiting reader when it is closed', async () => {
    const queue = new AsyncQueue<number>();
    const reading = readAll(queue);
    queue.close();
    expect(await reading).toEqual([]);
  });

  it('accepts nothing after its end, so that a stopped child starts no more work', async () => {
    const queue = filled(1);
    queue.close();
    queue.push(2);
    expect(await readAll(queue)).toEqual([]);
  });

  it('is closed by a reader that leaves', async () => {
    const queue = filled(1, 2);
    for await (const _ of queue) break;
    queue.push(3);
    expect(await readAll(queue)).toEqual([]);
  });

  it('merges what a slow reader has not read yet, and nothing else', async () => {
    const queue = new AsyncQueue<number>((last, next) => (next < 10 ? last + next : undefined));
    const first = queue.take();
    for (const item of [1, 2, 3, 10, 4]) queue.push(item, 1);
    expect(await first).toBe(1);
    expect(queue.bytes).toBe(4);
    queue.end();
    expect(await readAll(queue)).toEqual([5, 14]);
  });
});
