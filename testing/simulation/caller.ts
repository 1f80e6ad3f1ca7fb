import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { SessionClient } from '../../actors/session/handle.ts';
import { openSession, type SessionDeps } from '../../actors/session/session.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { Attention, Modality, PublicState } from '../../machines/wire.ts';
import { Audit } from './audit.ts';
import type { CallerWorld } from './caller-world.ts';
import { ChainAudit } from './chain-audit.ts';
import { ClientEar } from './client-ear.ts';
import { openClustered } from './cluster/session.ts';
import { nearestResampler, plannedMemory, plannedRobot, plannedStore, plannedVad } from './engines.ts';
import { Hand } from './hand.ts';
import { type Handle, openMortal } from './mortal-session.ts';
import { Mouth, microphoneOf } from './mouth.ts';
import { Random } from './random.ts';
import { HALT_WORDS, TAIL_LIMIT_MS, tailSteps, type UserAct, type UserStep, WAKE_WORDS } from './script.ts';
import type { Finding } from './seed.ts';
import { plannedSpeech } from './speech.ts';
import { User, voiced } from './user.ts';
import { Workbench } from './workbench.ts';

interface Line {
  readonly id: string;
  readonly attention: Attention;
  readonly session: Handle;
  readonly audit: Audit;
  readonly ear: ClientEar;
  /** Undefined: the user types what they would say. */
  readonly mouth: Mouth | undefined;
  /** Undefined: the user reports no results of actions. */
  readonly hand: Hand | undefined;
  /** Undefined: the server has no tools. */
  readonly bench: Workbench | undefined;
  /** Its client is connected. */
  here: boolean;
  left: boolean;
  closed: boolean;
}

/** One user and their successive sessions. */
export class Caller {
  readonly #name: string;
  readonly #world: CallerWorld;
  readonly #lines: Line[] = [];
  readonly #isLast: () => boolean;
  #user: User;
  #line: Line;
  #calm = false;
  #answered = false;
  #over = false;
  #limit: TimerHandle | undefined;

