import type { EngineKind } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import type { FaultPoint, Faults } from './faults.ts';

/** Kinds of sickness of a chain's engine. */
export type Sickness = 'hang' | 'error' | 'garbage' | 'trickle' | 'breakOff' | 'silent';

interface Spell {
  readonly sickness: Sickness;
  readonly fromMs: number;
  untilMs: number;
  /** Pause before the next spell of an engine of this kind. */
  readonly lasting: boolean;
}

const KINDS = ['stt', 'llm', 'tts'] as const satisfies readonly EngineKind[];

/**
 * The engine kinds that each sickness can affect. A language engine without any output would give an empty reply, which
 * is valid, so it is excluded.
 */
const SICKNESSES: Readonly<Record<Sickness, { point: FaultPoint; kinds: readonly EngineKind[] }>> = {
  hang: { point: 'chain.hang', kinds: KINDS },
  error: { point: 'chain.error', kinds: KINDS },
  garbage: { point: 'chain.garbage', kinds: KINDS },
  trickle: { point: 'chain.trickle', kinds: KINDS },
  breakOff: { point: 'chain.breakOff', kinds: KINDS },
  silent: { point: 'chain.silent', kinds: ['stt', 'tts'] },
};

/** Which of a chain's engines a spell affects, with weights out of 10. */
const WHERE = { first: 4, last: 2, allButOne: 1, all: 3 } as const;
/** Duration of a spell, with weights out of 10. */
const HOW_LONG = { short: 5, long: 4, lasting: 1 } as const;

/** Health of a world's chains now and before: a check of a reply needs to know which engines could have given it. */
export class Sickbay {
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #spells: Readonly<Record<EngineKind, readonly Spell[][]>>;

  /** `sizes`: number of engines in each chain. */
  constructor(clock: Clock, faults: Faults, sizes: Readonly<Record<EngineKind, number>>) {
    this.#clock = clock;
    this.#faults = faults;
    const beds = (kind: EngineKind) => Array.from({ length: sizes[kind] }, (): Spell[] => []);
    this.#spells = { stt: beds('stt'), llm: beds('llm'), tts: beds('tts') };
  }

  /** A step of a user: one engine, or several of a kind, may fall sick now. */
  befall(): void {
    for (const sickness of Object.keys(SICKNESSES) as Sickness[]) {
      const { point, kinds } = SICKNESSES[sickness];
      if (!this.#faults.does(point)) continue;
      const stream = this.#faults.stream(point);
      const kind = stream.pick(kinds);
      const where = stream.weighted(WHERE);
      const howLong = stream.weighted(HOW_LONG);
      const lastsMs = howLong === 'short' ? stream.ms(2_000, 12_000) : stream.ms(15_000, 90_000);
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

  /** The engine's sickness now. */
  ails(kind: EngineKind, place: number): Sickness | undefined {
    const last = this.#spells[kind][place]?.at(-1);
    return last && last.untilMs > this.#clock.nowMs() ? last.sickness : undefined;
  }

  /** Whether one of the chain's engines has been healthy all the time since then. */
  worksSince(kind: EngineKind, sinceMs: number): boolean {
    return this.#spells[kind].some((_, place) => this.workedSince(kind, place, sinceMs));
  }

  /** Whether this engine has been healthy all the time since then. */
  workedSince(kind: EngineKind, place: number, sinceMs: number): boolean {
    return (this.#spells[kind][place]?.at(-1)?.untilMs ?? Number.NEGATIVE_INFINITY) < sinceMs;
  }

  /** Whether all of the chain's engines have been sick since then. */
  downSince(kind: EngineKind, sinceMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    return this.#spells[kind].every((spells) => {
      const last = spells.at(-1);
      return last !== undefined && last.fromMs <= sinceMs && last.untilMs > nowMs;
    });
  }

  /** Whether every engine is healthy now. */
  get well(): boolean {
    return KINDS.every((kind) => this.#spells[kind].every((_, place) => !this.ails(kind, place)));
  }

  /** Heals every engine for good. */
  heal(): void {
    for (const kind of KINDS)
      for (const spells of this.#spells[kind]) for (const spell of spells) this.#end(spell);
  }

  /** An engine has at most one sickness at a time. */
  #add(spells: Spell[], sickness: Sickness, lastsMs: number | null): void {
    const fromMs = this.#clock.nowMs();
    const last = spells.at(-1);
    if (last) this.#end(last);
    // Older spells are not needed: an engine that was sick a moment ago does not count as healthy either.
    spells.length = 0;
    const begunMs = last && last.untilMs === fromMs ? last.fromMs : fromMs;
    const untilMs = lastsMs === null ? Number.POSITIVE_INFINITY : fromMs + lastsMs;
    spells.push({ sickness, fromMs: begunMs, untilMs, lasting: lastsMs === null });
  }

  #end(spell: Spell): void {
    spell.untilMs = Math.min(spell.untilMs, this.#clock.nowMs());
  }
}
