import type { LogEntry } from './log.ts';
import type { SessionParameters } from './parameters.ts';
import { actionsInvariant } from './session/actions/invariant.ts';
import { askingInvariant } from './session/asking/invariant.ts';
import { attentionInvariant } from './session/attention/invariant.ts';
import { backchannelInvariant } from './session/barge-in/invariant.ts';
import { bodyInvariant } from './session/body/invariant.ts';
import { childrenInvariant } from './session/children-invariant.ts';
import { type Invariant, type MakeInvariant, type MonitorOptions, SessionFacts } from './session/facts.ts';
import { failuresInvariant } from './session/failures-invariant.ts';
import { fillerInvariant } from './session/filler/invariant.ts';
import { discardedInvariant } from './session/halt/discarded-invariant.ts';
import { haltInvariant } from './session/halt/invariant.ts';
import { languageInvariant } from './session/language/invariant.ts';
import { lastingInvariant } from './session/lasting/invariant.ts';
import { memoryInvariant } from './session/memory/invariant.ts';
import type { SessionInput } from './session/model.ts';
import { presenceInvariant } from './session/presence/invariant.ts';
import { audioInvariant } from './session/reply/audio-invariant.ts';
import { heardInvariant } from './session/reply/heard-invariant.ts';
import { lifecycleInvariant } from './session/reply/lifecycle-invariant.ts';
import { settingsInvariant } from './session/settings/invariant.ts';
import { speculationInvariant } from './session/speculation/invariant.ts';
import { suspicionInvariant } from './session/stop-lane/invariant.ts';
import { textOnlyInvariant } from './session/text-only-invariant.ts';
import { consentInvariant } from './session/tools/consent-invariant.ts';
import { commitInvariant } from './session/turn/invariant.ts';
import { turnEndInvariant } from './session/turn/turn-end-invariant.ts';
import type { Modality } from './wire.ts';

export type { MonitorOptions } from './session/facts.ts';

/** All invariants; each feature has its own. */
const INVARIANTS: readonly MakeInvariant[] = [
  failuresInvariant,
  memoryInvariant,
  childrenInvariant,
  lifecycleInvariant,
  audioInvariant,
  fillerInvariant,
  heardInvariant,
  speculationInvariant,
  actionsInvariant,
  lastingInvariant,
  backchannelInvariant,
  settingsInvariant,
  commitInvariant,
  turnEndInvariant,
  haltInvariant,
  discardedInvariant,
  suspicionInvariant,
  askingInvariant,
  attentionInvariant,
  bodyInvariant,
  languageInvariant,
  consentInvariant,
  presenceInvariant,
  textOnlyInvariant,
];

export interface Violation {
  /** Number of the invariant in docs/explanation/architecture.md. */
  readonly invariant: number;
  readonly what: string;
  readonly entry: LogEntry | null;
}

/** The monitor of a session. `hears`: what its client sends. */
export function sessionMonitor(
  parameters: SessionParameters,
  input: SessionInput,
  hears: Modality = 'audio',
): InvariantMonitor {
  return new InvariantMonitor({
    outputRate: input.outputRate,
    actions: parameters.actions,
    language: input.language,
    languages: parameters.languages,
    asks: parameters,
    attention: {
      mode: input.attention ?? 'always',
      wake: parameters.words.wake ?? [],
      windowMs: parameters.attention?.windowMs ?? 0,
    },
    halt: parameters.words.halt,
    backchannels: parameters.words.backchannels,
    input: hears,
    output: input.output ?? 'audio',
    awaitedDelayMs: parameters.endpointing.awaitedDelayMs ?? 0,
    results: input.results ?? false,
  });
}

/** Violations that a monitor keeps: a broken invariant may be broken with every entry that follows. */
const MAX_VIOLATIONS = 100;

/**
 * Watches one session's ordered log and reports violated invariants of the design. `observe` is cheap enough for
 * production and keeps nothing of ended replies; `end` reports what is missing at the end of the log. Replay checks
 * invariant 10.
 */
export class InvariantMonitor {
  readonly violations: Violation[] = [];
  readonly #facts: SessionFacts;
  readonly #invariants: readonly Invariant[];

  constructor(given: MonitorOptions = {}) {
    const options = {
      outputRate: 24_000,
      actions: { allow: ['*'], maxPerReply: Number.MAX_SAFE_INTEGER },
      language: 'en',
      languages: undefined,
      asks: undefined,
      attention: { mode: 'always' as const, wake: [], windowMs: 0 },
      halt: [],
      backchannels: {},
      input: 'audio' as const,
      output: 'audio' as const,
      awaitedDelayMs: 0,
      results: false,
      ...given,
    };
    const facts = new SessionFacts(options);
    this.#facts = facts;
    const broken = (invariant: number, what: string, entry: LogEntry | null) => {
      if (this.violations.length < MAX_VIOLATIONS) this.violations.push({ invariant, what, entry });
    };
    this.#invariants = INVARIANTS.map((make) => make({ facts, options, broken }));
  }

  observe(entry: LogEntry): void {
    if (entry.type === 'event') for (const invariant of this.#invariants) invariant.rest?.(entry);
    this.#facts.open(entry);
    for (const invariant of this.#invariants) invariant.observe(entry);
    this.#facts.close(entry);
  }

  /** Ends the log: reports what should have happened by now and did not. */
  end(): readonly Violation[] {
    for (const invariant of this.#invariants) invariant.rest?.(null);
    return this.violations;
  }
}
