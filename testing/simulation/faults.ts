import { z } from 'zod';
import { Random } from './random.ts';

/**
 * Every fault of the simulator, with its probability each time that it is possible. `bus.*`: messages of the engine
 * protocol, `cancel` and `audio.in` may be lost, repeated or late, as with a lossy peer. Commands to a session and
 * messages to its client arrive once and in order, but may be late.
 */
export const FAULT_POINTS = {
  'stt.slow': { probability: 0.06, what: 'the final transcript comes seconds late' },
  'stt.hang': { probability: 0.012, what: 'recognition never ends' },
  'stt.error': { probability: 0.02, what: 'recognition fails' },
  'stt.garbage': { probability: 0.02, what: 'recognition yields text full of control characters' },
  'stt.empty': { probability: 0.03, what: 'nothing is understood' },
  'stt.noFinal': { probability: 0.01, what: 'recognition ends without a final transcript' },
  'stt.unsure': { probability: 0.1, what: 'the transcript has a low confidence' },
  'stt.unsureAnswer': { probability: 0.3, what: 'a yes or no has a low confidence' },
  'stt.denied': { probability: 0.4, what: 'the user answers the question about it with no' },
  'stt.early': { probability: 0.03, what: 'the final transcript comes while the user still speaks' },
  'stt.duplicate': { probability: 0.03, what: 'each partial transcript comes twice' },
  'stt.lateAfterCancel': { probability: 0.5, what: 'a cancelled recognition keeps yielding' },
  'llm.slow': { probability: 0.06, what: 'the first token comes seconds late' },
  'llm.hang': { probability: 0.012, what: 'no token ever comes' },
  'llm.stall': { probability: 0.015, what: 'the tokens stop in mid-sentence forever' },
  'llm.error': { probability: 0.02, what: 'it fails before the first token' },
  'llm.errorMidway': { probability: 0.02, what: 'it fails in mid-sentence' },
  'llm.garbage': { probability: 0.02, what: 'tokens of control characters and half surrogate pairs' },
  'llm.duplicate': { probability: 0.02, what: 'a token or action comes twice' },
  'llm.empty': { probability: 0.02, what: 'the reply has no text' },
  'llm.trickle': { probability: 0.04, what: 'one letter at a time, slowly' },
  'llm.lateAfterCancel': { probability: 0.5, what: 'a cancelled reply keeps yielding' },
  'tts.slow': { probability: 0.06, what: 'the first audio comes seconds late' },
  'tts.hang': { probability: 0.012, what: 'a segment never gets audio' },
  'tts.stall': { probability: 0.012, what: 'the audio of a segment stops forever' },
  'tts.error': { probability: 0.015, what: 'it fails before the first audio' },
  'tts.workerDies': { probability: 0.02, what: 'the worker dies in mid-segment and another takes over' },
  'tts.trickle': { probability: 0.05, what: 'audio in small pieces, no faster than real time' },
  'tts.silent': { probability: 0.02, what: 'a segment has no audio at all' },
  'tts.noMarks': { probability: 0.1, what: 'no word marks' },
  'tts.lateAfterCancel': { probability: 0.5, what: 'a cancelled segment keeps yielding' },
  'tts.fillerMissing': { probability: 0.1, what: 'a filler is not in the cache' },
  'tts.fillerSlow': { probability: 0.3, what: 'a filler comes up to two seconds late from the cache' },
  'tts.fillerHang': { probability: 0.03, what: 'a filler never comes' },
  'tts.fillerError': { probability: 0.03, what: 'a filler breaks off' },
  'memory.slow': { probability: 0.05, what: 'facts come after the reply has stopped waiting' },
  'memory.hang': { probability: 0.02, what: 'recall never answers' },
  'memory.garbage': { probability: 0.02, what: 'recall answers something that is not a list of facts' },
  'memory.error': { probability: 0.03, what: 'recall fails' },
  'action.error': { probability: 0.08, what: 'the robot reports failure' },
  'action.hang': { probability: 0.05, what: 'the action never ends' },
  'action.slow': { probability: 0.15, what: 'the action outlasts the words' },
  'action.resultLate': { probability: 0.1, what: 'the client reports a result after the deadline' },
  'action.resultTwice': { probability: 0.1, what: 'the client reports a result twice' },
  'action.resultUnknown': { probability: 0.1, what: 'the client reports a result of an unknown action' },
  'tool.slow': { probability: 0.2, what: 'a tool takes seconds' },
  'tool.hang': { probability: 0.05, what: 'a tool never ends' },
  'tool.error': { probability: 0.08, what: 'a tool fails' },
  'tool.garbage': {
    probability: 0.08,
    what: 'a tool gives something that is not an object, or far too long',
  },
  'tool.lateAfterCancel': { probability: 0.3, what: 'a cancelled tool goes on and gives its result' },
  'tool.withdrawn': { probability: 0.03, what: 'the server loses its tools for a while' },
  'tool.forged': { probability: 0.3, what: 'the client reports the result of a call that the server runs' },
  'tool.recordedLate': { probability: 0.05, what: 'the journal has a call on disk late' },
  'tool.notRecorded': { probability: 0.003, what: 'the journal fails for the rest of the session' },
  'tool.crash': {
    probability: 0.03,
    what: 'the process dies before a call has begun, while it runs, or after it',
  },
  'bus.drop': { probability: 0.0005, what: 'a message that may be lost is lost' },
  'bus.duplicate': { probability: 0.002, what: 'a message that may come twice does' },
  'bus.delay': { probability: 0.004, what: 'a message and those behind it come 1 to 300 ms late' },
  'bus.noWorkers': { probability: 0.01, what: 'no worker of a kind is there for a moment' },
  'bus.reorder': { probability: 0.1, what: 'messages of different subscriptions overtake each other' },
  'chain.hang': { probability: 0.02, what: 'engines of a chain never answer, for a while' },
  'chain.error': { probability: 0.02, what: 'engines of a chain fail, for a while' },
  'chain.garbage': { probability: 0.02, what: 'engines of a chain yield malformed events for a while' },
  'chain.trickle': { probability: 0.015, what: 'engines of a chain yield drop by drop, for a while' },
  'chain.breakOff': {
    probability: 0.025,
    what: 'engines of a chain fail or fall silent in mid-answer, for a while',
  },
  'chain.silent': { probability: 0.015, what: 'engines of a chain end without an answer, for a while' },
  'chain.slow': { probability: 0.03, what: 'one answer of an engine of a chain begins late, but in time' },
  'speech.unreachable': { probability: 0.2, what: 'a speech model cannot be connected to' },
  'speech.lost': {
    probability: 0.03,
    what: 'the connection to a speech model is lost in mid-utterance or mid-reply',
  },
  'speech.hang': { probability: 0.02, what: 'a speech model falls silent' },
  'speech.error': { probability: 0.03, what: 'a speech model fails, or has no words for an utterance' },
  'speech.slow': { probability: 0.06, what: 'a speech model answers seconds late' },
  'speech.deaf': { probability: 0.1, what: 'a speech model does not notice the end of a turn' },
  'speech.trickle': { probability: 0.1, what: 'a speech model speaks no faster than real time' },
  'speech.lateAfterCancel': { probability: 0.5, what: 'a cancelled response goes on for a while' },
  'vad.error': { probability: 0.002, what: 'the ear fails for the rest of the session' },
  'store.error': { probability: 0.05, what: 'a turn cannot be saved' },
  'user.halt': { probability: 0.03, what: 'a user stops the robot in the very moment of another fault' },
  'server.dies': { probability: 0.01, what: 'a server dies, and the next one continues the session' },
  'server.slowDisk': { probability: 0.1, what: 'a journal is on disk late' },
  'server.slow': { probability: 0.03, what: 'a server does nothing for a while, and then goes on' },
  'server.awakes': { probability: 0.5, what: 'a slow server goes on while another one takes its session' },
  'server.cutOff': { probability: 0.03, what: 'a server does not reach the brokers' },
  'server.apart': { probability: 0.015, what: 'a server and the others do not reach each other' },
  'server.drains': { probability: 0.01, what: 'a server is stopped in an orderly way' },
  'server.skew': { probability: 0.6, what: 'the clock of a server is up to a minute wrong' },
  'client.cutOff': {
    probability: 0.03,
    what: 'a client loses its server, and does not reach it for a while',
  },
  'broker.slow': { probability: 0.01, what: 'a broker takes up to 1.5 s' },
  'broker.late': { probability: 0.01, what: 'a broker does what its caller has given up' },
  'broker.answerLost': { probability: 0.01, what: 'the answer of a broker is lost' },
  'broker.stale': { probability: 0.05, what: 'a broker reads from a copy that is out of date' },
  'broker.elects': {
    probability: 0.005,
    what: 'the brokers have no leader for a while; what is on its way is done by the next one, or lost',
  },
  'broker.repeats': { probability: 0.01, what: 'the brokers store an older record a second time' },
  'broker.forgets': { probability: 0.01, what: 'the brokers lose their disks' },
  'store.slow': { probability: 0.1, what: 'a turn is saved late' },
} as const satisfies Readonly<Record<string, { readonly probability: number; readonly what: string }>>;

