import { type Row, valueRow } from '../report/rows.ts';
import type { Benchmark } from './benchmark.ts';

/** Share of engine requests that need a new connection. */
export const connectionReuseBenchmark: Benchmark = {
  name: 'connection-reuse',
  run: async (context) => {
    const rows: Row[] = [];
    for (const bus of context.options.buses) {
      let opened = 0;
      let requests = 0;
      let brokenOff = 0;
      for (const [, { engines, clients }] of await context.conversations(bus)) {
        const steady = (times: readonly number[]) =>
          times.filter((atMs) => atMs >= clients.measureFromMs).length;
        opened += steady(engines.connectionsMs);
        requests += steady(engines.requestsMs);
        brokenOff += steady(engines.brokenOffMs);
      }
      const reused = (fresh: number) => 100 * (1 - Math.max(0, fresh) / Math.max(1, requests));
      rows.push(
        valueRow({ what: 'requests over a known connection', bus }, '%', reused(opened), { atLeast: 99 }),
        valueRow({ what: '· where none was called off', bus }, '%', reused(opened - brokenOff), {
          atLeast: 99,
        }),
        valueRow({ what: '· requests', bus }, '', requests),
        valueRow({ what: '· called off by a barge-in', bus }, '', brokenOff),
      );
    }
    return {
      name: 'connection-reuse',
      method: [
        'Over all conversations once all sessions were under way: connections that the engine process accepted against requests that came.',
        'HTTP/1.1 cannot call off an answer but by closing its connection, so each that a barge-in calls off costs one: second line without.',
      ],
      rows,
      notes: [],
    };
  },
};
