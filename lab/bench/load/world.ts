import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { startNatsServer } from '../../../testing/nats-server.ts';
import { type BenchProcess, startProcess } from './child-process.ts';
import {
  type ClientsReport,
  clientsReport,
  type EarStamp,
  type EngineDelays,
  type EnginesReport,
  earStamp,
  enginesReport,
  type LoadPlan,
  type Usage,
  usage,
} from './reports.ts';
import { speechFile } from './speech-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type BusKind = 'in-process' | 'nats';

export interface WorldOptions {
  readonly bus: BusKind;
  /** Use the recogniser with partial transcripts instead of the one for whole utterances. Requires `nats`. */
  readonly partials?: boolean;
  /** Additional configuration of the server, as flags. `{engines}` is replaced by the address of the engines. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Processors of the server, and of everything else, in the format of `taskset`. */
  readonly cpus?: { readonly server: string; readonly others: string };
  /** Folder for a processor profile of the server. */
  readonly profile?: string | undefined;
  /** Allow measuring memory after a garbage collection. */
  readonly collects?: boolean;
  /** Another module in the server's place, as in {@link startProcess}. */
  readonly module?: string;
}

/** Results of a load, each part as reported by its process. */
export interface LoadResult {
  readonly clients: ClientsReport;
  readonly engines: EnginesReport;
  readonly stamps: readonly EarStamp[];
  /** Usage of the server, when all sessions were active and at the end. */
  readonly usage: { readonly from: Usage; readonly to: Usage; readonly peakResidentBytes: number };
}

/** Delays of the fake engines. */
export const ENGINE_DELAYS: EngineDelays = { sttMs: 50, llmFirstMs: 100, llmTokenMs: 20, ttsFirstMs: 50 };
/** Silence that ends a turn: the server's default, needed here because it is subtracted from the measured delays. */
export const ENDPOINT_MS = 500;
/** The model's reply after its greeting; see replyTokens. */
export const REPLY = 'I see a long table and two chairs by the window of {name}. There is a cup on it.';
const SAMPLE_EVERY_MS = 500;
/** Longest wait for a new server's phrases, s. */
const PHRASES_S = 60;

/** Engines, server and bus, each in its own process; each load has its own clients. */
export class World {
  readonly #engines: BenchProcess;
  readonly #server: BenchProcess;
  readonly #started: readonly Stoppable[];
  readonly #options: WorldOptions;
  readonly #url: string;
  readonly #address: string;
  readonly #speechFile: string;

  private constructor(
    parts: { engines: BenchProcess; server: BenchProcess; started: readonly Stoppable[] },
    options: WorldOptions,
    at: { url: string; engines: string; speechFile: string },
  ) {
    this.#engines = parts.engines;
    this.#server = parts.server;
    this.#started = parts.started;
    this.#options = options;
    this.#url = at.url;
    this.#address = at.engines;
    this.#speechFile = at.speechFile;
  }

