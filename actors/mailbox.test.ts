import { describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.ts';

async function readAll(mailbox: Mailbox<number>): Promise<number[]> {
  const read: number[] = [];
  for await (const item of mailbox) read.push(item);
  return read;
}

describe('a mailbox', () => {
  it('delivers messages from before and after its reader came, in order', async () => {
    const mailbox = new Mailbox<number>();
    mailbox.put(1);
    mailbox.put(2);
    const read: number[] = [];
    for await (const item of mailbox) {
      read.push(item);
      if (item === 2) {
        mailbox.put(3);
        queueMicrotask(() => mailbox.put(4));
      }
      if (item === 4) mailbox.close();
    }
    expect(read).toEqual([1, 2, 3, 4]);
  });

  it('ends the loop of a waiting reader when it is closed', async () => {
    const mailbox = new Mailbox<number>();
    const reading = readAll(mailbox);
    mailbox.close();
    expect(await reading).toEqual([]);
  });

  it('delivers nothing after it was closed, so a stopped child starts no more work', async () => {
    const mailbox = new Mailbox<number>();
    mailbox.put(1);
    mailbox.close();
    mailbox.put(2);
    expect(await readAll(mailbox)).toEqual([]);
  });
});
