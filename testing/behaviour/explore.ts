/** Walks a behaviour in all its states with everything that can happen in each. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { ChartStep } from '../../machines/behaviour/chart.ts';
import { questionOf } from '../../machines/behaviour/form/form.ts';
import type { Part } from '../../machines/behaviour/snapshot.ts';
import { canonicalJson, type Json } from '../../machines/json.ts';
import { type Finding, Findings } from './findings.ts';
import { lint, reachable } from './lint.ts';
import { GIBBERISH, Possible, RETRIES, SILENCE_MS, SLACK_MS } from './possible.ts';
import { isSpoken, type Step } from './steps.ts';
import { Texts } from './texts.ts';
import { type Grounds, type Line, stateText, Walk } from './walk.ts';
import { pathOf, statesOf, type Way, waysOf, withAncestors } from './ways.ts';

export interface ExploreOptions {
  readonly grounds: Grounds;
  /** The text of the behaviour's file: a guard compares with values in it, such as a PIN. */
  readonly source: string;
  readonly seed?: number;
  /** Longer paths are not walked. Default 12. */
  readonly maxSteps?: number;
  /** Contexts of one state that are walked on from. Default 6. */
  readonly maxContexts?: number;
  readonly onProgress?: (progress: {
    readonly taken: number;
    readonly ways: number;
    readonly paths: number;
  }) => void;
}

/** A path that took a transition which no earlier one took. */
export interface Path {
  /** The transition that it shows, as reports name it. */
  readonly shows: readonly string[];
  readonly steps: readonly Step[];
  readonly lines: readonly Line[];
}

export interface Explored {
  readonly findings: readonly Finding[];
  readonly ways: { readonly taken: number; readonly of: number };
  readonly states: { readonly entered: number; readonly of: number };
  /** Paths that show all transitions taken, the shortest first. */
  readonly paths: readonly Path[];
  /** Number of conversations that were held. */
  readonly conversations: number;
}

/** A state of the session from which paths go on. */
interface Place {
  readonly steps: readonly Step[];
  readonly key: string;
}

const BACKCHANNEL = 'uh-huh';
/** Shorter texts are over before a user can interrupt. */
const MIN_LENGTH = 16;
const MAX_STEPS = 12;
const MAX_CONTEXTS = 6;
const MAX_PLACES = 150;
/** Silences in a row after which a question that is still asked has no exit. */
const SILENCES = 4;

export async function explore(options: ExploreOptions): Promise<Explored> {
  return new Explorer(options).run();
}

class Explorer {
  readonly #options: ExploreOptions;
  readonly #ways: ReadonlyMap<AnyTransitionDefinition, Way>;
  readonly #taken = new Map<AnyTransitionDefinition, Path>();
  readonly #findings = new Findings();
  readonly #texts = new Texts();
  readonly #possible: Possible;
  readonly #places: Place[] = [];
  readonly #known = new Set<string>();
  readonly #contexts = new Map<string, number>();
  readonly #entered = new Set<AnyStateNode>();
  /** What the robot says, with the shortest path to it; undefined: the user has spoken over it. */
  readonly #saidAfter = new Map<string, readonly Step[] | undefined>();
  /** Conversations that showed something. */
  readonly #fresh = new Set<Walk>();
  #conversations = 0;

  constructor(options: ExploreOptions) {
    this.#options = options;
    this.#ways = waysOf(options.grounds.machine);
    this.#possible = new Possible(options.grounds.program, options.source, options.seed ?? 1);
  }

  async run(): Promise<Explored> {
    for (const finding of lint(this.#options.grounds.program)) this.#findings.add(finding);
    await this.#go({ steps: [], key: '' }, [undefined]);
    let at = 0;
    for (let before = -1; before !== this.#places.length; ) {
      before = this.#places.length;
      for (; at < this.#places.length && at < MAX_PLACES; at += 1) {
        const place = this.#places[at];
        if (place) await this.#from(place);
        const { size } = this.#taken;
        this.#options.onProgress?.({ taken: size, ways: this.#ways.size, paths: this.#conversations });
      }
      await this.#overSpeech();
    }
    return this.#report();
  }

  /** Everything that can happen in a place: each on a path of its own, and together as long as nothing changes. */
  async #from(place: Place): Promise<void> {
    const { maxSteps = MAX_STEPS } = this.#options;
    if (place.steps.length >= maxSteps) return;
    const at = await this.#walk(place.steps);
    const steps = this.#possible.steps(at, nodesOf(at, this.#options.grounds.machine));
    await this.#end(at, place.steps);
    await this.#go(place, steps);
    await this.#keepsAsking(place, at);
  }

  async #go(place: Place, steps: readonly (Step | undefined)[]): Promise<void> {
    let walk: Walk | undefined;
    let taken: readonly Step[] = place.steps;
    for (const step of steps) {
      const spoken = step !== undefined && isSpoken(step);
      if (walk && (spoken || taken.length > place.steps.length + 6)) {
        await this.#end(walk, taken);
        walk = undefined;
      }
      if (!walk) {
        walk = await this.#walk(place.steps, spoken);
        taken = place.steps;
      }
      if (step) {
        taken = [...taken, step];
        await this.#take(walk, step, taken);
      }
      const key = keyOf(walk);
      if (key === place.key && !spoken) continue;
      this.#arrive(key, walk, [...place.steps, ...(step ? [step] : [])]);
      await this.#end(walk, taken);
      walk = undefined;
    }
    if (walk) await this.#end(walk, taken);
  }

