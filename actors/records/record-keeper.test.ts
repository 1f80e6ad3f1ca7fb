import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionRecord, SessionRecords } from '../ports/session-records.ts';
import { RecordKeeper } from './record-keeper.ts';

/** A store whose answers a test gives, one after another. */
class Script implements Pick<SessionRecords, 'load' | 'save' | 'delete'> {
  readonly log: string[] = [];
  onSave = () => {};
  stored: { readonly record: SessionRecord; readonly revision: number } | undefined;
  #answers: (() => void)[] = [];
  readonly #lost: boolean[] = [];

  /** The next writes are stored, and their answer is lost. */
  loseAnswers(count: number): void {
    for (let i = 0; i < count; i++) this.#lost.push(true);
  }

  async load() {
    this.log.push('load');
    return this.stored;
  }

  save(_session: string, record: SessionRecord, revision: number, urgent = false): Promise<number> {
    this.log.push(`${urgent ? 'urgent' : 'save'} ${record.snapshot} of ${revision}`);
    this.onSave();
    return new Promise((resolve, reject) => {
      this.#answers.push(() => {
        if (revision !== (this.stored?.revision ?? 0)) return reject(new ParleyError('EPOCH_SUPERSEDED'));
        this.stored = { record, revision: revision + 1 };
        if (this.#lost.shift()) reject(new ParleyError('STORE_FAILED'));
        else resolve(revision + 1);
      });
    });
  }

  async delete(_session: string, revision: number): Promise<void> {
    this.log.push(`delete ${revision}`);
  }

  async answer(): Promise<void> {
    this.#answers.shift()?.();
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
}

const opening = { startedAt: '', language: 'en', proof: 'p' };
let clock: VirtualClock;
let store: Script;
let state: string;
let problems: string[];

function keeper(taken?: { readonly revision: number; readonly epoch: number }): RecordKeeper {
  const kept = new RecordKeeper({
    ...{ session: 's', records: store, owner: 'a', opening, clock, wallMs: () => clock.nowMs(), taken },
    onFenced: () => void problems.push('fenced'),
    onProblem: (error) => void problems.push(error.message),
  });
  kept.follow(() => state);
  return kept;
}

beforeEach(() => {
  clock = new VirtualClock();
  store = new Script();
  state = '1';
  problems = [];
});

describe('the record of a session', () => {
  it('is saved at once if the client sees the change, and within 250 ms otherwise', async () => {
    const record = keeper();
    record.change(true);
    expect(store.log).toEqual(['urgent 1 of 0']);
    await store.answer();
    state = '2';
    record.change(false);
    await clock.advance(249);
    expect(store.log).toHaveLength(1);
    state = '3';
    record.change(false);
    await clock.advance(1);
    expect(store.log.slice(1)).toEqual(['save 3 of 1']);
  });

  it('is written by one write at a time, and the newest state wins', async () => {
    const record = keeper();
    record.change(true);
    for (state of ['2', '3', '4']) record.change(true);
    expect(store.log).toEqual(['urgent 1 of 0']);
    await store.answer();
    expect(store.log).toEqual(['urgent 1 of 0', 'urgent 4 of 1']);
    await store.answer();
    expect(store.log).toHaveLength(2);
  });

  it('is not written a second time by a change that the store itself causes', async () => {
    const record = keeper();
    store.onSave = () => {
      store.onSave = () => {};
      state = '2';
      record.change(true);
    };
    record.change(true);
    expect(store.log).toEqual(['urgent 1 of 0']);
    await store.answer();
    expect(store.log).toEqual(['urgent 1 of 0', 'urgent 2 of 1']);
    await store.answer();
    expect(problems).toEqual([]);
  });

  it('lets an effect out only when the state that led to it is stored', async () => {
    const record = keeper();
    record.change(true);
    state = '2';
    record.change(false);
    const log: string[] = [];
    const saved = record.saved().then(() => log.push('saved'));
    await store.answer();
    expect(log).toEqual([]);
    expect(store.log).toEqual(['urgent 1 of 0', 'urgent 2 of 1']);
    await store.answer();
    await saved;
    expect(log).toEqual(['saved']);
  });

  it('is left without an owner, for the next process', async () => {
    const record = keeper();
    state = 'left';
    const left = record.leave();
    await store.answer();
    expect(store.log).toEqual(['urgent left of 0']);
    await left;
    expect(store.stored?.record).toMatchObject({ owner: '', leaseUntilMs: 0 });
    expect(problems).toEqual([]);
    store.log.length = 0;
    record.change(true);
    expect(store.log).toEqual([]);
  });

  it('is deleted with the session', async () => {
    const record = keeper();
    record.change(true);
    const ended = record.end();
    await store.answer();
    await ended;
    expect(store.log).toEqual(['urgent 1 of 0', 'delete 1']);
  });
});

describe('a process that another has replaced', () => {
  it('is fenced at its next write: no effect is let out, and nothing more is written', async () => {
    const record = keeper();
    record.change(true);
    await store.answer();
    if (store.stored) store.stored = { ...store.stored, revision: 9 };
    const saved = [record.change(false), record.saved()].at(-1);
    await store.answer();
    await expect(saved).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
    expect(problems).toEqual(['fenced']);
    expect(record.isFenced).toBe(true);
    await expect(record.saved()).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
    record.change(true);
    await record.end();
    expect(store.log).toHaveLength(2);
  });
});

describe('a store that fails', () => {
  it('is asked again after a second, and what it has stored is not taken for the write of another process', async () => {
    store.loseAnswers(1);
    const record = keeper();
    record.change(true);
    const saved = record.saved();
    await store.answer();
    await expect(saved).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(problems).toHaveLength(1);
    await clock.advance(1_000);
    expect(store.log).toEqual(['urgent 1 of 0', 'load', 'save 1 of 1']);
    await store.answer();
    await record.saved();
    expect(problems).toHaveLength(1);
  });
});

describe('an epoch that a client has seen', () => {
  it('never goes back, and is stored at once', async () => {
    const record = keeper({ revision: 1, epoch: 4 });
    store.stored = undefined;
    record.epoch = 3;
    expect(record.epoch).toBe(4);
    expect(store.log).toEqual([]);
    record.epoch = 6;
    expect(store.log).toEqual(['urgent 1 of 1']);
  });
});
