// A worker with the engines of the servers, and the analytics role. Its only argument is its place, as JSON.
import { hostLlm, hostStt, hostTts } from '../../actors/engine-rpc/mod.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { makeBus } from '../../server/bus.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { workRoles } from '../../server/outbox/role-worker.ts';
import { engines } from './engines.ts';
import type { WorkerPlace } from './scene.ts';

const { dataDir, natsUrl, replicas, logLevel }: WorkerPlace = JSON.parse(process.argv[2] ?? '{}');
const config = loadConfig({
  env: {},
  flags: { dataDir, 'bus.nats-url': natsUrl, 'nats.replicas': replicas },
});
const log = makeLogger(logLevel, 'json');

await workRoles(['analytics'], config, log);
const bus = await makeBus(config, log);
hostStt(bus, realClock, engines.stt);
hostLlm(bus, realClock, engines.llm);
hostTts(bus, realClock, engines.tts);
await bus.flush();
console.log('works');
