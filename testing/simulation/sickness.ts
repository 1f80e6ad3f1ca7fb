import type { EngineKind } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import type { FaultPoint, Faults } from './faults.ts';

/** What ails an engine of a chain. */
export type Sickness = 'hang' | 'error' | 'garbage' | 'trickle' | 'breakOff' | 'silent';

interface Spell {
  readonly sickness: Sickness;
  readonly fromMs: number;
  untilMs: number;
  /** Until the next spell befalls an engine of its kind. */
  readonly lasting: boolean;
}

const KINDS = ['stt', 'llm', 'tts'] as const satisfies readonly EngineKind[];

/** The kinds of engine that each sickness befalls. A language engine that says nothing at all has given an empty reply, which is none. */
const SICKNESSES: Readonly<Record<Sickness, { point: FaultPoint; kinds: readonly EngineKind[] }>> = {
  hang: { point: 'chain.hang', kinds: KINDS },
  error: { point: 'chain.error', kinds: KINDS },
  garbage: { point: 'chain.garbage', kinds: KINDS },
  trickle: { point: 'chain.trickle', kinds: KINDS },
  breakOff: { point: 'chain.breakOff', kinds: KINDS },
  silent: { point: 'chain.silent', kinds: ['stt', 'tts'] },
};

/** Which of a chain's engines a spell befalls, and how often of 10. */
const WHERE = { first: 4, last: 2, allButOne: 1, all: 3 } as const;
/** How long it lasts, and how often of 10. */
const HOW_LONG = { short: 5, long: 4, lasting: 1 } as const;

/** How the engines of a world's chains are, now and before: whoever judges a reply must know which engine could have given it. */
export class Sickbay {
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #spells: Readonly<Record<EngineKind, readonly Spell[][]>>;

  /** `sizes`: how many engines each chain has. */
  constructor(clock: Clock, faults: Faults, sizes: Readonly<Record<EngineKind, number>>) {
    this.#clock = clock;
    this.#faults = faults;
    const beds = (kind: EngineKind) => Array.from({ length: sizes[kind] }, (): Spell[] => []);
    this.#spells = { stt: beds('stt'), llm: beds('llm'), tts: beds('tts') };
  }

  /** A step of a user: an engine, or several of a kind, may fall ill here and now. */
  befall(): void {
    for (const sickness of Object.keys(SICKNESSES) as Sickness[]) {
      const { point, kinds } = SICKNESSES[sickness];
      if (!this.#faults.does(point)) continue;
      const stream = this.#faults.stream(point);
      const kind = stream.pick(kinds);
      const where = stream.weighted(WHERE);
      const howLong = stream.weighted(HOW_LONG);
      const lastsMs = howLong === 'short' ? stream.int(2_000, 12_000) : stream.int(15_000, 90_000);
      const spared = stream.int(0, this.#spells[kind].length - 1);
      for (const spells of this.#spells[kind])
        for (const spell of spells) if (spell.lasting) this.#end(spell);
      for (const [place, spells] of this.#spells[kind].entries()) {
        if (where === 'first' && place > 0) continue;
        if (where === 'last' && place < this.#spells[kind].length - 1) continue;
        if (where === 'allButOne' && place === spared) continue;
        this.#add(spells, sickness, howLong === 'lasting' ? null : lastsMs);
      }
    }
  }

  /** What ails the engine now. */
  ails(kind: EngineKind, place: number): Sickness | undefined {
    const last = this.#spells[kind][place]?.at(-1);
    return last && last.untilMs > this.#clock.nowMs() ? last.sickness : undefined;
  }

  /** Whether one of the chain's engines has been well all the time since then. */
  worksSince(kind: EngineKind, sinceMs: number): boolean {
    return this.#spells[kind].some((_, place) => this.workedSince(kind, place, sinceMs));
  }

  /** Whether this engine has been well all the time since then. */
  workedSince(kind: EngineKind, place: number, sinceMs: number): boolean {
    return (this.#spells[kind][place]?.at(-1)?.untilMs ?? Number.NEGATIVE_INFINITY) < sinceMs;
  }

  /** Whether all of the chain's engines have been ill since then. */
  downSince(kind: EngineKind, sinceMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    return this.#spells[kind].every((spells) => {
      const last = spells.at(-1);
      return last !== undefined && last.fromMs <= sinceMs && last.untilMs > nowMs;
    });
  }

  /** Whether every engine is well now. */
  get well(): boolean {
    return KINDS.every((kind) => this.#spells[kind].every((_, place) => !this.ails(kind, place)));
  }

  /** Everybody is well from now on. */
  heal(): void {
    for (const kind of KINDS)
      for (const spells of this.#spells[kind]) for (const spell of spells) this.#end(spell);
  }

  /** One engine has one sickness at a time. */
  #add(spells: Spell[], sickness: Sickness, lastsMs: number | null): void {
    const fromMs = this.#clock.nowMs();
    const last = spells.at(-1);
    if (last) this.#end(last);
    // Nobody asks about the ones before the last: what was ill a moment ago does not count as well.
    spells.length = 0;
    const begunMs = last && last.untilMs === fromMs ? last.fromMs : fromMs;
    const untilMs = lastsMs === null ? Number.POSITIVE_INFINITY : fromMs + lastsMs;
    spells.push({ sickness, fromMs: begunMs, untilMs, lasting: lastsMs === null });
  }

  #end(spell: Spell): void {
    spell.untilMs = Math.min(spell.untilMs, this.#clock.nowMs());
  }
}
