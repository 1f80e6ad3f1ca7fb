import { randomUUID } from 'node:crypto';
import type { EngineClients } from '../actors/engine-rpc/mod.ts';
import {
  type EngineHost,
  hostLlm,
  hostStt,
  hostTts,
  remoteLlm,
  remoteStt,
  remoteTts,
} from '../actors/engine-rpc/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import { type EngineKind, ownEngine } from '../actors/subjects.ts';
import { realClock } from '../adapters/real-clock.ts';
import { withinTrace } from '../adapters/trace-context.ts';
import type { Config } from './config/schema.ts';
import type { LocalEngines } from './engines.ts';

/** The engines as sessions use them: over the bus, whether they run here or in workers. */
export interface HostedEngines {
  readonly clients: EngineClients;
  /** True while an engine of this process has requests. */
  busy(): boolean;
  /** Ends running requests, then closes the engines of this process. */
  close(): Promise<void>;
}

/** Local engines answer on the bus under a name unique to this process, so that another server on the same NATS does not get their requests. Remote engines are requested under the name that their workers serve.
 */
export function hostEngines(engines: LocalEngines, config: Config, bus: Bus): HostedEngines {
  const hosts: { readonly engine: { close(): Promise<void> }; readonly served: EngineHost }[] = [];
  const host = (engine: { close(): Promise<void> }, served: EngineHost) => {
    hosts.push({ engine, served });
  };
  const process = randomUUID().slice(0, 8);
  const own = (name: string) => ownEngine(name, process);
  const { stt, llm, tts } = engines;
  if (stt) host(stt, hostStt(bus, realClock, stt, { withinTrace }, own(stt.name)));
  if (llm) host(llm, hostLlm(bus, realClock, llm, { withinTrace }, own(llm.name)));
  if (tts) host(tts, hostTts(bus, realClock, tts, { withinTrace }, own(tts.name)));
  const nameOf = (kind: EngineKind) => {
    const local = engines[kind];
    return local ? own(local.name) : config[kind].remote.engine;
  };
  return {
    clients: {
      stt: (scope) => remoteStt(bus, realClock, nameOf('stt'), scope),
      llm: (scope) => remoteLlm(bus, realClock, nameOf('llm'), scope),
      tts: (scope) => remoteTts(bus, realClock, nameOf('tts'), scope),
    },
    busy: () => hosts.some(({ served }) => served.active() > 0),
    async close() {
      await engines.speech?.engine.close();
      for (const { engine, served } of hosts.reverse()) {
        await served.close();
        await engine.close();
      }
    },
  };
}
