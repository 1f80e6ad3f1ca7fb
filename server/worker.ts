import { withBehaviour } from '../actors/behaviour/hearing.ts';
import { type EngineHost, hostLlm, hostStt, hostTts } from '../actors/engine-rpc/mod.ts';
import type { OwnRole } from '../actors/ports/event-stream.ts';
import type { EngineKind } from '../actors/subjects.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { realClock } from '../adapters/real-clock.ts';
import { withinTrace } from '../adapters/trace-context.ts';
import { ParleyError } from '../machines/errors.ts';
import { publishEngineCounts } from './analytics/worker-counts.ts';
import { readBehaviour } from './behaviour/load.ts';
import { makeBus } from './bus.ts';
import type { Config } from './config/schema.ts';
import { prepareDataDirectory } from './data-directory.ts';
import { readDialog } from './dialog-file.ts';
import { logEngineEvent, phraseLog } from './engine-log.ts';
import { engineSources } from './engine-sources.ts';
import { makeEngines, requireLocal } from './engines.ts';
import type { Logger } from './log.ts';
import { workRoles } from './outbox/role-worker.ts';
import { openStore } from './shared/shared.ts';

export interface WorkerProcess {
  /** The engines served, such as `stt soundswallower`, and the roles, such as `role analytics`. */
  readonly serves: readonly string[];
  /** Refuses new requests, and ends running ones after a grace. */
  drain(): Promise<void>;
  /** Drains and releases everything. */
  close(): Promise<void>;
}

/**
 * Serves engines, and works roles, for the servers on the same NATS. Rejects with CONFIG_INVALID without NATS or
 * without an engine to serve.
 */
export async function work(
  config: Config,
  { kinds, roles }: { readonly kinds: readonly EngineKind[]; readonly roles: readonly OwnRole[] },
  log: Logger,
  onProgress: (what: string) => void = () => {},
): Promise<WorkerProcess> {
  if (config.bus.natsUrl === undefined) {
    throw new ParleyError(
      'CONFIG_INVALID',
      'a worker meets its servers on NATS: set NATS_URL or --bus.nats-url',
    );
  }
  requireLocal(config, kinds);
  for (const warning of await prepareDataDirectory(config.dataDir)) log.warn(warning);
  onProgress('connecting to NATS');
  const working = roles.length > 0 ? await workRoles(roles, config, log) : undefined;
  try {
    const engines = kinds.length > 0 ? await serveEngines(config, kinds, log, onProgress) : undefined;
    return {
      serves: [...(engines?.serves ?? []), ...(working?.roles ?? []).map((role) => `role ${role}`)],
      drain: async () => engines?.drain(),
      async close() {
        await engines?.close();
        await working?.close();
      },
    };
  } catch (error) {
    await working?.close();
    throw error;
  }
}

async function serveEngines(
  config: Config,
  kinds: readonly EngineKind[],
  log: Logger,
  onProgress: (what: string) => void,
): Promise<WorkerProcess> {
  const dialog = await readDialog(config);
  const behaviour = await readBehaviour(config, dialog);
  const bus = await makeBus(config, log);
  const { store, files } = await openStore(config, log);
  const counted = publishEngineCounts(bus);
  onProgress('loading the engines');
  const engines = await makeEngines(config, dialog, kinds, {
    bus,
    heard: withBehaviour(dialog, behaviour),
    resamplers: await speexResampler(),
    sharedFiles: files,
    onEvent: (event) => {
      logEngineEvent(log, event);
      counted.meter.onChainEvent(event);
    },
    onProblem: (error) => log.warn({ err: error }, error.message),
  });
  const { stt, llm, tts } = engines;
  counted.meter.read(engineSources(engines).connections ?? (() => []));
  const all = [stt, llm, tts].filter((engine) => engine !== undefined);
  try {
    await Promise.all(all.map((engine) => engine.warm?.()));
  } catch (error) {
    await Promise.all(all.map((engine) => engine.close()));
    await store.close();
    counted.close();
    await bus.drain();
    throw error;
  }
  const hosts: EngineHost[] = [];
  if (stt) hosts.push(hostStt(bus, realClock, stt, { withinTrace }));
  if (llm) hosts.push(hostLlm(bus, realClock, llm, { withinTrace }));
  if (tts) hosts.push(hostTts(bus, realClock, tts, { withinTrace }));
  await bus.flush();
  void engines.preparePhrases?.(phraseLog(log), () => hosts.some((host) => host.active() > 0));
  const drain = async () => {
    await Promise.all(hosts.map((host) => host.close()));
  };
  return {
    serves: [stt && `stt ${stt.name}`, llm && `llm ${llm.name}`, tts && `tts ${tts.name}`].filter(
      (one) => one !== undefined,
    ),
    drain,
    async close() {
      await drain();
      counted.close();
      await bus.drain();
      await Promise.all(all.map((engine) => engine.close()));
      await store.close();
    },
  };
}