export type FaultPoint = keyof typeof FAULT_POINTS;
export const FAULT_NAMES = Object.keys(FAULT_POINTS) as readonly FaultPoint[];

/** Decisions that an engine's plan needs. */
export type FaultChoice = Pick<Faults, 'does' | 'calm'>;

/** Probability per fault point; others keep their default. */
export type FaultProfile = Readonly<Partial<Record<FaultPoint, number>>>;

const Profile: z.ZodType<FaultProfile> = z.partialRecord(z.literal(FAULT_NAMES), z.number().min(0).max(1));

/** Validates a profile parsed from YAML or JSON. Throws zod's error. */
export function parseFaultProfile(value: unknown): FaultProfile {
  return Profile.parse(value ?? {});
}

export const NO_FAULTS: FaultProfile = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0]));

/**
 * Decides at each fault point, each time that it is passed, whether the fault happens. The decision depends on the
 * seed, the point's name, the user's step and the number of passes since, so that one fault more or less does not
 * affect the others.
 */
export class Faults {
  /** Number of times that each fault happened. */
  readonly fired = new Map<FaultPoint, number>();
  readonly #streams = new Map<FaultPoint, { readonly random: Random; step: number }>();
  readonly #seed: number;
  readonly #profile: FaultProfile;
  readonly #suppressed: ReadonlySet<string>;
  readonly #done: string[] = [];
  readonly #countInStep = new Map<FaultPoint, number>();
  #step = 0;
  #quiet = false;
  #halting = false;
  /** Called at the moment of a fault when a user is to stop the robot at it. */
  onHalt: () => void = () => {};

