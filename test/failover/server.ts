// A server with scripted engines whose sessions others can take over. Its arguments are its place, as JSON, and its number, if
// it is one process of several. It prints its address.
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { Siblings, supervisorChannel } from '../../server/processes/siblings.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { levelVad } from '../../testing/scripted-engines.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import { engines } from './engines.ts';
import type { Place } from './scene.ts';

const { dataDir, port, natsUrl, replicas, ranFile, logLevel, remote }: Place = JSON.parse(
  process.argv[2] ?? '{}',
);
const config = loadConfig({
  constants: true,
  env: UNHURRIED,
  flags: {
    ...{ port, dataDir, 'log.level': logLevel, 'bus.nats-url': natsUrl },
    ...{
      'failover.enabled': true,
      'failover.action-ms': 2_000,
    },
    'nats.replicas': replicas,
    ...(remote && {
      ...{ 'engines.stt': 'remote', 'engines.llm': 'remote', 'engines.tts': 'remote', 'outbox.roles': '' },
      ...{ 'stt.remote.engine': 'scripted', 'llm.remote.engine': 'scripted' },
      'tts.remote.engine': 'scripted',
    }),
    'limits.drain-grace-ms': 50,
  },
});
const [, , , number] = process.argv;
const end = async () => {
  await server.close();
  process.exit(0);
};
const siblings =
  number === undefined
    ? undefined
    : new Siblings(number, supervisorChannel(), (graceMs) => void server.leave(graceMs).then(end));

const server: Server = await serve({
  ...(siblings && { siblings }),
  config: { ...config, actions: { ...config.actions, allow: ['*'] } },
  log: makeLogger(logLevel, 'json'),
  parts: {
    ...(!remote && { engines }),
    vad: levelVad(),
    actions: {
      async run({ session, id }, signal) {
        appendFileSync(ranFile, `${session} ${id}\n`);
        await wait(100, undefined, { signal });
        return { status: 'done' };
      },
    },
  },
});
process.once('SIGTERM', () => server.drain().then(end));
if (siblings) process.once('disconnect', end);
console.log(`listens on ${server.url}`);