  static async start(options: WorldOptions): Promise<World> {
    const started: Stoppable[] = [];
    try {
      const nats = options.bus === 'nats' ? await startNatsServer() : undefined;
      if (nats) started.push(nats);
      const others = options.cpus?.others;
      const engines = startProcess({ module: 'engines-process', cpus: others });
      started.push(engines);
      const address = z.string().parse(await engines.ask('setup', { delays: ENGINE_DELAYS, reply: REPLY }));
      const recogniser = options.partials && nats ? await startPartials(nats.url, started) : {};
      const dataDir = temporaryFolder('data');
      started.push({ stop: async () => dataDir.remove() });
      const server = startProcess({
        module: options.module ?? 'server-process',
        cpus: options.cpus?.server,
        nodeFlags: [
          ...productFlags(),
          ...(options.collects ? ['--expose-gc'] : []),
          ...(options.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', options.profile]),
        ],
      });
      started.push(server);
      const flags = {
        ...flagsFor(address),
        // No fillers: the first measured audio must be the reply's.
        'reply.filler-after-ms': '0',
        ...(nats ? { 'bus.nats-url': nats.url } : {}),
        ...recogniser,
        ...options.flags,
      };
      const filled = Object.fromEntries(
        Object.entries(flags).map(([key, value]) => [key, value.replaceAll('{engines}', address)]),
      );
      const url = z
        .string()
        .parse(await server.ask('start', { dataDir: dataDir.path, flags: filled }, 60_000));
      const at = { url, engines: address, speechFile: await speechFile() };
      return new World({ engines, server, started }, options, at);
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  }

  /** Resolves when the server has made its phrases: when it has asked its engines for nothing for a second. */
  async prepared(): Promise<void> {
    for (let second = 0; second < PHRASES_S; second++) {
      await later(1_000);
      if ((await this.takeEngines()).requestsMs.length === 0) return;
    }
  }

  get url(): string {
    return this.#url;
  }

  /** Runs a load to its end. Earlier records are discarded. */
  async load(plan: Omit<LoadPlan, 'url' | 'speechFile'>): Promise<LoadResult> {
    await this.takeEngines();
    await this.#server.ask('takeStamps', undefined);
    const clients = startProcess({ module: 'clients-process', cpus: this.#options.cpus?.others });
    try {
      const running = clients.ask(
        'run',
        { ...plan, url: this.#url, speechFile: this.#speechFile },
        plan.rampMs + plan.measureMs + 60_000,
      );
      const watched = this.#watch(plan.rampMs);
      const seen = clientsReport.parse(
        await running.finally(() => {
          watched.stop();
        }),
      );
      return {
        clients: seen,
        engines: await this.takeEngines(),
        stamps: z.array(earStamp).parse(await this.#server.ask('takeStamps', undefined)),
        usage: await watched.result,
      };
    } finally {
      await clients.stop();
    }
  }

  /** Address of the engines, for measuring another system with them. */
  get engines(): string {
    return this.#address;
  }

  get speechFile(): string {
    return this.#speechFile;
  }

  /** The engine calls since the last request. */
  async takeEngines(): Promise<EnginesReport> {
    return enginesReport.parse(await this.#engines.ask('take', undefined));
  }

  async usage(collect = false): Promise<Usage> {
    if (collect) await this.#server.ask('collect', undefined);
    return usage.parse(await this.#server.ask('usage', undefined));
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await stopAll(this.#started);
  }

  /** Samples the server's usage from `afterMs` on until stopped. */
  #watch(afterMs: number): { stop(): void; readonly result: Promise<LoadResult['usage']> } {
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const samples: Usage[] = [];
    const result = (async () => {
      await Promise.race([stopped, later(afterMs)]);
      let going = true;
      const noteEnd = () => {
        going = false;
      };
      void stopped.then(noteEnd);
      do {
        samples.push(await this.usage());
        await Promise.race([stopped, later(SAMPLE_EVERY_MS)]);
      } while (going);
      samples.push(await this.usage());
      const [from, to] = [samples[0], samples.at(-1)];
      if (!from || !to) throw new Error('the server was not watched');
      return { from, to, peakResidentBytes: Math.max(...samples.map((sample) => sample.residentBytes)) };
    })();
    return { stop, result };
  }
}

interface Stoppable {
  stop(): Promise<void>;
}

/** Last started, first stopped. */
async function stopAll(parts: readonly Stoppable[]): Promise<void> {
  for (const part of parts.toReversed()) await part.stop();
}

/** Node options of the installed command, from its first line. */
function productFlags(): string[] {
  const above = import.meta.url.endsWith('.ts') ? '../../..' : '../../../..';
  const [first = ''] = readFileSync(new URL(`${above}/bin/parley.mjs`, import.meta.url), 'utf8').split('\n');
  return first.split(' ').filter((word) => word.startsWith('--'));
}

/** Starts the worker; resolves with the server's flags for it. */
async function startPartials(natsUrl: string, started: Stoppable[]): Promise<Record<string, string>> {
  const worker = startProcess({ module: 'partials-process' });
  started.push(worker);
  const name = z.string().parse(await worker.ask('start', { natsUrl, sttMs: ENGINE_DELAYS.sttMs }));
  return { 'engines.stt': 'remote', 'stt.remote.engine': name, 'stt.remote.partials': 'true' };
}

function flagsFor(engines: string): Record<string, string> {
  const baseURL = `${engines}/ok/v1`;
  return {
    'engines.stt': 'openai',
    'engines.llm': 'openai',
    'engines.tts': 'openai',
    'stt.openai.base-url': baseURL,
    'llm.openai.base-url': baseURL,
    'tts.openai.base-url': baseURL,
    'endpointing.delay-ms': String(ENDPOINT_MS),
    'limits.sessions': '2000',
    'limits.pending-connections': '500',
    // All users have one address, and the capacity benchmark measures overload.
    'limits.connections-per-address': '3000',
    'limits.loop-delay-ms': '60000',
    'overload.worse-ms': '3600000',
    'limits.waiting-requests': '100000',
    'limits.new-sessions': '100000',
  };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
