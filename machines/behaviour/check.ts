/** What is wrong with a behaviour, as far as its chart shows. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { JsonObject } from '../json.ts';
import { didYouMean } from '../policies/did-you-mean.ts';
import { type BehaviourDefinition, PARTS } from './define.ts';

/** Events that need no declaration. */
export const KNOWN_EVENTS = ['heard', 'said', 'silence', 'stopped', 'rearmed', 'away', 'back'];
/** Those of XState: ends of parts and states, delays, and internal ones. */
const INTERNAL = 'xstate.';

/** The faults of a chart, each with the state that has it. */
export function behaviourFaults(
  machine: AnyStateMachine,
  { phrases, slots, robotEvents }: BehaviourDefinition,
): readonly string[] {
  const events = [
    ...KNOWN_EVENTS,
    ...Object.keys(phrases).map((name) => `heard.${name}`),
    ...Object.keys(robotEvents).map((name) => `robot.${name}`),
  ];
  const faults: string[] = [];
  const check = (node: AnyStateNode) => {
    const at = `state ${node.path.length === 0 ? '(the chart itself)' : node.path.join('.')}`;
    for (const type of node.transitions.keys()) {
      // Events without a dot are the chart's own: it raises them.
      if (type.startsWith(INTERNAL) || events.includes(type) || !/^(?:heard|robot)\.[^*]+$/u.test(type))
        continue;
      faults.push(`${at}: unknown event "${type}"${meant(type, events)}`);
    }
    for (const { src, input } of invocationsOf(node)) {
      if (!PARTS.some((part) => part === src)) {
        faults.push(`${at}: unknown part "${String(src)}"${meant(String(src), PARTS)}`);
        continue;
      }
      if (src !== 'ask' || typeof input !== 'object' || input === null) continue;
      const slot: unknown = Reflect.get(input, 'slot');
      if (typeof slot === 'string' && !Object.hasOwn(slots, slot))
        faults.push(`${at}: unknown slot "${slot}"${meant(slot, Object.keys(slots))}`);
    }
    for (const child of Object.values(node.states)) check(child);
  };
  check(machine.root);
  return faults;
}

function invocationsOf(node: AnyStateNode): readonly { readonly src: unknown; readonly input?: unknown }[] {
  return node.invoke;
}

/** Why the data of an event of the robot cannot be taken; undefined if it can. */
export function robotEventFault(
  name: string,
  data: JsonObject,
  { robotEvents }: BehaviourDefinition,
): string | undefined {
  const fields = Object.hasOwn(robotEvents, name) ? robotEvents[name] : undefined;
  if (!fields) return `unknown event "${name}"${meant(name, Object.keys(robotEvents))}`;
  for (const [field, type] of Object.entries(fields)) {
    const value = Object.hasOwn(data, field) ? data[field] : undefined;
    if (value === undefined && type.endsWith('?')) continue;
    const wanted = type.replace('?', '');
    if (typeof value !== wanted) return `${name}.${field} must be a ${wanted}`;
  }
  const more = Object.keys(data).find((field) => !Object.hasOwn(fields, field));
  return more === undefined ? undefined : `${name} has no field "${more}"${meant(more, Object.keys(fields))}`;
}

/** The known name that is nearest, or all of them. */
function meant(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  return near === undefined ? `; known: ${known.join(', ') || 'none'}` : `; did you mean "${near}"?`;
}
