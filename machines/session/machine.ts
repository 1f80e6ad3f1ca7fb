import { and, not, raise, stateIn } from 'xstate';
import type { SessionParameters } from '../parameters.ts';
import { initialContext } from './context.ts';
import { fills } from './filler.ts';
import { actionsRegion, llmRegion, playbackRegion, ttsRegion } from './reply-regions.ts';
import { sessionSetup } from './setup.ts';

/** More microsteps for one event mean a loop in the chart. */
const MAX_MICROSTEPS = 100;

/** A voice that failed or has finished speaks no filler. */
const HAS_VOICE = stateIn({ responding: { tts: 'running' } });

/**
 * The conversation. Reads in the order of a turn: idle, listening,
 * responding; stopped and ended are reachable from anywhere. One machine serves all sessions with the same parameters.
 */
export function sessionMachine(parameters: SessionParameters) {
  const chart = sessionSetup(parameters);
  return chart.createMachine({
    id: 'session',
    context: ({ input }) => initialContext(input),
    options: { maxIterations: MAX_MICROSTEPS },
    initial: 'idle',
    on: {
      halt: '.stopped',
      bye: '.ended',
      lost: '.ended',
      'ear.failed': { actions: 'publishEarFailure' },
      'transcript.partial': { actions: 'notePartial' },
      'xstate.done.actor.stt': { actions: 'noteFinal' },
      'xstate.error.actor.stt': { actions: 'noteSttFailure' },
      'xstate.error.actor.speculation': { actions: 'dropSpeculation' },
      // A failure that no state handles would put the machine into XState's own error status.
      'xstate.error.actor.memory': {},
      'xstate.error.actor.llm': {},
      'xstate.error.actor.tts': {},
      'xstate.error.actor.playback': {},
      'xstate.error.actor.actions': {},
    },
    states: {
      /** Connected, without speech. */
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
            on: {
              'speech.stop': { target: 'endpointing', actions: 'noteSpeechStop' },
              'ear.failed': { target: 'endpointing', actions: ['publishEarFailure', 'endSpeechUnheard'] },
            },
            after: { maxUtterance: { target: '#responding' } },
          },
          /** Silence that may end the turn. Meanwhile the reply may be prepared. */
          endpointing: {
            id: 'endpointing',
            always: { guard: 'finalKnown', target: '#responding' },
            on: {
              'speech.start': { target: 'capturing', actions: 'noteSpeechResumed' },
              'transcript.partial': { target: 'endpointing', reenter: true, actions: 'notePartial' },
            },
            after: { endpointDelay: { target: '#responding' } },
            initial: 'waiting',
            states: {
              waiting: { always: { guard: 'maySpeculate', target: 'steadying' } },
              /** Waits until the words are stable. */
              steadying: { after: { steadyDelay: { target: 'speculating', actions: 'startSpeculation' } } },
              speculating: {},
            },
          },
        },
      },

      /** One reply. Its children run in the regions below, so leaving this state stops them all. */
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
        onDone: 'idle',
        states: {
          /** Phase of the reply, as the user hears it. */
          phase: {
            initial: 'processing',
            states: {
              /** Nothing is audible yet. */
              processing: {
                initial: 'transcribing',
                states: {
                  transcribing: {
                    entry: 'finishUtterance',
                    always: [
                      { guard: 'saidHalt', target: '#stopped', actions: 'takeUtterance' },
                      { guard: 'turnKnown', target: 'recalling' },
                      { guard: 'saidNothing', target: '#idle', actions: ['dropUtterance', 'dropPending'] },
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
                          onError: { target: '#thinking', actions: 'publishMemoryFailure' },
                        },
                        after: { recallDeadline: { target: '#thinking', actions: 'publishMemoryFailure' } },
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
                    after: fills(parameters)
                      ? { fillerDelay: { guard: and(['mayFill', HAS_VOICE]), actions: 'sayFiller' } }
                      : {},
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
                  /** The user makes a sound: playback is paused until its meaning is clear. */
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
                          'ear.failed': {
                            target: 'judging',
                            actions: ['publishEarFailure', 'endSpeechUnheard'],
                          },
                        },
                        after: {
                          confirmSpeech: { guard: not('soundsLikeListener'), target: '#listening' },
                          backchannelMax: { target: '#listening' },
                        },
                      },
                      /** The sound has ended; its words decide. */
                      judging: {
                        entry: 'finishUtterance',
                        always: [
                          { guard: 'finalInterrupts', target: '#endpointing' },
                          { guard: 'finalKnown', target: 'resuming' },
                        ],
                        on: {
                          'transcript.partial': [
                            { guard: 'partialInterrupts', target: '#endpointing', actions: 'notePartial' },
                            { actions: 'notePartial' },
                          ],
                          'speech.start': { target: 'hearing', actions: 'restartUtterance' },
                        },
                        after: {
                          verdict: { target: 'resuming' },
                        },
                      },
                      /** It was not an interruption: the reply continues at the same sample. */
                      resuming: {
                        entry: ['dropUtterance', 'resumePlayout'],
                        always: [
                          { guard: 'notYetAudible', target: '#thinking' },
                          { target: '#speaking.playing' },
                        ],
                      },
                    },
                  },
                },
              },
              /** All speech has ended; a robot action still runs. */
              acting: {
                id: 'acting',
                always: { guard: stateIn({ responding: { actions: 'finished' } }), target: 'done' },
                on: { 'speech.start': { target: '#yielding', actions: 'beginUtterance' } },
              },
              done: { type: 'final' },
            },
          },

          tts: ttsRegion(chart),
          playback: playbackRegion(chart),
          actions: actionsRegion(chart),
          llm: llmRegion(chart),
        },
      },

      /** Voice stop: no sound and no movement until the user rearms. */
      stopped: {
        id: 'stopped',
        entry: ['dropUtterance', 'dropPending'],
        on: { rearm: 'idle', halt: {}, text: { actions: 'publishStopped' } },
      },

      ended: { type: 'final', entry: ['dropUtterance', 'dropPending'] },
    },
  });
}

export type SessionMachine = ReturnType<typeof sessionMachine>;
