import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Lease } from '../ports/lease.ts';
import { Replica } from './replica.ts';
import { SessionLease } from './session-lease.ts';
import { opening, recordOf, SharedBroker, testClock, type Weather } from './stores-test-util.ts';
import { takeSession } from './takeover.ts';

export const SESSION = 's';
const fine = (): Weather => ({ delayMs: 2, fate: 'fine' });

/** A server with one session, which notes in `log` what happens to it. */
function server(broker: SharedBroker, clock: ReturnType<typeof testClock>, name: string, log: string[]) {
  const weather = fine();
  const { leases, stream } = broker.link(weather);
  const self = { server: name, url: `ws://${name}` };
  const own: JournalRecord[] = [];
  let lease: SessionLease;
  let replica: Replica;
  function run(held: { lease: Lease; revision: number; last: number; next: number; number: number }) {
    const onLost = () => {
      log.push(`${name} lost the lease`);
      replica.close();
    };
    lease = new SessionLease({
      ...{ session: SESSION, lease: held.lease, revision: held.revision },
      ...{ store: leases, clock, renewMs: 60_000, onLost },
      onProblem: ({ message }) => log.push(`${name}: ${message}`),
    });
    replica = new Replica({
      ...{ session: SESSION, server: name, epoch: held.lease.epoch, stream, clock, opening },
      ...{ last: held.last, next: held.next, number: held.number },
      own: async (from, limit) => own.slice(from, from + limit),
      reclaim: () => lease.confirm(),
      onFenced: () => {
        log.push(`${name} is fenced`);
        lease.leave();
      },
      onProblem: ({ message }) => log.push(`${name}: ${message}`),
    });
  }
  return {
    ...{ weather, own, stream, leases },
    begin() {
      run({
        lease: { ...self, epoch: 1, proof: 'p', machine: 'm' },
        revision: 0,
        last: 0,
        next: 0,
        number: 0,
      });
    },
    /** Writes records one by one, each into a batch of its own. */
    async writeBatches(count: number) {
      for (let i = 0; i < count; i++) {
        this.write(1);
        await clock.advance(100);
      }
    },
    write(count: number) {
      for (let i = 0; i < count; i++) {
        const record = recordOf(own.length);
        own.push(record);
        replica.append(record);
      }
    },
    durable(withinMs = 10_000) {
      return replica.durable(withinMs).then(
        () => log.push(`${name} durable ${own.length}`),
        ({ code }) => log.push(`${name} ${code}`),
      );
    },
    async take() {
      const found = await leases.read(SESSION);
      if (!found) throw new Error('no lease');
      const newest = await stream.last(SESSION);
      if (!newest) throw new Error('no journal');
      const takeover = await takeSession({ session: SESSION, self, found, last: newest, leases, stream });
      if (takeover.type !== 'taken') {
        log.push(`${name} ${takeover.type}`);
        return takeover;
      }
      const { lease, revision, records, last } = takeover.session;
      own.push(...records);
      run({ lease, revision, last, next: records.length, number: 1 });
      log.push(`${name} has ${records.length} in epoch ${lease.epoch}`);
      return takeover;
    },
    stop() {
      replica.close();
      lease.leave();
    },
    confirm: () => lease.confirm(),
    replica: () => replica,
    lease: () => lease,
  };
}

/** Servers that share a broker, and the log of what happens to them. */
export function scene() {
  const clock = testClock();
  const log: string[] = [];
  const broker = new SharedBroker(clock);
  const all: ReturnType<typeof server>[] = [];
  const add = (name: string) => {
    const one = server(broker, clock, name, log);
    all.push(one);
    return one;
  };
  const records = () =>
    (broker.batches.get(SESSION) ?? []).flatMap(({ batch }) => batch.records.map(({ record }) => record));
  return { clock, log, broker, add, records };
}

/** The numbers below `count`. */
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
