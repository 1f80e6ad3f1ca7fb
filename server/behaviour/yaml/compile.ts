/** From `behaviour:` in a YAML file to the chart that TypeScript would make. */
import { type AnyStateMachine, assign } from 'xstate';
import { z } from 'zod';
import { KNOWN_EVENTS } from '../../../machines/behaviour/check.ts';
import { behaviour, PARTS } from '../../../machines/behaviour/define.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { didYouMean } from '../../../machines/policies/did-you-mean.ts';
import { Expressions } from './expressions.ts';
import { type BehaviourFile, PART_KEYS, type Report, type Say, type State, type Ways } from './schema.ts';

/** Where something stands in the file: keys from the top of the behaviour. */
export type Path = readonly string[];
export type Fail = (path: Path, message: string) => never;

interface Scope {
  readonly context: JsonObject;
  readonly event: unknown;
}

/** The context is JSON; the chart checks that. */
interface Given {
  readonly context: unknown;
  readonly event: unknown;
}

const contextOf = z.custom<JsonObject>();

/** Throws what `fail` throws for names that do not exist, and conditions that cannot be read. */
export function compileBehaviour(file: BehaviourFile, fail: Fail): AnyStateMachine {
  return new Compiler(file, fail).machine();
}

class Compiler {
  readonly #file: BehaviourFile;
  readonly #fail: Fail;
  readonly #expressions: Expressions;
  readonly #events: readonly string[];

