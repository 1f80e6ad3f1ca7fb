/**
 * The regions of `responding` beside its phase: each owns one child of the reply, so leaving the state stops them all.
 */
import { not, raise, stateIn } from 'xstate';
import type { ChildInputs } from '../commands.ts';
import { replyLanguage } from '../language/language.ts';
import { factsFor } from '../memory/known.ts';
import type { SessionContext } from '../model.ts';
import { llmOffer, voiceOf } from '../settings/in-force.ts';
import type { SessionChart } from '../setup.ts';
import { isHeld } from '../stop-lane/stop-lane.ts';
import { loops, resultsOf, roundMessages } from '../tools/loop.ts';
import { promptOf, withFacts } from '../turn/history.ts';
import { followUpsIn, instructionsOf, isDueAnyway } from '../turn/pending.ts';

/** Segments → audio. */
export function ttsRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'waiting',
    states: {
      waiting: {
        on: { 'reply.begin': [{ guard: 'repliesInText', target: 'finished' }, { target: 'running' }] },
      },
      running: {
        invoke: {
          id: 'tts',
          src: 'tts',
          input: ({ context }) => ({
            generation: context.generation,
            language: replyLanguage(context),
            voice: voiceOf(context, replyLanguage(context)),
            ...speculated(context),
            ...(context.reply?.cause.type === 'outside' && { outside: true }),
          }),
          onDone: 'finished',
          onError: { target: 'finished', actions: ['failTts', raise({ type: 'voice.lost' })] },
        },
        on: { 'voice.lost': 'finished', 'filler.audio': { actions: 'recordFiller' } },
        initial: 'quiet',
        states: {
          quiet: { on: { 'segment.started': 'synthesising' } },
          synthesising: {
            on: {
              'segment.ready': 'quiet',
            },
            after: {
              ttsDeadline: [
                // It has given audio meanwhile: the remaining deadline counts from there.
                { guard: 'ttsGivesAudio', target: 'synthesising', reenter: true },
                { target: '#ttsFinished', actions: ['failTts', raise({ type: 'voice.lost' })] },
              ],
            },
          },
        },
      },
      finished: { id: 'ttsFinished', type: 'final' },
    },
  });
}

const ALL_WRITTEN = stateIn({ conversation: { responding: { llm: 'finished' } } });

/** Audio → frames, in order and in time. */
export function playbackRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'waiting',
    states: {
      waiting: {
        on: { 'reply.begin': [{ guard: 'repliesInText', target: 'writing' }, { target: 'running' }] },
      },
      /** A reply in text: each piece is sent as it comes. */
      writing: { always: { guard: ALL_WRITTEN, target: 'finished' } },
      running: {
        invoke: {
          id: 'playback',
          src: 'playback',
          input: generation,
          onDone: 'finished',
          onError: { target: 'finished', actions: ['failPlayback', raise({ type: 'voice.lost' })] },
        },
      },
      finished: { type: 'final' },
    },
  });
}

/** While the LLM emits text, the executor ends only by failure, because it has not received `end`. */
const EXECUTOR_GONE = stateIn({ conversation: { responding: { actions: 'finished' } } });

/** Words → text. Last of the regions, so that its messages reach running children. */
export function llmRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'waiting',
    states: {
      waiting: {
        on: {
          'reply.begin': [
            { guard: 'saysPhrase', target: 'phrased' },
            { guard: 'runsAllowed', target: 'calling' },
            { target: 'running' },
          ],
        },
      },
      phrased: { entry: 'sayPhrase', always: 'finished' },
      running: {
        entry: 'recordRequest',
        invoke: {
          id: 'llm',
          src: 'llm',
          input: ({ context }) => llmInput(context, loops(context.parameters)),
          onDone: [
            { guard: 'hasNextToolRound', target: 'calling', actions: 'endRound' },
            { target: 'finished', actions: 'finishText' },
          ],
          onError: { target: 'finished', actions: 'failLlm' },
        },
        initial: 'asking',
        states: {
          asking: {
            // The child that takes the speculation over runs by now.
            always: { guard: 'hasSpeculation', actions: 'releaseSpeculation' },
            on: {
              'llm.delta': { target: 'streaming', actions: 'recordDelta' },
              'llm.action': [
                { guard: 'asksHalt', target: '#stopped' },
                { guard: EXECUTOR_GONE, target: 'streaming', actions: 'refuseAction' },
                { target: 'streaming', actions: 'startAction' },
              ],
            },
            after: { llmFirstToken: { target: '#llmFinished', actions: 'failLlm' } },
          },
          streaming: {
            on: {
              'llm.delta': { target: 'streaming', reenter: true, actions: 'recordDelta' },
              'llm.action': [
                { guard: 'asksHalt', target: '#stopped' },
                { guard: EXECUTOR_GONE, target: 'streaming', reenter: true, actions: 'refuseAction' },
                { target: 'streaming', reenter: true, actions: 'startAction' },
              ],
            },
            after: { llmStall: { target: '#llmFinished', actions: 'failLlm' } },
          },
        },
        on: { 'voice.lost': { target: 'finished', actions: 'finishText' } },
      },
      /** The calls of the round run, or those that the user has allowed; with their results the model goes on. */
      calling: {
        entry: 'sayAllowed',
        always: [
          { guard: not('isLooping'), target: 'finished', actions: 'finishText' },
          { guard: not('awaitsResults'), target: 'running' },
        ],
        on: { 'voice.lost': { target: 'finished', actions: 'finishText' } },
      },
      finished: { id: 'llmFinished', type: 'final' },
    },
  });
}

function generation({ context }: { context: SessionContext }): ChildInputs['playback'] {
  return { generation: context.generation, ...(isHeld(context) && { paused: true }) };
}

function llmInput(context: SessionContext, looping: boolean): ChildInputs['llm'] {
  const { reply: current } = context;
  const rounds = current?.rounds?.length ?? 0;
  const delivered = followUpsIn(current)?.map(({ outcome }) => outcome);
  const results = rounds > 0 && current ? resultsOf(current) : delivered;
  const { history } = context;
  const userText = current?.userText ?? '';
  const messages = isDueAnyway(current) && userText === '' ? history : promptOf(history, userText);
  const instructions = instructionsOf(current);
  return {
    generation: context.generation,
    language: replyLanguage(context),
    seed: current?.seed ?? 0,
    ...(rounds > 0 && { round: rounds }),
    messages: withFacts(
      current && rounds > 0 ? [...messages, ...roundMessages(current)] : messages,
      factsFor(context, current?.facts ?? []),
    ),
    ...llmOffer(context, looping),
    ...(instructions === undefined ? {} : { instructions }),
    ...(results && { results }),
    ...speculated(context),
  };
}

function speculated({ speculation }: SessionContext): { readonly speculated?: true } {
  return speculation ? { speculated: true } : {};
}