  #arrive(key: string, walk: Walk, steps: readonly Step[]): void {
    if (this.#known.has(key) || walk.snapshot.status !== 'active') return;
    const { maxContexts = MAX_CONTEXTS } = this.#options;
    const state = stateText(walk.snapshot);
    const contexts = this.#contexts.get(state) ?? 0;
    if (contexts >= maxContexts) return;
    this.#contexts.set(state, contexts + 1);
    this.#known.add(key);
    this.#places.push({ steps, key });
  }

  async #walk(steps: readonly Step[], spoken = false): Promise<Walk> {
    this.#conversations += 1;
    const walk = new Walk(this.#options.grounds, spoken);
    await walk.begin();
    this.#observe(walk, 0, []);
    for (const [at, step] of steps.entries())
      await this.#take(walk, step, steps.slice(0, at + 1), steps[at + 1]);
    return walk;
  }

  async #take(walk: Walk, step: Step, path: readonly Step[], next?: Step): Promise<void> {
    const before = walk.chart.length;
    const said = walk.talk.of('reply.end').length;
    await walk.take(step, next);
    this.#observe(walk, before, path);
    for (const { heard } of walk.talk.of('reply.end').slice(said))
      if (!this.#saidAfter.has(heard)) this.#saidAfter.set(heard, path);
  }

