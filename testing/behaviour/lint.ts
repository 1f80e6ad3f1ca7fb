/** What a behaviour's chart shows to be wrong, without a conversation. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { phrasesOf } from '../../actors/behaviour/phrases.ts';
import { hasWay } from '../../machines/behaviour/answers.ts';
import type { BehaviourProgram, Wanted } from '../../machines/behaviour/program.ts';
import type { Finding } from './findings.ts';
import { sentencesOf } from './sentences.ts';
import { partsOf, pathOf, statesOf, type Way, waysOf, withAncestors } from './ways.ts';

/** Parts that can fail. */
const FALLIBLE = ['ask', 'form', 'act', 'tool', 'model', 'a behaviour'];
const SENTENCES = 40;
const SEED = 1;
const HEARD = 'heard.';

export function lint(program: BehaviourProgram): readonly Finding[] {
  const { machine } = program;
  const ways = [...waysOf(machine).values()];
  const reached = reachable(machine, ways);
  const states = statesOf(machine);
  const leaves = states.filter((node) => reached.has(node) && Object.keys(node.states).length === 0);
  return [
    ...states.flatMap((node) => unreachable(node, reached)),
    ...leaves.flatMap((node) => deadEnd(node, ways)),
    ...[...reached].flatMap(unhandledEnds),
    ...meanings(program, leaves),
  ];
}

/** The states that transitions lead to, whatever their guards say. */
export function reachable(machine: AnyStateMachine, ways: readonly Way[]): ReadonlySet<AnyStateNode> {
  const reached = new Set<AnyStateNode>();
  const enter = (node: AnyStateNode | undefined) => {
    if (!node || reached.has(node)) return;
    reached.add(node);
    enter(node.parent);
    const children = Object.values(node.states);
    if (node.type === 'parallel') for (const child of children) enter(child);
    if (node.type === 'compound') for (const initial of node.initial.target) enter(initial);
    // It goes back to where the task was, or to its default.
    if (node.type === 'history') enter(node.parent);
  };
  enter(machine.root);
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const { from, targets } of ways) if (reached.has(from)) for (const target of targets) enter(target);
  }
  return reached;
}

function unreachable(node: AnyStateNode, reached: ReadonlySet<AnyStateNode>): readonly Finding[] {
  // The children of one that nothing leads to go without saying.
  if (reached.has(node) || (node.parent && !reached.has(node.parent))) return [];
  return [{ kind: 'unreachable', at: pathOf(node), detail: 'no transition leads to it' }];
}

function deadEnd(node: AnyStateNode, ways: readonly Way[]): readonly Finding[] {
  if (node.type === 'final' || node.type === 'history') return [];
  const own = new Set(withAncestors(node));
  const leads = ways.filter(
    ({ from, targets }) => own.has(from) && targets.some((target) => target !== node),
  );
  // Of the chart itself only what the user can say counts: a low battery is not a way out.
  const spoken = ways.filter(
    ({ from, event, targets }) =>
      !from.parent && targets.some((target) => target !== node) && event.startsWith('heard'),
  );
  if (leads.length > 0 || spoken.length > 0) return [];
  const waits = partsOf(node).map(({ src }) => src);
  const what = waits.length > 0 ? `after ${waits.join(' and ')}` : 'whatever happens';
  return [{ kind: 'dead end', at: pathOf(node), detail: `the task stays here ${what}` }];
}

function unhandledEnds(node: AnyStateNode): readonly Finding[] {
  const handled = new Set([node, ...withAncestors(node), node.machine.root].flatMap((one) => one.ownEvents));
  return partsOf(node).flatMap(({ id, src }) =>
    FALLIBLE.includes(src) && !hasWay(handled, `xstate.error.actor.${id}`)
      ? [{ kind: 'unhandled end' as const, at: pathOf(node), detail: `${src} has no onError` }]
      : [],
  );
}

/** Sentences of phrases that mean something else in a state. */
function meanings(program: BehaviourProgram, leaves: readonly AnyStateNode[]): readonly Finding[] {
  const { definition } = program;
  const { phrases } = phrasesOf(definition);
  const sentences = new Map(
    [...phrases].map(([name, dialog]) => [name, sentencesOf(dialog, SENTENCES, SEED)] as const),
  );
  const found: Finding[] = [];
  const seen = new Set<string>();
  for (const node of leaves) {
    const enabled = new Set(
      withAncestors(node)
        .concat(node.machine.root)
        .flatMap((one) => one.ownEvents),
    );
    const wanted = Object.keys(definition.phrases).filter((name) => hasWay(enabled, HEARD + name));
    for (const answer of questionsOf(node))
      for (const name of wanted) {
        const others = (sentences.get(name) ?? []).flatMap((words) => {
          const meant = program.understand(words, { phrases: wanted, ...(answer && { answer }) });
          if (!meant || meant.phrase === name) return [];
          return [{ words, other: meant.phrase ?? 'the answer to its question' }];
        });
        const [first] = others;
        if (!first) continue;
        const detail = `"${first.words}" is ${HEARD}${name}, but the robot takes it for ${
          definition.phrases[first.other] ? HEARD + first.other : first.other
        }`;
        if (seen.has(detail)) continue;
        seen.add(detail);
        found.push({ kind: 'two meanings', at: pathOf(node), detail });
      }
  }
  return found;
}

/** What may be asked in a state: nothing, if it has no question. */
function questionsOf(node: AnyStateNode): readonly (Wanted['answer'] | undefined)[] {
  const asked = [node, ...withAncestors(node)].flatMap((one) =>
    one.invoke.flatMap(({ src, input }: { readonly src: unknown; readonly input?: unknown }) =>
      src === 'ask' && typeof input === 'object' && input !== null ? [answerOf(input)] : [],
    ),
  );
  return asked.length > 0 ? asked : [undefined];
}

function answerOf(input: object): Wanted['answer'] {
  const slot: unknown = Reflect.get(input, 'slot');
  const phrases: unknown = Reflect.get(input, 'phrases');
  return {
    ...(typeof slot === 'string' && { slot }),
    ...(Array.isArray(phrases) && { phrases: phrases.filter((one) => typeof one === 'string') }),
  };
}
