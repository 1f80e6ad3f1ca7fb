import { fromCallback, not, raise, setup, stateIn } from 'xstate';
import type { SessionParameters } from '../parameters.ts';
import { endpointDelayMs } from '../policies/endpointing.ts';
import type { ChildInputs, Command } from './commands.ts';
import { initialContext, type SessionContext, type SessionInput } from './context.ts';
import type { MachineEvent, Reducer } from './effects.ts';
import type { ChildKind } from './events.ts';
import * as reply from './reply.ts';
import * as robot from './robot-actions.ts';
import * as turn from './turn.ts';
import * as utterance from './utterance.ts';

/** Children live outside: the runner starts the real ones. Here they have only a name and an input. */
function child<Kind extends ChildKind>() {
  return fromCallback<MachineEvent, ChildInputs[Kind]>(() => {});
}

/** An action of this name is no action of the robot: it is the language engine's way to stop everything. */
export const ESTOP_ACTION = 'estop';

/**
 * The conversation. Reads top to bottom as it goes: idle, listening, responding, and from anywhere stopped or ended.
 * One machine serves all sessions with the same parameters.
 */
export function sessionMachine(parameters: SessionParameters) {
  const { endpointing, bargeIn, deadlines, words } = parameters;

  const base = setup({
    types: {} as { context: SessionContext; events: MachineEvent; input: SessionInput },
    actors: {
      stt: child<'stt'>(),
      memory: child<'memory'>(),
      llm: child<'llm'>(),
      tts: child<'tts'>(),
      playback: child<'playback'>(),
      actions: child<'actions'>(),
    },
    actions: { command: (_, _command: Command) => {} },
    guards: {
      finalKnown: ({ context }) => turn.utteranceSettled(context),
      turnKnown: ({ context }) => context.pending !== null && context.utterance === null,
      userSpeaks: ({ context }) => context.utterance !== null && context.utterance.endedAtMs === null,
      utteranceOpen: ({ context }) => context.utterance !== null,
      saidEstop: ({ context }) =>
        (turn.utteranceSettled(context) || context.utterance === null) && turn.saidEstop(context, parameters),
      saidNothing: ({ context }) => turn.saidNothing(context, parameters),
      asksEstop: ({ event }) => event.type === 'llm.action' && event.name === ESTOP_ACTION,
      partialInterrupts: ({ context, event }) =>
        event.type === 'transcript.partial' && turn.interrupts(event.text, context, parameters),
      finalInterrupts: ({ context }) =>
        turn.interrupts(context.utterance?.final?.text ?? '', context, parameters),
      soundsLikeListener: ({ context }) =>
        context.utterance !== null &&
        context.utterance.partial !== '' &&
        !turn.interrupts(context.utterance.partial, context, parameters),
      hasActed: ({ context }) => context.reply !== null && context.reply.actions.length > 0,
      actionRuns: ({ context }) => robot.actionRuns(context),
      asksMemory: ({ context }) => context.input.memory && context.reply?.phrase === null,
      saysPhrase: ({ context }) => context.reply?.phrase !== null,
    },
    delays: {
      endpointDelay: ({ context }) => {
        const heard = turn.wordsInHand(context) || (context.utterance?.partial ?? '');
        const delayMs = endpointDelayMs(heard, context.input.language, endpointing, words);
        return Math.max(0, delayMs - (context.nowMs - (context.utterance?.endedAtMs ?? context.nowMs)));
      },
      maxUtterance: () => endpointing.maxUtteranceMs,
      confirmSpeech: () => bargeIn.confirmSpeechMs,
      backchannelMax: () => bargeIn.backchannelMaxMs,
      verdict: () => bargeIn.verdictMs,
      sttDeadline: () => deadlines.sttMs,
      recallDeadline: () => deadlines.recallMs,
      llmFirstToken: () => deadlines.llmFirstTokenMs,
      llmStall: () => deadlines.llmStallMs,
      ttsDeadline: () => deadlines.ttsMs,
      actionDeadline: () => deadlines.actionMs,
    },
  });

  /** Turns a pure reducer into an action of the chart: the patch first, then its effects in order. */
  const act = (reduce: Reducer) =>
    base.enqueueActions(({ context, event, enqueue }) => {
      const { patch, effects } = reduce(context, event);
      if (patch) enqueue.assign(patch);
      for (const effect of effects ?? []) {
        if (effect.type === 'stt.spawn')
          enqueue.spawnChild('stt', { id: 'stt', input: ({ context: now }) => sttInput(now) });
        else if (effect.type === 'stt.stop') enqueue.stopChild('stt');
        else enqueue({ type: 'command', params: effect });
      }
    });

  const sttInput = (context: SessionContext): ChildInputs['stt'] => ({
    utterance: context.utterance?.number ?? 0,
    fromSample: context.utterance?.startSample ?? 0,
    language: context.input.language,
  });
  const generation = ({ context }: { context: SessionContext }): ChildInputs['playback'] => ({
    generation: context.generation,
  });

  return base
    .extend({
      actions: {
        beginUtterance: act(utterance.beginUtterance),
        restartUtterance: act(utterance.restartUtterance),
        noteSpeechResumed: act(utterance.noteSpeechResumed),
        noteSpeechStop: act(utterance.noteSpeechStop),
        notePartial: act(utterance.notePartial),
        noteFinal: act(utterance.noteFinal),
        noteSttFailure: act(utterance.noteSttFailure),
        failSttLate: act(utterance.failSttLate),
        finishUtterance: act(utterance.finishUtterance),
        dropUtterance: act(utterance.dropUtterance),
        tellEarFailure: act(utterance.tellEarFailure),
        takeText: act(turn.takeText),
        takeUtterance: act(turn.takeUtterance(parameters)),
        dropPending: act(turn.dropPending),
        tellStopped: act(turn.tellStopped),
        beginReply: act(reply.beginReply),
        noteFacts: act(reply.noteFacts),
        tellMemoryFailure: act(reply.tellMemoryFailure),
        noteAsked: act(reply.noteAsked),
        noteDelta: act(reply.noteDelta(parameters)),
        sayPhrase: act(reply.sayPhrase(parameters)),
        finishText: act(reply.finishText(parameters)),
        failLlm: act(reply.failLlm(parameters)),
        failTts: act(reply.failTts),
        failPlayback: act(reply.failPlayback),
        noteSegmentAudio: act(reply.noteSegmentAudio),
        notePlaying: act(reply.notePlaying),
        noteProgress: act(reply.noteProgress),
        noteAcknowledged: act(reply.noteAcknowledged),
        notePlayedOut: act(reply.notePlayedOut),
        pausePlayout: act(reply.pausePlayout),
        resumePlayout: act(reply.resumePlayout),
        endReply: act(reply.endReply(parameters)),
        startAction: act(robot.startAction(parameters)),
        noteActionDone: act(robot.noteActionDone),
        noteActionFailed: act(robot.noteActionFailed),
        failActions: act(robot.failActions),
      },
    })
    .createMachine({
      id: 'session',
      context: ({ input }) => initialContext(input),
      initial: 'idle',
      on: {
        estop: '.stopped',
        bye: '.ended',
        lost: '.ended',
        played: { actions: 'noteAcknowledged' },
        'ear.failed': { actions: 'tellEarFailure' },
        'transcript.partial': { actions: 'notePartial' },
        'xstate.done.actor.stt': { actions: 'noteFinal' },
        'xstate.error.actor.stt': { actions: 'noteSttFailure' },
      },
      states: {
        /** Connected; nobody speaks. */
        idle: {
          id: 'idle',
          on: {
            'speech.start': { target: 'listening', actions: 'beginUtterance' },
            text: { target: 'responding', actions: 'takeText' },
          },
        },

        /** The user has the turn. */
        listening: {
          id: 'listening',
          initial: 'capturing',
          on: { text: { target: 'responding', actions: ['dropUtterance', 'takeText'] } },
          states: {
            capturing: {
              on: { 'speech.stop': { target: 'endpointing', actions: 'noteSpeechStop' } },
              after: { maxUtterance: { target: '#responding' } },
            },
            /** Silence; is it the end? */
            endpointing: {
              id: 'endpointing',
              always: { guard: 'finalKnown', target: '#responding' },
              on: {
                'speech.start': { target: 'capturing', actions: 'noteSpeechResumed' },
                'transcript.partial': { target: 'endpointing', reenter: true, actions: 'notePartial' },
              },
              after: { endpointDelay: { target: '#responding' } },
            },
          },
        },

        /** One reply. Its children live in the regions below, so leaving this state stops them all. */
        responding: {
          id: 'responding',
          type: 'parallel',
          exit: 'endReply',
          on: {
            text: { target: 'responding', reenter: true, actions: ['dropUtterance', 'takeText'] },
            interrupt: [
              { guard: 'userSpeaks', target: 'listening' },
              { target: 'idle', actions: ['dropUtterance', 'dropPending'] },
            ],
          },
          onDone: [
            { guard: 'userSpeaks', target: 'listening' },
            { guard: 'utteranceOpen', target: 'listening.endpointing' },
            { target: 'idle' },
          ],
          states: {
            /** Where the reply is, as the user hears it. */
            phase: {
              initial: 'processing',
              states: {
                /** Nothing audible yet. */
                processing: {
                  initial: 'transcribing',
                  states: {
                    transcribing: {
                      entry: 'finishUtterance',
                      always: [
                        { guard: 'saidEstop', target: '#stopped', actions: 'takeUtterance' },
                        { guard: 'turnKnown', target: 'recalling' },
                        { guard: 'saidNothing', target: '#idle', actions: 'dropUtterance' },
                        { guard: 'finalKnown', target: 'recalling', actions: 'takeUtterance' },
                      ],
                      on: { 'speech.start': { target: '#listening', actions: 'restartUtterance' } },
                      after: { sttDeadline: { actions: 'failSttLate' } },
                    },
                    recalling: {
                      entry: 'beginReply',
                      initial: 'deciding',
                      states: {
                        deciding: {
                          always: [{ guard: 'asksMemory', target: 'asking' }, { target: '#thinking' }],
                        },
                        asking: {
                          invoke: {
                            id: 'memory',
                            src: 'memory',
                            input: ({ context }) => ({ text: context.reply?.userText ?? '' }),
                            onDone: { target: '#thinking', actions: 'noteFacts' },
                            onError: { target: '#thinking', actions: 'tellMemoryFailure' },
                          },
                          after: { recallDeadline: { target: '#thinking', actions: 'tellMemoryFailure' } },
                        },
                      },
                      on: { 'speech.start': { target: '#listening', actions: 'beginUtterance' } },
                    },
                    thinking: {
                      id: 'thinking',
                      entry: raise({ type: 'reply.begin' }),
                      always: { guard: stateIn({ responding: { playback: 'finished' } }), target: '#acting' },
                      on: {
                        'playout.started': { target: '#speaking' },
                        'speech.start': [
                          { guard: 'hasActed', target: '#yielding', actions: 'beginUtterance' },
                          { target: '#listening', actions: 'beginUtterance' },
                        ],
                      },
                    },
                  },
                },
                speaking: {
                  id: 'speaking',
                  initial: 'playing',
                  states: {
                    playing: {
                      always: { guard: stateIn({ responding: { playback: 'finished' } }), target: '#acting' },
                      on: { 'speech.start': { target: 'yielding', actions: 'beginUtterance' } },
                    },
                    /** The user makes a sound: playback is paused until it is clear whether it is meant. */
                    yielding: {
                      id: 'yielding',
                      entry: 'pausePlayout',
                      initial: 'hearing',
                      states: {
                        hearing: {
                          on: {
                            'transcript.partial': [
                              { guard: 'partialInterrupts', target: '#listening', actions: 'notePartial' },
                              { actions: 'notePartial' },
                            ],
                            'speech.stop': { target: 'judging', actions: 'noteSpeechStop' },
                          },
                          after: {
                            confirmSpeech: { guard: not('soundsLikeListener'), target: '#listening' },
                            backchannelMax: { target: '#listening' },
                          },
                        },
                        /** The sound is over; its words decide. */
                        judging: {
                          entry: 'finishUtterance',
                          always: [
                            { guard: 'finalInterrupts', target: '#endpointing' },
                            {
                              guard: 'finalKnown',
                              target: '#speaking.playing',
                              actions: ['dropUtterance', 'resumePlayout'],
                            },
                          ],
                          on: {
                            'transcript.partial': [
                              { guard: 'partialInterrupts', target: '#endpointing', actions: 'notePartial' },
                              { actions: 'notePartial' },
                            ],
                            'speech.start': { target: 'hearing', actions: 'restartUtterance' },
                          },
                          after: {
                            verdict: {
                              target: '#speaking.playing',
                              actions: ['dropUtterance', 'resumePlayout'],
                            },
                          },
                        },
                      },
                    },
                  },
                },
                /** All is said; an action of the robot still runs. */
                acting: {
                  id: 'acting',
                  always: { guard: stateIn({ responding: { actions: 'finished' } }), target: 'done' },
                  on: { 'speech.start': { target: '#yielding', actions: 'beginUtterance' } },
                },
                done: { type: 'final' },
              },
            },

            /** Segments → audio. */
            tts: {
              initial: 'waiting',
              states: {
                waiting: { on: { 'reply.begin': 'running' } },
                running: {
                  invoke: {
                    id: 'tts',
                    src: 'tts',
                    input: ({ context }) => ({
                      generation: context.generation,
                      language: context.input.language,
                      voice: context.input.voice ?? null,
                    }),
                    onDone: 'finished',
                    onError: { target: 'finished', actions: ['failTts', raise({ type: 'voice.lost' })] },
                  },
                  initial: 'quiet',
                  states: {
                    quiet: { on: { 'segment.started': 'synthesising' } },
                    synthesising: {
                      on: {
                        'segment.audio': [
                          { guard: ({ event }) => event.ready, target: 'quiet', actions: 'noteSegmentAudio' },
                          { target: 'synthesising', reenter: true, actions: 'noteSegmentAudio' },
                        ],
                      },
                      after: {
                        ttsDeadline: {
                          target: '#ttsFinished',
                          actions: ['failTts', raise({ type: 'voice.lost' })],
                        },
                      },
                    },
                  },
                },
                finished: { id: 'ttsFinished', type: 'final' },
              },
            },

            /** Audio → frames, in order and in time. */
            playback: {
              initial: 'waiting',
              states: {
                waiting: { on: { 'reply.begin': 'running' } },
                running: {
                  invoke: {
                    id: 'playback',
                    src: 'playback',
                    input: generation,
                    onDone: { target: 'finished', actions: 'notePlayedOut' },
                    onError: { target: 'finished', actions: ['failPlayback', raise({ type: 'voice.lost' })] },
                  },
                  on: {
                    'playout.started': { actions: 'notePlaying' },
                    'playout.progress': { actions: 'noteProgress' },
                  },
                },
                finished: { type: 'final' },
              },
            },

            /** What the robot does meanwhile. */
            actions: {
              initial: 'waiting',
              states: {
                waiting: { on: { 'reply.begin': 'running' } },
                running: {
                  invoke: {
                    id: 'actions',
                    src: 'actions',
                    input: generation,
                    onDone: 'finished',
                    onError: { target: 'finished', actions: 'failActions' },
                  },
                  initial: 'resting',
                  states: {
                    resting: { always: { guard: 'actionRuns', target: 'busy' } },
                    busy: {
                      always: { guard: ({ context }) => !robot.actionRuns(context), target: 'resting' },
                      on: {
                        'action.done': { actions: 'noteActionDone' },
                        'action.failed': { actions: 'noteActionFailed' },
                      },
                      after: { actionDeadline: { target: '#actionsFinished', actions: 'failActions' } },
                    },
                  },
                },
                finished: { id: 'actionsFinished', type: 'final' },
              },
            },

            /** Words → text. Last of the regions: what it sends reaches children that are there. */
            llm: {
              initial: 'waiting',
              states: {
                waiting: {
                  on: { 'reply.begin': [{ guard: 'saysPhrase', target: 'phrased' }, { target: 'running' }] },
                },
                phrased: { entry: 'sayPhrase', always: 'finished' },
                running: {
                  entry: 'noteAsked',
                  invoke: {
                    id: 'llm',
                    src: 'llm',
                    input: ({ context }) => llmInput(context),
                    onDone: { target: 'finished', actions: 'finishText' },
                    onError: { target: 'finished', actions: 'failLlm' },
                  },
                  initial: 'asking',
                  states: {
                    asking: {
                      on: {
                        'llm.delta': { target: 'streaming', actions: 'noteDelta' },
                        'llm.action': [
                          { guard: 'asksEstop', target: '#stopped' },
                          { target: 'streaming', actions: 'startAction' },
                        ],
                      },
                      after: { llmFirstToken: { target: '#llmFinished', actions: 'failLlm' } },
                    },
                    streaming: {
                      on: {
                        'llm.delta': { target: 'streaming', reenter: true, actions: 'noteDelta' },
                        'llm.action': [
                          { guard: 'asksEstop', target: '#stopped' },
                          { target: 'streaming', reenter: true, actions: 'startAction' },
                        ],
                      },
                      after: { llmStall: { target: '#llmFinished', actions: 'failLlm' } },
                    },
                  },
                  on: { 'voice.lost': { target: 'finished', actions: 'finishText' } },
                },
                finished: { id: 'llmFinished', type: 'final' },
              },
            },
          },
        },

        /** Emergency stop: nothing sounds, nothing moves, until the user rearms. */
        stopped: {
          id: 'stopped',
          entry: ['dropUtterance', 'dropPending'],
          on: { rearm: 'idle', estop: { actions: [] }, text: { actions: 'tellStopped' } },
        },

        ended: { type: 'final', entry: ['dropUtterance', 'dropPending'] },
      },
    });
}

function llmInput(context: SessionContext): ChildInputs['llm'] {
  const { reply: current } = context;
  const facts = current?.facts ?? [];
  return {
    generation: context.generation,
    language: context.input.language,
    seed: current?.seed ?? 0,
    messages: [
      ...(facts.length > 0 ? [{ role: 'system' as const, content: facts.join('\n') }] : []),
      ...context.history.map(({ role, content }) => ({ role, content })),
      { role: 'user' as const, content: current?.userText ?? '' },
    ],
  };
}

export type SessionMachine = ReturnType<typeof sessionMachine>;
