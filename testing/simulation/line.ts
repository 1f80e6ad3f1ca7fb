import type { SessionClient } from '../../actors/session/handle.ts';
import { openSession, type SessionDeps } from '../../actors/session/session.ts';
import { slowCheck } from '../../adapters/schema/slow-check.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { EndReason, PublicState } from '../../machines/wire.ts';
import { Audit } from './audit.ts';
import type { CallerWorld } from './caller-world.ts';
import { ChainAudit } from './chain-audit.ts';
import { ClientEar } from './client-ear.ts';
import { openClustered } from './cluster/session.ts';
import { type Handle, openCrashing } from './crashing-session.ts';
import { nearestResampler, plannedMemory, plannedRobot, plannedStore, plannedVad } from './engines.ts';
import { Hand } from './hand.ts';
import { Random } from './random.ts';
import type { UserAct } from './script.ts';
import type { Finding } from './seed.ts';
import { type SimulatedOptions, simulatedOptions } from './session-options.ts';
import { type PlannedSpeech, plannedSpeech } from './speech.ts';
import { microphoneOf, SpeechSource } from './speech-source.ts';
import { voiced } from './user.ts';
import { Workbench } from './workbench.ts';

export interface LineOptions {
  /** Of the session. */
  readonly id: string;
  readonly user: string;
  readonly world: CallerWorld;
  readonly onState: (state: PublicState) => void;
  readonly onReplyEnd: (reason: EndReason) => void;
  /** Nothing leads back to the session. */
  readonly onLost: () => void;
}

