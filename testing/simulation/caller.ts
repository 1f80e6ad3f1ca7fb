import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import type { PublicState } from '../../machines/wire.ts';
import type { CallerWorld } from './caller-world.ts';
import { Line } from './line.ts';
import { Random } from './random.ts';
import { HALT_WORDS, TAIL_LIMIT_MS, tailSteps, type UserAct, type UserStep, WAKE_WORDS } from './script.ts';
import type { Finding } from './seed.ts';
import { User } from './user.ts';

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
    this.#line.hangUp(how);
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
    const id = `${this.#name}s${this.#lines.length + 1}`;
    const line = new Line({
      ...{ id, user: this.#name, world: this.#world },
      onState: (state) => this.#sees(id, state),
      onReplyEnd: (reason) => {
        if (this.#calm && this.#world.faults.calm && reason === 'completed') this.#answered = true;
      },
      onLost: () => this.#replace('lost'),
    });
    this.#lines.push(line);
    return line;
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
    if (act.type !== 'present') this.#line.present(true);
    const { ear } = this.#line;
    switch (act.type) {
      case 'speak':
      case 'mumble':
        this.#line.say(this.#worded(act, step));
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
        this.#line.present(act.here);
        return;
      case 'hangUp':
        this.#replace(act.how);
        reached('a user hung up and came back');
        return;
      default:
        this.#send(act);
    }
  }

  /** A new session in place of the present one. */
  #replace(how: 'bye' | 'lost'): void {
    this.#line.hangUp(how);
    this.#line = this.#open();
    this.#user.sees('idle');
  }

  /** A robot that waits for its wake phrase hears it in front of half of all words, and sometimes alone. */
  #worded(act: UserAct & { type: 'speak' | 'mumble' }, step: number): UserAct & { type: 'speak' | 'mumble' } {
    if (act.type === 'mumble' || this.#line.simulated.attention !== 'wake') return act;
    const random = Random.named(this.#world.seed, `wake@${step}`);
    const how = random.weighted({ never: 5, before: 4, alone: 1 });
    return how === 'never'
      ? act
      : { ...act, text: how === 'alone' ? WAKE_WORDS : `${WAKE_WORDS} ${act.text}` };
  }

  #stopHeard({ end, afterMs }: UserAct & { type: 'stopHeard' }): void {
    const { session, audit, speechSource } = this.#line;
    if (!speechSource) return;
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

  #send(command: ClientCommand): void {
    this.#line.session.command(command);
  }

  /** The script is over: after the scripts of all users, a clean turn must be answered. */
  #rest(): void {
    const { clock, faults } = this.#world;
    const wait = () => (faults.calm ? this.#ask() : void clock.setTimer(500, wait));
    if (this.#isLast()) this.#ask();
    else wait();
  }

  #ask(): void {
    const { clock } = this.#world;
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
    this.#user.sees(this.#line.audit.state);
    this.#user.start();
  }

  #find(by: Finding['by'], what: string): void {
    this.#world.found({ by, what, session: this.#line.id, seq: -1 });
  }
}
