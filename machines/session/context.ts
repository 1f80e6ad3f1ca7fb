import type { SessionParameters } from '../parameters.ts';
import type { SessionContext, SessionInput } from './model.ts';

/** Names of the members that may be absent. */
type OptionalMember = {
  [Name in keyof SessionContext]-?: undefined extends SessionContext[Name] ? Name : never;
}[keyof SessionContext];

/** In the order in which they most often came before it was fixed. */
const OPTIONAL: { readonly [Name in OptionalMember]: undefined } = {
  settings: undefined,
  tools: undefined,
  suspicion: undefined,
  woken: undefined,
  body: undefined,
  spoken: undefined,
  question: undefined,
  lasting: undefined,
  known: undefined,
  followUps: undefined,
  committedTo: undefined,
  discarded: undefined,
};

export function initialContext(input: SessionInput, parameters: SessionParameters): SessionContext {
  return {
    input,
    parameters,
    nowMs: 0,
    listener: null,
    random: input.seed >>> 0,
    turn: 0,
    generation: 0,
    lastGeneration: 0,
    utterances: 0,
    utterance: null,
    pending: null,
    speculation: null,
    speculations: { turn: 0, count: 0 },
    reply: null,
    history: [],
    // Every member from the start: a change of the state lists them in this order, whichever came first.
    ...OPTIONAL,
  };
}
