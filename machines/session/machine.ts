import { and, not, stateIn } from 'xstate';
import { actionsRegion } from './actions/region.ts';
import { attentionRegion } from './attention/region.ts';
import { behaviourActions, hushed } from './behaviour/requests.ts';
import { bodyRegion } from './body/region.ts';
import { initialContext } from './context.ts';
import { discardedSpeech } from './halt/discarded-speech.ts';
import { stoppedState } from './halt/stopped.ts';
import { lastingActions } from './lasting/region.ts';
import { presenceRegion } from './presence/region.ts';
import { phaseRegion } from './reply/phase.ts';
import { llmRegion, playbackRegion, ttsRegion } from './reply/regions.ts';
import { sessionSetup } from './setup.ts';
import { stopLaneRegion } from './stop-lane/region.ts';
import { listeningState } from './turn/listening.ts';

/** Skip it: no client is connected. */
const AWAY = stateIn({ presence: 'away' });
/** More microsteps for one event mean a loop in the chart. */
const MAX_MICROSTEPS = 100;

/**
 * The conversation reads in the order of a turn: idle, listening, responding; stopped and ended are reachable from
 * anywhere. The other regions are beside it (`regions.ts`). Parameters of a session are guards and delays, never states.
 */
export function makeSessionMachine() {
  const chart = sessionSetup();
  return chart.createMachine({
    id: 'session',
    context: ({ input: { input, parameters } }) => initialContext(input, parameters),
    options: { maxIterations: MAX_MICROSTEPS },
    type: 'parallel',
    states: {
      conversation: {
        initial: 'idle',
        // A stop that was said before other input discarded it.
        always: { guard: 'saidHaltDiscarded', target: '#stopped', actions: 'publishDiscardedHalt' },
        on: {
          halt: '#stopped',
          'stop.confirmed': '#stopped',
          bye: '#ended',
          lost: { target: '#ended', actions: 'loseLasting' },
          away: { target: '#idle', actions: ['leaveActions', 'discardUtterance', 'dropPending'] },
          // After a restart no child is running. The client reconnects and sends `back`.
          resumed: {
            target: '#idle',
            actions: ['continueSession', 'dropUtterance', 'forgetDiscarded', 'dropPending'],
          },
          settings: { actions: 'changeSettings' },
          tools: { actions: 'setTools' },
          commit: { actions: 'refuseCommit' },
          clear: { actions: 'clearAudio' },
          respond: { actions: 'refuseTurn' },
          history: { actions: 'setHistory' },
          summary: { actions: 'setSummary' },
          'memory.facts': { actions: 'addKnownFacts' },
          'memory.failed': { actions: 'publishLateFailure' },
          'ear.failed': { actions: 'publishEarFailure' },
          ...lastingActions,
          ...behaviourActions,
          ...discardedSpeech,
          'transcript.partial': { actions: 'recordPartial' },
          'xstate.done.actor.stt': { actions: 'recordFinal' },
          'xstate.error.actor.stt': { actions: 'recordSttFailure' },
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
            entry: 'dropQuestion',
            on: {
              'speech.start': { guard: 'earTakesTurn', target: 'listening', actions: 'beginUtterance' },
              text: { target: 'responding', actions: 'beginTypedTurn' },
              commit: { guard: 'hasAudio', target: 'responding', actions: 'commitAudio' },
              respond: { target: 'responding', actions: 'askReply' },
              'behaviour.say': { target: 'responding', actions: 'beginSpeech' },
            },
            always: {
              guard: and(['hasFollowUp', not(AWAY)]),
              target: 'responding',
              actions: 'beginFollowUps',
            },
          },

          /** The user has the turn: capturing, then endpointing. */
          listening: listeningState(chart),

          /** One reply. Its children run in the regions below, so leaving this state stops them all. */
          responding: {
            id: 'responding',
            type: 'parallel',
            exit: 'endReply',
            on: {
              text: { target: 'responding', reenter: true, actions: ['discardUtterance', 'beginTypedTurn'] },
              commit: {
                guard: 'hasAudio',
                target: 'responding',
                reenter: true,
                actions: ['discardUtterance', 'commitAudio'],
              },
              'behaviour.say': { target: 'responding', reenter: true, actions: 'beginSpeech' },
              ...hushed,
              interrupt: [
                { guard: 'userSpeaks', target: 'listening' },
                { target: 'idle', actions: ['discardUtterance', 'dropPending', 'dropFollowUps'] },
              ],
            },
            onDone: [{ guard: 'awaitsAnswer', target: '#asking' }, { target: 'idle' }],
            states: {
              /** As the user hears it: processing, speaking (playing, ducked or yielding), acting. */
              phase: phaseRegion(chart),
              tts: ttsRegion(chart),
              playback: playbackRegion(chart),
              actions: actionsRegion(chart),
              llm: llmRegion(chart),
            },
          },

          /** Voice stop: no sound and no movement until the user rearms. */
          stopped: stoppedState(chart),

          ended: {
            id: 'ended',
            type: 'final',
            entry: ['dropLasting', 'dropUtterance', 'forgetDiscarded', 'dropPending'],
          },
        },
      },

      /** Whether the robot moves. */
      body: bodyRegion(chart),

      /** Whether a voice stop is suspected. */
      stopLane: stopLaneRegion(chart),
      /** Whether speech is for the robot. */
      attention: attentionRegion(chart),
      /** Whether the client is connected. */
      presence: presenceRegion(chart),
    },
  });
}

export type SessionMachine = ReturnType<typeof makeSessionMachine>;

/** The machine of all sessions. */
export const sessionMachine = makeSessionMachine();