  constructor(file: BehaviourFile, fail: Fail) {
    this.#file = file;
    this.#fail = fail;
    this.#expressions = new Expressions(contextOf.parse(file.context));
    this.#events = [
      ...KNOWN_EVENTS,
      ...Object.keys(file.phrases).map((name) => `heard.${name}`),
      ...Object.keys(file.robotEvents).map((name) => `robot.${name}`),
    ];
  }

  machine(): AnyStateMachine {
    const { id, version, language, phrases, slots, robotEvents, context } = this.#file;
    const made = behaviour({
      id,
      ...(version !== undefined && { version: String(version) }),
      ...(language !== undefined && { language }),
      phrases: Object.fromEntries(Object.entries(phrases).map(([name, said]) => [name, [said].flat()])),
      slots,
      robotEvents: Object.fromEntries(Object.entries(robotEvents).map(([name, of]) => [name, of ?? {}])),
    });
    // The names in it are checked here, as the compiler checks those of TypeScript.
    const chart = z.custom<Parameters<typeof made.createMachine>[0]>();
    return made.createMachine(chart.parse({ id, context, ...this.#state(this.#file, []) }));
  }

  #state(state: Partial<State>, path: Path): object {
    const { states, initial, on = {}, after = {}, set, say, report, goto } = state;
    const { done, failed, ...events } = on;
    for (const name of Object.keys(events))
      if (!this.#events.includes(name)) this.#unknown([...path, 'on', name], 'event', name, this.#events);
    const names = Object.keys(states ?? {});
    if (initial !== undefined && !names.includes(initial))
      this.#unknown([...path, 'initial'], 'state', initial, names);
    const invoked = this.#part(state, path);
    if (!invoked && (done ?? failed) !== undefined)
      this.#fail([...path, 'on'], 'done and failed need a part: say, ask, do, form, model or tool');
    const speaks = invoked?.src === 'say';
    const entry = this.#actions({ set, report, ...(!speaks && { say }) }, path);
    return {
      ...(entry.length > 0 && { entry }),
      ...(names.length > 0 && { initial: initial ?? names[0] }),
      ...(states && {
        states: Object.fromEntries(
          Object.entries(states).map(([name, child]) => [
            name,
            this.#state(child ?? {}, [...path, 'states', name]),
          ]),
        ),
      }),
      ...(invoked && {
        invoke: {
          ...invoked,
          ...(done !== undefined && { onDone: this.#ways(done, path, 'on', 'done') }),
          ...(failed !== undefined && { onError: this.#ways(failed, path, 'on', 'failed') }),
        },
      }),
      on: Object.fromEntries(
        Object.entries(events).map(([name, ways]) => [name, this.#ways(ways, path, 'on', name)]),
      ),
      after: Object.fromEntries(
        Object.entries(after).map(([ms, ways]) => [ms, this.#ways(ways, path, 'after', ms)]),
      ),
      ...(goto !== undefined && { always: this.#ways(goto, path, 'goto') }),
    };
  }

  /** The part that a state invokes; undefined if it has none. */
  #part(state: Partial<State>, path: Path): { readonly src: string; readonly input: unknown } | undefined {
    const keys = Object.keys(PART_KEYS).filter((key) => Object.hasOwn(state, key));
    if (keys.length > 1) this.#fail([...path, keys[1] ?? ''], `one state has one of ${keys.join(', ')}`);
    const [key] = keys;
    if (key === undefined)
      return state.say !== undefined && state.on?.done !== undefined
        ? { src: 'say', input: sayInput(state.say) }
        : undefined;
    const src = z.enum(PART_KEYS).parse(Reflect.get(PART_KEYS, key));
    const known: readonly string[] = PARTS;
    if (!known.includes(src)) this.#fail([...path, key], `behaviours have no part "${key}" yet`);
    const given: unknown = Reflect.get(state, key);
    const input = typeof given === 'string' ? { name: given } : contextOf.parse(given);
    if (src === 'ask') this.#checkAnswers(input, [...path, key]);
    const { args } = input;
    if (args === undefined) return { src, input };
    this.#checkMembers(args, [...path, key, 'args']);
    return {
      src,
      input: ({ context }: Given) => ({ ...input, args: filled(args, contextOf.parse(context)) }),
    };
  }

  #checkAnswers({ slot, phrases }: JsonObject, path: Path): void {
    const { slots, phrases: all } = this.#file;
    if (typeof slot === 'string' && !Object.hasOwn(slots, slot))
      this.#unknown([...path, 'slot'], 'slot', slot, Object.keys(slots));
    for (const name of Array.isArray(phrases) ? phrases : [])
      if (!Object.hasOwn(all, String(name)))
        this.#unknown([...path, 'phrases'], 'phrase', String(name), Object.keys(all));
  }

  #ways(ways: Ways, path: Path, ...key: readonly string[]): readonly object[] {
    return [ways].flat().map((way, at) => {
      const where = [...path, ...key, ...(Array.isArray(ways) ? [String(at)] : [])];
      const { when, goto, ...does } = typeof way === 'string' ? { goto: way } : way;
      const holds = when === undefined ? undefined : this.#expression(when, [...where, 'when']);
      const target = goto === undefined ? undefined : this.#target(goto, path, where);
      const actions = this.#actions(does, where);
      return {
        ...(holds && { guard: (scope: Given) => holds(scopeOf(scope)) === true }),
        ...(target && { target: target.id, ...(target.again && { reenter: true }) }),
        ...(actions.length > 0 && { actions }),
      };
    });
  }

  #actions(
    {
      set,
      say,
      report,
    }: {
      readonly set?: State['set'] | undefined;
      readonly say?: Say | undefined;
      readonly report?: Report | undefined;
    },
    path: Path,
  ): readonly unknown[] {
    return [
      ...(set === undefined ? [] : [this.#assignment(set, [...path, 'set'])]),
      ...(report === undefined ? [] : [this.#reported(report, [...path, 'report'])]),
      ...(say === undefined ? [] : [{ type: 'say', params: sayInput(say) }]),
    ];
  }

  #assignment(set: NonNullable<State['set']>, path: Path): unknown {
    const members = Object.entries(set).map(([name, value]) => {
      if (!Object.hasOwn(this.#file.context, name))
        this.#unknown([...path, name], 'member of the context', name, Object.keys(this.#file.context));
      const read = typeof value === 'string' ? this.#expression(value, [...path, name]) : () => value;
      return [name, read] as const;
    });
    return assign((scope: Given) =>
      Object.fromEntries(members.map(([name, read]) => [name, read(scopeOf(scope))])),
    );
  }

  #reported(report: Report, path: Path): unknown {
    if (typeof report === 'string') return { type: 'report', params: { name: report } };
    const { name, data } = report;
    if (data === undefined) return { type: 'report', params: { name } };
    this.#checkMembers(data, [...path, 'data']);
    return {
      type: 'report',
      params: ({ context }: Given) => ({ name, data: filled(data, contextOf.parse(context)) }),
    };
  }

  #expression(text: string, path: Path) {
    return this.#expressions.read(text, (message) => this.#fail(path, message));
  }

  /** A state by its name, looked up from the state itself outwards, or by its path from the top. */
  #target(goto: string, path: Path, where: Path): { readonly id: string; readonly again: boolean } {
    const from = path.filter((_, at) => at % 2 === 1);
    const wanted = goto.split('.');
    for (let depth = from.length; depth >= 0; depth -= 1) {
      const found = [...from.slice(0, depth), ...wanted];
      if (!this.#hasState(found)) continue;
      return { id: `#${[this.#file.id, ...found].join('.')}`, again: found.join('.') === from.join('.') };
    }
    return this.#unknown(where, 'state', goto, this.#allStates(this.#file));
  }

  #hasState(path: readonly string[]): boolean {
    let states = this.#file.states;
    for (const name of path) {
      if (!states || !Object.hasOwn(states, name)) return false;
      states = states[name]?.states;
    }
    return path.length > 0;
  }

  #allStates({ states = {} }: Pick<State, 'states'>): readonly string[] {
    return Object.entries(states).flatMap(([name, child]) => [name, ...this.#allStates(child ?? {})]);
  }

  /** `{name}` in values must be members of the context. */
  #checkMembers(value: Json, path: Path): void {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"\{(\w+)\}"/gu))
      if (!Object.hasOwn(this.#file.context, name))
        this.#unknown(path, 'member of the context', name, Object.keys(this.#file.context));
  }

  #unknown(path: Path, what: string, name: string, known: readonly string[]): never {
    const near = didYouMean(name, known);
    const hint = near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
    return this.#fail(path, `unknown ${what} "${name}"; ${hint}`);
  }
}

function scopeOf({ context, event }: Given): Scope {
  return { context: contextOf.parse(context), event };
}

function sayInput(say: Say): object {
  return typeof say === 'string' || Array.isArray(say) ? { text: say } : say;
}

/** A value that is `{name}` becomes the member of the context, with its type. */
function filled(value: Json, context: JsonObject): Json {
  if (typeof value === 'string') {
    const name = /^\{(\w+)\}$/u.exec(value)?.[1];
    return name === undefined ? value : (context[name] ?? null);
  }
  if (Array.isArray(value)) return value.map((one: Json) => filled(one, context));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, context)]));
}
