import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionRecord, SessionRecords } from '../ports/session-records.ts';
import { RecordKeeper, type SharedWaits } from './record-keeper.ts';

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

/** Another process has taken the session. */
function takenBy(owner: string, epoch: number, revision: number): void {
  if (store.stored) store.stored = { record: { ...store.stored.record, owner, epoch }, revision };
}

function keeper(
  taken?: { readonly revision: number; readonly epoch: number },
  shared?: SharedWaits,
): RecordKeeper {
  const kept = new RecordKeeper({
    ...{
      session: 's',
      records: store,
      owner: 'a',
      opening,
      clock,
      wallMs: () => clock.nowMs(),
      taken,
      shared,
    },
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
    takenBy('b', 3, 9);
    const saved = [record.change(false), record.saved()].at(-1);
    await store.answer();
    await expect(saved).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
    expect(problems).toEqual(['fenced']);
    expect(record.isFenced).toBe(true);
    await expect(record.saved()).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
    record.change(true);
    await record.end();
    expect(store.log).toEqual(['urgent 1 of 0', 'urgent 1 of 1', 'load']);
  });

  it('leaves that one the record, also if it notices at the end of its session', async () => {
    const record = keeper();
    record.change(true);
    await store.answer();
    takenBy('b', 3, 9);
    store.delete = async (_session, revision) => {
      store.log.push(`delete ${revision}`);
      throw new ParleyError('EPOCH_SUPERSEDED');
    };
    await record.end();
    expect(store.log).toEqual(['urgent 1 of 0', 'delete 1', 'load']);
    expect(problems).toEqual([]);
  });
});

describe('a write that names another revision', () => {
  it('is made again if the other write was its own, and had arrived late', async () => {
    const record = keeper();
    record.change(true);
    await store.answer();
    if (store.stored) store.stored = { ...store.stored, revision: 2 };
    record.change(true);
    await store.answer();
    expect(store.log).toEqual(['urgent 1 of 0', 'urgent 1 of 1', 'load', 'urgent 1 of 2']);
    await store.answer();
    await record.saved();
    expect(problems).toEqual([]);
  });

  it('is made again if a broker has stored a write of the process before a second time', async () => {
    const record = keeper({ revision: 1, epoch: 5 });
    const opened = { leaseUntilMs: 0, contextVersion: 1, opening, snapshot: '' };
    store.stored = { record: { ...opened, owner: 'b', epoch: 3 }, revision: 2 };
    record.change(true);
    await store.answer();
    expect(store.log).toEqual(['urgent 1 of 1', 'load', 'urgent 1 of 2']);
    await store.answer();
    expect(store.stored.record).toMatchObject({ owner: 'a', epoch: 5 });
    expect(problems).toEqual([]);
  });
});

describe('a record that servers share', () => {
  const shared = { turnMs: 250, actionMs: 2_000, leaseMs: 60_000, connected: () => isConnected };
  let isConnected: boolean;
  beforeEach(() => {
    isConnected = true;
  });
  const outcome = (work: Promise<void> | undefined) => {
    const log: string[] = [];
    work?.then(
      () => log.push('done'),
      (error) => log.push(error.code),
    );
    return log;
  };

  const passed = async (ms: number) => {
    await clock.advance(ms);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };

  it('makes an action wait, and then refuses it; the end of a turn waits less, or not at all', async () => {
    const record = keeper(undefined, shared);
    record.change(true);
    const [action, turn] = [outcome(record.saved()), outcome(record.acknowledged?.())];
    isConnected = false;
    const unreachable = outcome(record.acknowledged?.());
    await passed(1);
    expect([action, turn, unreachable]).toEqual([[], [], ['done']]);
    await passed(250);
    expect([action, turn]).toEqual([[], ['done']]);
    await passed(1_760);
    expect(action).toEqual(['BUS_UNREACHABLE']);
    const next = outcome(record.saved());
    await store.answer();
    expect(next).toEqual(['done']);
  });

  it('is tried again while an action waits for it', async () => {
    store.loseAnswers(2);
    const record = keeper(undefined, shared);
    record.change(true);
    const action = outcome(record.saved());
    await store.answer();
    await clock.advance(50);
    await store.answer();
    await clock.advance(100);
    expect(store.log).toEqual(['urgent 1 of 0', 'load', 'urgent 1 of 1', 'load', 'urgent 1 of 2']);
    await store.answer();
    expect(action).toEqual(['done']);
    expect(problems).toHaveLength(2);
  });

  it('lets no turn end once another server has the session, or has ended it', async () => {
    const record = keeper(undefined, shared);
    record.change(true);
    await store.answer();
    takenBy('b', 3, 9);
    record.change(true);
    const turn = outcome(record.acknowledged?.());
    await store.answer();
    expect(turn).toEqual(['EPOCH_SUPERSEDED']);
    expect(problems).toEqual(['fenced']);
  });

  it('is written again before its lease ends', async () => {
    const record = keeper(undefined, shared);
    record.change(true);
    await store.answer();
    await clock.advance(20_250);
    expect(store.log).toEqual(['urgent 1 of 0', 'save 1 of 1']);
    await store.answer();
    expect(store.stored?.record.leaseUntilMs).toBe(80_250);
    record.abandon();
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
