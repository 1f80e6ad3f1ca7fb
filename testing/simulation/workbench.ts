/** The server's tools in the simulation, the journal that their calls wait for, and the death of the process. */
import { journalOf } from '../../actors/journal/recorder.ts';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { ToolSource } from '../../actors/ports/tools.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Json } from '../../machines/json.ts';
import type { LogEntry } from '../../machines/log.ts';
import { publishedIn } from '../../machines/session/facts.ts';
import type { SessionMessage, Tool } from '../../machines/wire.ts';
import { hang, pause } from '../scripted-engines.ts';
import type { EngineWorld } from './engines.ts';
import type { Faults } from './faults.ts';
import type { Sometimes } from './sometimes.ts';
import { ToolAudit } from './tool-audit.ts';
import { QUESTION, TOOL_NAMES, TOOLS } from './tools.ts';

export interface WorkbenchOptions extends Pick<EngineWorld, 'clock' | 'random'> {
  readonly faults: Faults;
  /** Keys of all calls that have begun in this seed. */
  readonly begun: Set<string>;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
  /** What others run. */
  readonly robot: ActionPort;
  /** The user's answer to a question. */
  readonly say: (text: string) => void;
  /** The client reports a result, as if it ran the call. */
  readonly forge: ((id: string) => void) | undefined;
  /** The process dies. */
  readonly crash: () => void;
}

/** The tools of one session, and what is known of their calls. */
export class Workbench {
  readonly #options: WorkbenchOptions;
  readonly #audit: ToolAudit;
  readonly #watchers = new Set<() => void>();
  readonly #records: JournalRecord[] = [];
  readonly #timers = new Set<TimerHandle>();
  #offered = TOOLS;
  /** Number of records on disk. */
  #kept = 0;
  #commit: Promise<void> | undefined;
  #broken = false;
  #dead = false;
  #asked = '';
  #calls = 0;

  constructor(options: WorkbenchOptions) {
    this.#options = options;
    const { begun, found, reached } = options;
    this.#audit = new ToolAudit({ begun, found, reached, onDisk: () => this.#records.slice(0, this.#kept) });
  }

  get deps(): Pick<SessionDeps, 'tools' | 'actions' | 'journal'> {
    return { tools: this.#source(), actions: this.#port(), journal: this.#journal() };
  }

  /** Every entry of the session's log. */
  observe(entry: LogEntry): void {
    if (this.#dead) return;
    this.#audit.observe(entry);
    const message = publishedIn(entry);
    if (message?.type !== 'action' || message.status !== 'started') return;
    const { faults, forge } = this.#options;
    if (forge && TOOL_NAMES.includes(message.name) && faults.does('tool.forged'))
      this.#later(faults.stream('tool.forged').ms(0, 400), () => forge(message.id));
    // Before or after its record is on disk, and before or after it has ended.
    if (faults.does('tool.crash')) {
      const stream = faults.stream('tool.crash');
      this.#later(stream.chance(0.5) ? stream.ms(0, 40) : stream.ms(0, 3_000), () => this.#die());
    }
    if (faults.does('tool.withdrawn')) this.#withdraw(faults.stream('tool.withdrawn').ms(100, 5_000));
  }

  /** What the client receives: its user answers questions. */
  message(message: SessionMessage): void {
    if (message.type === 'reply') this.#asked += message.text;
    if (message.type !== 'reply.end') return;
    const asked = this.#asked.includes(QUESTION);
    this.#asked = '';
    const { random, faults } = this.#options;
    if (!asked || faults.calm) return;
    const answer = random.weighted({ yes: 6, no: 2, 'what about tomorrow': 1, nothing: 1 });
    if (answer !== 'nothing') this.#later(random.ms(50, 2_000), () => this.#options.say(answer));
  }

  /** The client has gone. */
  close(): void {
    this.#dead = true;
    for (const timer of this.#timers) timer.cancel();
  }

  #later(afterMs: number, act: () => void): void {
    const timer = this.#options.clock.setTimer(afterMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #die(): void {
    if (this.#dead) return;
    this.#audit.crash();
    this.close();
    this.#options.crash();
  }

  #withdraw(forMs: number): void {
    const offer = (tools: readonly Tool[]) => {
      this.#offered = tools;
      for (const watcher of this.#watchers) watcher();
    };
    this.#later(0, () => offer([]));
    this.#later(forMs, () => offer(TOOLS));
  }

  #source(): ToolSource {
    const bench = this;
    return {
      get tools() {
        return bench.#offered;
      },
      watch(onChange) {
        bench.#watchers.add(onChange);
        return () => bench.#watchers.delete(onChange);
      },
    };
  }

  #port(): ActionPort {
    const { robot, clock, faults, random } = this.#options;
    return {
      run: async (request, signal) => {
        if (!TOOL_NAMES.includes(request.name)) return robot.run(request, signal);
        if (this.#dead) throw new ParleyError('CANCELLED');
        const end = this.#audit.begins(request, signal);
        const late = faults.does('tool.lateAfterCancel');
        const afterMs = faults.does('tool.slow') ? random.ms(1_500, 8_000) : random.ms(0, 900);
        if (faults.does('tool.hang')) await hang(signal);
        await (late
          ? new Promise<void>((done) => void clock.setTimer(afterMs, done))
          : pause(clock, afterMs, signal));
        if (faults.does('tool.error')) {
          end('failed');
          throw random.chance(0.5)
            ? new ParleyError('TOOL_FAILED', 'as planned')
            : new TypeError('as planned');
        }
        const result: Json = faults.does('tool.garbage') ? random.pick(GARBAGE) : { number: ++this.#calls };
        end('done', result);
        return result;
      },
    };
  }

  #journal() {
    return journalOf({
      ...{ machine: '', version: '', audio: 'none', now: () => '', sha256: () => '' },
      store: {
        openJournal: (_header, _hash, onFailure) => ({
          append: (record) => void this.#records.push(record),
          audio: () => {},
          durable: () => this.#durable(onFailure),
          end: async () => {},
          leave: async () => {},
        }),
        continueJournal: () => {
          throw new Error('it is not continued');
        },
      },
    });
  }

  /** One commit at a time, for all that wait. */
  #durable(onFailure: (error: Error) => void): Promise<void> {
    const { clock, faults, random } = this.#options;
    const failure = () => new ParleyError('STORE_FAILED', 'as planned');
    if (this.#broken) return Promise.reject(failure());
    this.#commit ??= new Promise((resolve, reject) => {
      const afterMs = faults.does('tool.recordedLate') ? random.ms(200, 2_000) : random.ms(1, 20);
      this.#broken = faults.does('tool.notRecorded');
      clock.setTimer(afterMs, () => {
        this.#commit = undefined;
        if (this.#broken) {
          onFailure(failure());
          reject(failure());
          return;
        }
        if (!this.#dead) this.#kept = this.#records.length;
        resolve();
      });
    });
    return this.#commit;
  }
}

const GARBAGE: readonly Json[] = ['not an object', 7, null, [], { number: 'x'.repeat(20_000) }];