  /** `suppressed`: single faults to omit, as `point@step#n`, counted from 1 (for shrinking). */
  constructor(seed: number, profile: FaultProfile = {}, suppressed: ReadonlySet<string> = new Set()) {
    this.#seed = seed;
    this.#profile = profile;
    this.#suppressed = suppressed;
  }

  /** Disables all faults from now on. */
  quiet(): void {
    this.#quiet = true;
  }

  /**
   * Assigns the following choices to this step of the user, independent of earlier ones: shrinking does not change
   * them.
   */
  atStep(step: number): void {
    this.#step = step;
    this.#countInStep.clear();
  }

  /** True once `quiet` was called. */
  get calm(): boolean {
    return this.#quiet;
  }

  does(point: FaultPoint): boolean {
    const probability = this.#profile[point] ?? FAULT_POINTS[point].probability;
    if (probability === 0 || this.#quiet) return false;
    if (!this.stream(point).chance(probability)) return false;
    const count = (this.#countInStep.get(point) ?? 0) + 1;
    this.#countInStep.set(point, count);
    const id = `${point}@${this.#step}#${count}`;
    if (this.#suppressed.has(id)) return false;
    this.fired.set(point, (this.fired.get(point) ?? 0) + 1);
    this.#done.push(id);
    this.#haltAt(point);
    return true;
  }

  /** A stop does not trigger another one. */
  #haltAt(point: FaultPoint): void {
    if (this.#halting || point === 'user.halt' || !this.does('user.halt')) return;
    this.#halting = true;
    try {
      this.onHalt();
    } finally {
      this.#halting = false;
    }
  }

  /** The point's own random choices, such as delays and durations. */
  stream(point: FaultPoint): Random {
    const step = this.#step;
    const known = this.#streams.get(point);
    if (known?.step === step) return known.random;
    const name = `${point}@${step}`;
    if (!known) {
      const random = Random.named(this.#seed, name);
      this.#streams.set(point, { random, step });
      return random;
    }
    known.random.restart(this.#seed, name);
    known.step = step;
    return known.random;
  }

  /** Every fault that happened, as `point@step#n`. */
  done(): readonly string[] {
    return this.#done;
  }
}
