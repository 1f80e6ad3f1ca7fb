import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { LoadedJournal } from './api.ts';
import { RecordFollower } from './follow.ts';

function record(number: number): JournalRecord {
  const facts = { seq: number, t: number, source: 'client', generation: 0, stale: false } as const;
  const texts = { event: 'null', change: '[]', commands: '[]', stateHash: '', commandsHash: '' };
  return { record: number, ...facts, ...texts };
}

/** A store that has `stored` records, given in pages of three; each page waits for `release`. */
function rig(stored: number) {
  let have = stored;
  const waiting: (() => void)[] = [];
  const asked: number[] = [];
  const given: number[] = [];
  let journals = 0;
  const errors: Error[] = [];
  const api = {
    async journal(session: string, from = 0): Promise<LoadedJournal> {
      asked.push(from);
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (session === 'gone') throw new Error('no such session');
      const to = Math.min(have, from + 3);
      const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
      const facts = { format: 1, session, machine: 'm', version: 'v', startedAt: '' };
      return {
        header: { ...facts, parameters: defaultParameters, input },
        headerHash: 'h',
        footer: { status: 'open', records: null },
        records: Array.from({ length: to - from }, (_, i) => record(from + i)),
        next: to < have ? to : null,
      };
    },
  };
  const follow = (session: string) =>
    new RecordFollower(api, session, {
      onJournal: () => {
        journals += 1;
      },
      onRecords: (records) => given.push(...records.map((one) => one.record)),
      onError: (error) => errors.push(error),
    });
  return {
    follow,
    given,
    asked,
    errors,
    journals: () => journals,
    write: (records: number) => {
      have = records;
    },
    /** Lets every page through until nothing is asked any more. */
    async release(loading: Promise<void>): Promise<void> {
      let done = false;
      const ended = loading.then(() => {
        done = true;
      });
      while (!done) {
        for (const go of waiting.splice(0)) go();
        await Promise.race([ended, Promise.resolve()]);
      }
    },
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('RecordFollower', () => {
  it('loads page by page, and goes on with the feed, each record once and in order', async () => {
    const { follow, given, release, journals } = rig(7);
    const follower = follow('s');

    const loading = follower.refill();
    follower.feed({ records: [record(6), record(7), record(8)] });
    await release(loading);
    follower.feed({ records: [record(9)] });

    expect(given).toEqual(upTo(10));
    expect(journals()).toBe(1);
  });

  it('fetches what the feed left out', async () => {
    const { follow, given, asked, release, write } = rig(2);
    const follower = follow('s');
    await release(follower.refill());

    write(6);
    follower.feed({ records: [record(5)] });
    await release(follower.refill());

    expect(given).toEqual(upTo(6));
    expect(asked[1]).toBe(2);
  });

  it('says once that it cannot load, and can be asked again', async () => {
    const { follow, errors, release } = rig(2);
    const follower = follow('gone');

    await release(follower.refill());
    await release(follower.refill());

    expect(errors.map(({ message }) => message)).toEqual(['no such session', 'no such session']);
  });

  it('gives nothing on once it is closed', async () => {
    const { follow, given, errors, release } = rig(5);
    const follower = follow('s');

    const loading = follower.refill();
    follower.close();
    await release(loading);

    expect(given).toEqual([]);
    expect(errors).toEqual([]);
  });
});