  /** `isLast` is called at the end of the script: true if no faults follow. */
  constructor(name: string, script: readonly UserStep[], world: CallerWorld, isLast: () => boolean) {
    this.#name = name;
    this.#world = world;
    this.#isLast = isLast;
    this.#user = new User(
      world.clock,
      script,
      (act, step) => this.#act(act, step),
      () => this.#rest(),
    );
    this.#line = this.#open();
  }

  get sessions(): number {
    return this.#lines.length;
  }

  get events(): number {
    return this.#lines.reduce((sum, { audit }) => sum + audit.events, 0);
  }

  /** True once the clean turn was answered, or cannot be answered any more. */
  get content(): boolean {
    return this.#answered || this.#over;
  }

  start(): void {
    this.#user.start();
  }

  /** Stops the robot now, and rearms it `afterMs` later. */
  halt(afterMs: number): void {
    const { session } = this.#line;
    session.command({ type: 'halt' });
    this.#world.clock.setTimer(afterMs, () => session.command({ type: 'rearm' }));
  }

  /** Whether the clean turn was answered. */
  judge(): void {
    if (!this.#over || this.#answered) return;
    this.#find('liveness', 'the clean turn after the faults was not answered');
  }

  leave(how: 'bye' | 'lost'): void {
    this.#limit?.cancel();
    this.#hangUp(this.#line, how);
  }

  /** Checks that every session has ended, and its log. `whole`: nothing was cut short. */
  end(whole: boolean): void {
    if (!whole) return;
    for (const { id, closed, audit } of this.#lines) {
      if (!closed) this.#find('liveness', `session ${id} did not close`);
      audit.end();
    }
  }

  #open(): Line {
    const { bus, clock, faults, workers, hash, found, reached } = this.#world;
    const id = `${this.#name}s${this.#lines.length + 1}`;
    const random = Random.named(this.#world.seed, `session ${id}`);
    const seed = random.int(0, 2 ** 31);
    const outputRate = random.chance(0.5) ? 24_000 : 16_000;
    const remembers = random.chance(0.5);
    // A third of the sessions call their engines directly, without the engine protocol.
    const viaBus = random.chance(0.6);
    const engines = viaBus ? workers.remote() : workers.direct();
    const chainAudit = this.#judge(id, viaBus);
    const manners = Random.named(this.#world.seed, `manners ${id}`);
    const output: Modality = manners.chance(0.15) ? 'text' : 'audio';
    const hears: Modality = manners.chance(output === 'text' ? 0.5 : 0.05) ? 'text' : 'audio';
    const results = manners.chance(0.4);
    // Chains are judged by which of their engines answer.
    const speaks = !chainAudit && Random.named(this.#world.seed, `speech ${id}`).chance(0.3);
    const calls = !speaks && Random.named(this.#world.seed, `tools ${id}`).chance(0.4);
    const { machine, parameters } = this.#world.charts[calls ? 'calling' : 'plain'];
    const attention = manners.weighted<Attention>({ always: 14, wake: 4, addressed: 2, push: 1 });
    const known = remembers && Random.named(this.#world.seed, `user ${id}`).chance(0.5);
    const input: SessionInput = {
      ...(known && { user: this.#name }),
      ...{ session: id, language: 'en', outputRate, seed, memory: remembers },
      ...(output === 'text' && { output }),
      ...(results && { results }),
      ...(attention !== 'always' && { attention }),
    };
    const audit = new Audit(id, input, {
      ...{ machine, parameters, hash, hears, found, reached },
      ...(this.#world.onLog ? { onLog: this.#world.onLog } : {}),
      onReplyEnd: ({ reason }) => {
        if (this.#calm && faults.calm && reason === 'completed') this.#answered = true;
      },
    });
    const ear = new ClientEar({
      ...{ clock, outputRate, output, spoken: workers.world.spoken },
      onState: (state) => this.#sees(id, state),
      found: (what) => found({ by: 'client', what, session: id, seq: -1 }),
      ...(chainAudit && { onHeard: (reply) => chainAudit.heard(reply) }),
    });
    const world = workers.world;
    const hand = results
      ? new Hand({
          ...{ clock, faults, random: this.#world.random },
          report: (of, report) => session.command({ type: 'action.result', id: of, ...report }),
        })
      : undefined;
    const model = speaks
      ? plannedSpeech(world, {
          seed: this.#world.seed,
          id,
          reached,
          found: (what) => this.#find('model', what),
        })
      : undefined;
    const robot = plannedRobot(world);
    const bench = calls
      ? new Workbench({
          ...{ clock, faults, random: this.#world.random, robot, reached, begun: this.#world.begun },
          found: (what) => this.#find('tool', what),
          // Not while the client is away: nothing would bring it.
          say: (text) => line.here && this.#say(line, { type: 'speak', text, durationMs: 400, pauseMs: 0 }),
          forge: results
            ? (of) => session.command({ type: 'action.result', id: of, status: 'refused' })
            : undefined,
          crash: () => this.#replace('lost'),
        })
      : undefined;
    const deps: SessionDeps = {
      ...(model && { speech: { engine: model.engine } }),
      ...{ bus, clock, machine, parameters, engines, resamplers: nearestResampler },
      vad: plannedVad(world),
      actions: robot,
      ...bench?.deps,
      ...(remembers ? { memory: plannedMemory(world) } : {}),
      store: plannedStore(world, () => reached('the store failed while a turn ended')),
      onLog: (_session, entry) => {
        audit.observe(entry);
        chainAudit?.observe(entry);
        model?.observe(entry);
        bench?.observe(entry);
      },
      onProblem: (_session, error) => {
        const known = model ? ['STORE_FAILED', 'ENGINE_UNREACHABLE'] : ['STORE_FAILED'];
        if (error instanceof ParleyError && known.includes(error.code)) return;
        found({ by: 'defect', what: error.stack ?? error.message, session: id, seq: -1 });
      },
    };
    const options = { ...input, session: id, input: hears, attention };
    const client: SessionClient = {
      message: (message) => {
        ear.message(message);
        hand?.message(message);
        bench?.message(message);
      },
      audio: (generation, seq, pcm) => ear.audio(generation, seq, pcm),
    };
    // Those judges know nothing of servers that die.
    const mortal = !chainAudit && !model && !bench;
    const clustered = Random.named(this.#world.seed, `cluster ${id}`).chance(0.5);
    const session: Handle = mortal
      ? (clustered ? openClustered : openMortal)({
          ...{ deps, session: options, client, audit, ear, clock, faults, reached },
          random: Random.named(this.#world.seed, `mortal ${id}`),
          found: (what) => this.#find('resumed', what),
        })
      : openSession(deps, options, client);
    const mouth = hears === 'audio' ? new Mouth({ bus, clock, session: id, said: world.said }) : undefined;
    if (mouth)
      bus.subscribe(microphoneOf(id), ({ payload, headers }) => {
        if (line.here) session.audio(payload, Number(headers.sample));
      });
    const line: Line = {
      ...{ id, attention, session, audit, ear, mouth, hand, bench },
      ...{ here: true, left: false, closed: false },
    };
    this.#lines.push(line);
    return line;
  }

  #judge(session: string, viaBus: boolean): ChainAudit | undefined {
    const { clock, chains, faults, found, reached } = this.#world;
    if (!chains) return undefined;
    return new ChainAudit({
      ...{ clock, chains, viaBus, reached },
      lost: () => faults.fired.get('bus.drop') ?? 0,
      found: (what) => found({ by: 'chain', what, session, seq: -1 }),
    });
  }

  #sees(id: string, state: PublicState): void {
    if (id !== this.#line?.id) return;
    const { sounding, reached } = this.#world;
    if (state === 'speaking') sounding.add(this.#name);
    else sounding.delete(this.#name);
    if (sounding.size > 1) reached('two sessions sounded at once');
    this.#user.sees(state);
  }

  #act(act: UserAct, step: number): void {
    const { random, seed } = this.#world;
    random.restart(seed, `engines@${step}`);
    this.#world.faults.atStep(step);
    const { faults, workers, reached } = this.#world;
    this.#world.onStep(step);
    if (faults.does('bus.noWorkers')) {
      const stream = faults.stream('bus.noWorkers');
      workers.leave(stream.pick(['stt', 'llm', 'tts']), stream.ms(300, 2_000));
    }
    // A client that was lost comes back before it does anything.
    if (act.type !== 'present') this.#present(true);
    const { ear } = this.#line;
    switch (act.type) {
      case 'speak':
      case 'mumble':
        this.#say(this.#line, this.#worded(act, step));
        return;
      case 'stopHeard':
        this.#stopHeard(act);
        return;
      case 'played':
        this.#played(ear.playedReport(act.lie));
        return;
      case 'flood':
        for (let i = 0; i < act.count; i++) this.#flood();
        return;
      case 'present':
        this.#present(act.here);
        return;
      case 'hangUp':
        this.#replace(act.how);
        reached('a user hung up and came back');
        return;
      default:
        this.#send(act);
    }
  }

  #say({ mouth, session }: Line, act: UserAct & { type: 'speak' | 'mumble' }): void {
    if (mouth) mouth.say(voiced(act));
    else if (act.type === 'speak') session.command({ type: 'text', text: act.text });
  }

  /** A new session in place of the present one. */
  #replace(how: 'bye' | 'lost'): void {
    this.#hangUp(this.#line, how);
    this.#line = this.#open();
    this.#user.sees('idle');
  }

  /** A robot that waits for its wake phrase hears it in front of half of all words, and sometimes alone. */
  #worded(act: UserAct & { type: 'speak' | 'mumble' }, step: number): UserAct & { type: 'speak' | 'mumble' } {
    if (act.type === 'mumble' || this.#line.attention !== 'wake') return act;
    const random = Random.named(this.#world.seed, `wake@${step}`);
    const how = random.weighted({ never: 5, before: 4, alone: 1 });
    return how === 'never'
      ? act
      : { ...act, text: how === 'alone' ? WAKE_WORDS : `${WAKE_WORDS} ${act.text}` };
  }

  #stopHeard({ end, afterMs }: UserAct & { type: 'stopHeard' }): void {
    const { session, audit, mouth } = this.#line;
    if (!mouth) return;
    const phrase = HALT_WORDS;
    session.stopHeard({ type: 'stop.suspected', phrase, sample: 0, ageMs: 0 });
    if (end === 'nothing') return;
    this.#world.clock.setTimer(afterMs, () => {
      if (audit.state === 'ended') return;
      session.stopHeard(end === 'refuted' ? { type: 'stop.refuted' } : { type: 'stop.confirmed', phrase });
    });
  }

  #played(samples: number): void {
    const { ear } = this.#line;
    if (samples > ear.received + 48_000)
      this.#world.reached('the client claimed to have played more than was sent');
    this.#send({ type: 'played', generation: ear.generation, samples });
  }

  #flood(): void {
    const { random } = this.#world;
    this.#send(
      random.pick<ClientCommand>([
        { type: 'interrupt' },
        { type: 'text', text: 'and another thing' },
        { type: 'played', generation: random.int(0, 50), samples: this.#line.ear.playedReport(1) },
        { type: 'rearm' },
        { type: 'action.result', id: `${random.int(0, 50)}-a0.0`, status: 'done' },
      ]),
    );
  }

  #present(here: boolean): void {
    const line = this.#line;
    if (line.here === here) return;
    line.here = here;
    line.session.present(here);
  }

  #send(command: ClientCommand): void {
    this.#line.session.command(command);
  }

  #hangUp(line: Line, how: 'bye' | 'lost'): void {
    if (line.left) return;
    line.left = true;
    line.mouth?.close();
    line.hand?.close();
    line.bench?.close();
    line.session.close(how).then(
      () => {
        line.closed = true;
        line.ear.close();
      },
      (error: unknown) => this.#find('defect', String(error)),
    );
  }

  /** The script is over: after the scripts of all users, a clean turn must be answered. */
  #rest(): void {
    const { clock, faults } = this.#world;
    if (!this.#isLast() && !faults.calm) {
      const wait = () => (faults.calm ? this.#ask() : void clock.setTimer(500, wait));
      wait();
    } else this.#ask();
  }

  #ask(): void {
    const { clock } = this.#world;
    const state: PublicState = this.#line.audit.state;
    this.#user = new User(
      clock,
      tailSteps(),
      (act, step) => this.#act(act, step),
      () => {
        this.#calm = true;
        this.#limit = clock.setTimer(TAIL_LIMIT_MS, () => {
          this.#over = true;
        });
      },
    );
    this.#user.sees(state);
    this.#user.start();
  }

  #find(by: Finding['by'], what: string): void {
    this.#world.found({ by, what, session: this.#line.id, seq: -1 });
  }
}
