import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import { HALT_WORDS, WAKE_WORDS } from './script.ts';
import { TOOL_NAMES } from './tools.ts';

/**
 * The defaults, changed so that every rule is reached: some actions refused, words that stop everything, long
 * utterances cut.
 */
export const simulationParameters: SessionParameters = {
  ...defaultParameters,
  endpointing: { ...defaultParameters.endpointing, maxUtteranceMs: 6_000 },
  asking: { ...defaultParameters.asking, below: 0.6 },
  deadlines: { ...defaultParameters.deadlines, actionMs: 5_000 },
  actions: {
    ...{ allow: ['wave', 'nod'], maxPerReply: 2, moving: ['nod'] },
    lasting: { nod: { whenInterrupted: 'replace' } },
    deadlinesMs: { nod: 20_000 },
    followUps: { nod: ['failed', 'refused'], wave: ['failed'] },
  },
  words: { ...defaultParameters.words, halt: [HALT_WORDS], wake: [WAKE_WORDS] },
  // Often over before the user's next turn.
  attention: { mode: 'always', windowMs: 500, unlikeBelow: 0.05 },
  history: { maxMessages: 8, maxTokens: 300, summaryTokens: 0 },
  reply: { ...defaultParameters.reply, fillerAfterMs: 1_000 },
  phrases: { ...defaultParameters.phrases, fillers: ['Let me see.', 'One second, please.'] },
};

/** The same of a server with tools, whose language model goes on with the results of its calls. */
export const toolParameters: SessionParameters = {
  ...simulationParameters,
  actions: {
    ...simulationParameters.actions,
    allow: [...simulationParameters.actions.allow, ...TOOL_NAMES],
    // What its dialog knows: a tool that is withdrawn is unknown.
    offered: ['wave', 'nod', 'dance', 'halt'],
    maxPerReply: 6,
    rounds: 3,
    followUps: { ...simulationParameters.actions.followUps, '*': ['done', 'failed', 'refused'] },
  },
};
