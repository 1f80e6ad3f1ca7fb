import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordChange, SessionRecord, SessionRecords } from '../../actors/ports/session-records.ts';

const record = (snapshot: string, head: Partial<SessionRecord> = {}): SessionRecord => ({
  ...{ owner: 'a', epoch: 1, leaseUntilMs: 5_000, contextVersion: 1, snapshot },
  opening: { startedAt: '2026-01-02T03:04:05.000Z', language: 'en', proof: 'p' },
  ...head,
});

/** What every store of session records must do. `open`: two processes that share them. */
export function recordsConformance(open: () => Promise<readonly [SessionRecords, SessionRecords]>): void {
  let own: SessionRecords;
  let other: SessionRecords;
  let session = '';
  let sessions = 0;
  beforeEach(async () => {
    [own, other] = await open();
    sessions += 1;
    session = `session-${sessions}`;
  });

  describe('the record of a session', () => {
    it('is loaded by every process as it was saved last', async () => {
      expect(await own.load(session)).toBeUndefined();
      const first = await own.save(session, record('{"text":"ä\\n\\"x\\""}'), 0, true);
      expect(await other.load(session)).toEqual({
        record: record('{"text":"ä\\n\\"x\\""}'),
        revision: first,
      });
      const opening = { ...record('').opening, user: 'u' };
      const second = await other.save(session, record('2', { owner: 'b', epoch: 3 }), first);
      expect(second).toBeGreaterThan(first);
      const loaded = await own.load(session);
      expect(loaded).toMatchObject({ record: { owner: 'b', epoch: 3, snapshot: '2' }, revision: second });
      await own.save(`${session}-known`, record('1', { opening }), 0);
      expect((await other.load(`${session}-known`))?.record.opening).toEqual(opening);
    });

    it('is written by one of two that know the same revision', async () => {
      const first = await own.save(session, record('1'), 0);
      const results = await Promise.allSettled([
        own.save(session, record('own'), first),
        other.save(session, record('other'), first),
      ]);
      const [won] = results.filter(({ status }) => status === 'fulfilled');
      const [lost] = results.filter(({ status }) => status === 'rejected');
      expect(won).toBeDefined();
      expect(lost).toMatchObject({ reason: { code: 'EPOCH_SUPERSEDED' } });
      await expect(other.save(session, record('late'), first)).rejects.toMatchObject({
        code: 'EPOCH_SUPERSEDED',
      });
      await expect(other.save(session, record('new'), 0)).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
      await expect(other.delete(session, first)).rejects.toMatchObject({ code: 'EPOCH_SUPERSEDED' });
      expect((await own.load(session))?.record.snapshot).toMatch(/^(?:own|other)$/u);
    });

    it('is gone once it is deleted, and cannot be written by a process that had it', async () => {
      const first = await own.save(session, record('1'), 0);
      await other.delete(session, first);
      expect(await own.load(session)).toBeUndefined();
      await expect(own.save(session, record('2'), first)).rejects.toMatchObject({ code: 'SESSION_DELETED' });
      await expect(own.delete(session, first)).rejects.toMatchObject({ code: 'SESSION_DELETED' });
      expect(await own.load(session)).toBeUndefined();
    });

    it('takes a hundred writes one after another, of 20 kB each', async () => {
      let revision = 0;
      for (let i = 0; i < 100; i++)
        revision = await own.save(
          session,
          record(JSON.stringify({ i, text: 'x'.repeat(20_000) })),
          revision,
          true,
        );
      const loaded = await other.load(session);
      expect(loaded?.revision).toBe(revision);
      expect(JSON.parse(loaded?.record.snapshot ?? '')).toMatchObject({ i: 99 });
    });
  });

  describe('a watch', () => {
    it('reports the records that are present, then what other processes change', async () => {
      const first = await own.save(session, record('1'), 0);
      const seen: RecordChange[] = [];
      const stop = await own.watch((change) => {
        if (change.session.startsWith(session)) seen.push(change);
      });
      const { snapshot: _, ...head } = record('1');
      expect(seen).toEqual([{ session, revision: first, head }]);
      const second = await other.save(session, record('2', { owner: 'b', epoch: 2 }), first);
      const expected = { session, revision: second, head: { ...head, owner: 'b', epoch: 2 } };
      await expect.poll(() => seen.at(-1)).toEqual(expected);
      const created = await other.save(`${session}-new`, record('1'), 0);
      await expect.poll(() => seen.at(-1)).toMatchObject({ session: `${session}-new`, revision: created });
      await other.delete(session, second);
      await expect.poll(() => seen.at(-1)).toMatchObject({ session, head: undefined });
      stop();
    });
  });
}