/** One session, with its client and with what checks it. */
export class Line {
  readonly id: string;
  readonly simulated: SimulatedOptions;
  readonly audit: Audit;
  readonly ear: ClientEar;
  readonly session: Handle;
  /** Undefined: the user types what they would say. */
  readonly speechSource: SpeechSource | undefined;
  closed = false;
  readonly #options: LineOptions;
  /** Undefined: the user reports no results of actions. */
  readonly #hand: Hand | undefined;
  /** Undefined: the server has no tools. */
  readonly #bench: Workbench | undefined;
  readonly #model: PlannedSpeech | undefined;
  readonly #chains: ChainAudit | undefined;
  /** Its client is connected. */
  #here = true;
  #left = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.id = options.id;
    const { id } = this;
    const { seed, bus, clock, faults, random, workers, chains, charts, hash, found, reached, onLog } =
      options.world;
    this.simulated = simulatedOptions(seed, id, options.user, chains !== undefined);
    const { hears, input, output, outputRate, viaBus } = this.simulated;
    this.#chains = chains && this.#judge(chains, viaBus);
    const { parameters } = charts[this.simulated.calls ? 'calling' : 'plain'];
    this.audit = new Audit(id, input, {
      ...{ parameters, hash, hears, found, reached },
      ...(onLog ? { onLog } : {}),
      onReplyEnd: ({ reason }) => options.onReplyEnd(reason),
    });
    const judge = this.#chains;
    this.ear = new ClientEar({
      ...{ clock, outputRate, output, spoken: workers.world.spoken },
      onState: options.onState,
      found: (what) => this.#find('client', what),
      ...(judge && { onHeard: (reply) => judge.heard(reply) }),
    });
    if (this.simulated.results)
      this.#hand = new Hand({
        ...{ clock, faults, random },
        report: (of, report) => this.session.command({ type: 'action.result', id: of, ...report }),
      });
    this.#model = this.simulated.speaks ? this.#speech() : undefined;
    this.#bench = this.simulated.calls ? this.#workbench() : undefined;
    this.session = this.#open();
    this.speechSource =
      hears === 'audio' ? new SpeechSource({ bus, clock, session: id, said: workers.world.said }) : undefined;
    if (this.speechSource)
      bus.subscribe(microphoneOf(id), ({ payload, headers }) => {
        if (this.#here) this.session.audio(payload, Number(headers.sample));
      });
  }

  say(act: UserAct & { type: 'speak' | 'mumble' }): void {
    if (this.speechSource) this.speechSource.say(voiced(act));
    else if (act.type === 'speak') this.session.command({ type: 'text', text: act.text });
  }

  present(here: boolean): void {
    if (this.#here === here) return;
    this.#here = here;
    this.session.present(here);
  }

  hangUp(how: 'bye' | 'lost'): void {
    if (this.#left) return;
    this.#left = true;
    this.speechSource?.close();
    this.#hand?.close();
    this.#bench?.close();
    this.session.close(how).then(
      () => {
        this.closed = true;
        this.ear.close();
      },
      (error: unknown) => this.#find('defect', String(error)),
    );
  }

  #open(): Handle {
    const { id } = this;
    const { seed, clock, faults, reached } = this.#options.world;
    const { input, hears, attention, clustered } = this.simulated;
    const deps = this.#deps();
    const session = { ...input, session: id, input: hears, attention };
    const client: SessionClient = {
      message: (message) => {
        this.ear.message(message);
        this.#hand?.message(message);
        this.#bench?.message(message);
      },
      audio: (generation, seq, pcm) => this.ear.audio(generation, seq, pcm),
    };
    // Those judges know nothing of servers that die.
    if (this.#chains || this.#model || this.#bench) return openSession(deps, session, client);
    return (clustered ? openClustered : openCrashing)({
      ...{ deps, session, client, clock, faults, reached, audit: this.audit, ear: this.ear },
      random: Random.named(seed, `mortal ${id}`),
      found: (what) => this.#find('resumed', what),
      onLost: () => this.#options.onLost(),
    });
  }

  #deps(): SessionDeps {
    const { bus, clock, workers, charts, reached } = this.#options.world;
    const { calls, remembers, viaBus } = this.simulated;
    const { world } = workers;
    return {
      ...(this.#model && { speech: { engine: this.#model.engine } }),
      slowSchemaCheck: slowCheck,
      ...{ bus, clock, ...charts[calls ? 'calling' : 'plain'], resamplers: nearestResampler },
      engines: viaBus ? workers.remote() : workers.direct(),
      vad: plannedVad(world),
      actions: plannedRobot(world),
      ...this.#bench?.deps,
      ...(remembers ? { memory: plannedMemory(world) } : {}),
      store: plannedStore(world, () => reached('the store failed while a turn ended')),
      onLog: (_session, entry) => {
        this.audit.observe(entry);
        this.#chains?.observe(entry);
        this.#model?.observe(entry);
        this.#bench?.observe(entry);
      },
      onProblem: (_session, error) => {
        const known = this.#model ? ['STORE_FAILED', 'ENGINE_UNREACHABLE'] : ['STORE_FAILED'];
        if (error instanceof ParleyError && known.includes(error.code)) return;
        this.#find('defect', error.stack ?? error.message);
      },
    };
  }

  #judge(chains: NonNullable<CallerWorld['chains']>, viaBus: boolean): ChainAudit {
    const { clock, faults, reached } = this.#options.world;
    return new ChainAudit({
      ...{ clock, chains, viaBus, reached },
      lost: () => faults.fired.get('bus.drop') ?? 0,
      found: (what) => this.#find('chain', what),
    });
  }

  #speech(): PlannedSpeech {
    const { seed, workers, reached } = this.#options.world;
    const found = (what: string) => this.#find('model', what);
    return plannedSpeech(workers.world, { seed, id: this.id, reached, found });
  }

  #workbench(): Workbench {
    const { clock, faults, random, workers, reached, begun } = this.#options.world;
    return new Workbench({
      ...{ clock, faults, random, reached, begun, robot: plannedRobot(workers.world) },
      found: (what) => this.#find('tool', what),
      say: (text) => {
        // Not while the client is away: nothing would bring it.
        if (this.#here) this.say({ type: 'speak', text, durationMs: 400, pauseMs: 0 });
      },
      forge: this.simulated.results
        ? (of) => this.session.command({ type: 'action.result', id: of, status: 'refused' })
        : undefined,
      crash: () => this.#options.onLost(),
    });
  }

  #find(by: Finding['by'], what: string): void {
    this.#options.world.found({ by, what, session: this.id, seq: -1 });
  }
}