  /** The user speaks over each text: with words that mean nothing here, with a listener's sound, and by the button. */
  async #overSpeech(): Promise<void> {
    for (const [text, path] of this.#saidAfter) {
      this.#saidAfter.set(text, undefined);
      for (const words of path === undefined || text.length < MIN_LENGTH
        ? []
        : [GIBBERISH, BACKCHANNEL, '']) {
        const steps: readonly Step[] = [...(path ?? []), { kind: 'interrupts', words }];
        const walk = await this.#walk(steps, true);
        this.#arrive(keyOf(walk), walk, steps);
        this.#fresh.add(walk);
        await this.#end(walk, steps);
      }
    }
  }

  #observe(walk: Walk, from: number, path: readonly Step[]): void {
    const shows: string[] = [];
    const steps = walk.chart.slice(from);
    const fresh = steps
      .flatMap(({ taken }) => taken)
      .filter((one) => this.#ways.has(one) && !this.#taken.has(one));
    for (const one of fresh) shows.push(this.#ways.get(one)?.name ?? '');
    if (fresh.length > 0) {
      this.#fresh.add(walk);
      const shown: Path = { shows, steps: path, lines: [...walk.lines] };
      for (const one of fresh) this.#taken.set(one, shown);
    }
    for (const step of steps) this.#judge(step, walk, path);
    for (const node of nodesOf(walk, this.#options.grounds.machine)) this.#entered.add(node);
    for (const one of steps.flatMap(({ taken }) => taken))
      for (const target of one.target ?? [])
        for (const node of [target, ...withAncestors(target)]) this.#entered.add(node);
    this.#texts.heard(walk.talk.of('reply.end').map(({ heard }) => heard));
    const failed = walk.talk.of('error').find(({ code }) => code === 'BEHAVIOUR_FAILED');
    if (failed)
      this.#findings.add({ kind: 'failed', at: stateText(walk.snapshot), detail: failed.message, path });
  }

  #judge({ event, taken, effects }: ChartStep, walk: Walk, path: readonly Step[]): void {
    const at = stateText(walk.snapshot);
    this.#texts.queued(at, effects);
    if (taken.length === 0 && event.type.startsWith('xstate.done.actor.')) {
      const part = event.type.slice('xstate.done.actor.'.length);
      const node = nodesOf(walk, this.#options.grounds.machine).find(({ invoke }) =>
        invoke.some(({ id }) => id === part),
      );
      const hasBranches = node?.ownEvents.includes(event.type);
      if (node && hasBranches)
        this.#findings.add({
          ...{ kind: 'unhandled end', at: pathOf(node), path },
          detail: `no guard of its onDone takes ${JSON.stringify(Reflect.get(event, 'output'))}`,
        });
    }
    const last = path.at(-1);
    if (last && AGAIN.includes(last.kind))
      for (const effect of effects)
        if (effect.type === 'begin' && effect.part === 'act' && this.#ranBefore(walk, effect.id, path))
          this.#findings.add({
            ...{ kind: 'starts twice', at, path },
            detail: `${nameOf(effect.input)} starts again after ${last.kind}`,
          });
  }

  /** Whether this path has begun the same action before. */
  #ranBefore(walk: Walk, id: string, path: readonly Step[]): boolean {
    const began = walk.chart.flatMap(({ effects }) =>
      effects.filter((effect) => effect.type === 'begin' && effect.id === id),
    ).length;
    return began > 1 && path.length > 0;
  }

  /** A question that gets no answer ends, or leads elsewhere. */
  async #keepsAsking(place: Place, here: Walk): Promise<void> {
    const asking = Object.values(here.snapshot.parts).find(({ kind }) => kind === 'ask');
    if (asking?.kind !== 'ask' || here.isAway || here.isStopped) return;
    const { silenceMs = SILENCE_MS, retries = RETRIES } = asking.input;
    const ms = (retries + 1) * (silenceMs + SLACK_MS);
    let path = place.steps;
    const walk = await this.#walk(place.steps);
    const questions: string[] = [];
    for (let at = 0; at < SILENCES; at += 1) {
      const step: Step = { kind: 'waits', ms };
      path = [...path, step];
      await this.#take(walk, step, path);
      const open = Object.values(walk.snapshot.parts).find(({ kind }) => kind === 'ask');
      questions.push(open?.kind === 'ask' ? open.input.question : '');
    }
    await this.#end(walk, path);
    if (questions.every((one) => one === asking.input.question))
      this.#findings.add({
        ...{ kind: 'no exit', at: stateText(here.snapshot), path },
        detail: `"${asking.input.question}" is asked for ever`,
      });
  }

  async #end(walk: Walk, path: readonly Step[]): Promise<void> {
    // One conversation of each transition is replayed: the others are alike, and a replay takes as long as the talk.
    if (!this.#fresh.delete(walk)) return;
    const { violations, divergence } = await walk.end();
    for (const { invariant, what } of violations)
      this.#findings.add({
        kind: 'broken',
        at: stateText(walk.snapshot),
        detail: `invariant ${invariant}: ${what}`,
        path,
      });
    if (divergence)
      this.#findings.add({
        kind: 'broken',
        at: stateText(walk.snapshot),
        detail: 'the replay differs',
        path,
      });
  }

  #report(): Explored {
    const reached = reachable(this.#options.grounds.machine, [...this.#ways.values()]);
    for (const [one, way] of this.#ways)
      if (!this.#taken.has(one) && reached.has(way.from))
        this.#findings.add({ kind: 'not taken', at: pathOf(way.from), detail: way.name });
    for (const { at, text } of this.#texts.neverHeard())
      this.#findings.add({ kind: 'never heard', at, detail: JSON.stringify(text) });
    const states = statesOf(this.#options.grounds.machine).filter(
      ({ parent, type }) => parent && type !== 'history',
    );
    const paths = [...new Set(this.#taken.values())].sort((a, b) => a.steps.length - b.steps.length);
    return {
      findings: this.#findings.all,
      ways: { taken: this.#taken.size, of: this.#ways.size },
      states: { entered: states.filter((node) => this.#entered.has(node)).length, of: states.length },
      paths,
      conversations: this.#conversations,
    };
  }
}

/** The user asks for nothing with these. */
const AGAIN: readonly Step['kind'][] = ['rearm', 'back', 'restart', 'away'];

function nameOf(input: unknown): string {
  return typeof input === 'object' && input !== null ? String(Reflect.get(input, 'name')) : 'an action';
}

/** Where a session is: its state, its context and what is open. */
function keyOf(walk: Walk): string {
  const { chart, parts, status } = walk.snapshot;
  const open = Object.entries(parts).map(([id, part]) => [id, progressOf(part)] as const);
  return canonicalJson({
    value: chart.value,
    context: chart.context,
    open,
    status,
    stopped: walk.isStopped,
    away: walk.isAway,
    model: walk.modelWorks,
  });
}

/** How far a question is. Of a form it does not matter which values it has. */
function progressOf(part: Part): Json {
  switch (part.kind) {
    case 'ask':
      return part.tries;
    case 'form':
      return [canonicalJson(questionOf(part.input, part.state) ?? null), part.state.tries];
    default:
      return 0;
  }
}

function nodesOf(walk: Walk, machine: AnyStateMachine): readonly AnyStateNode[] {
  const { value, context } = walk.snapshot.chart;
  return machine.resolveState({ value, context })._nodes;
}
