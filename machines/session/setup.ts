import { fromCallback, setup } from 'xstate';
import { toMicroseconds } from '../clock.ts';
import type { SessionParameters } from '../parameters.ts';
import * as ends from './actions/ends.ts';
import * as followUps from './actions/follow-ups.ts';
import * as robot from './actions/robot-actions.ts';
import * as asking from './asking/asking.ts';
import * as attention from './attention/attention.ts';
import * as bargeIn from './barge-in/barge-in.ts';
import * as behaviour from './behaviour/behaviour.ts';
import * as body from './body/body.ts';
import type { ChildKind } from './children.ts';
import type { ChildInputs, Command } from './commands.ts';
import { DISCARDED_DEADLINE, LASTING_DEADLINE, NEVER_MS } from './effects.ts';
import * as filler from './filler/filler.ts';
import * as discarded from './halt/discarded.ts';
import * as halt from './halt/halt.ts';
import { languageOf } from './language/language.ts';
import * as known from './memory/known.ts';
import { setSummary } from './memory/summary.ts';
import type { MachineEvent, Reducer, SessionContext, SessionInput } from './model.ts';
import * as away from './presence/away.ts';
import * as resumed from './presence/resumed.ts';
import { isAudible, remainingTtsMs } from './reply/listener.ts';
import * as reply from './reply/reply.ts';
import * as inForce from './settings/in-force.ts';
import * as settings from './settings/settings.ts';
import * as speculation from './speculation/speculation.ts';
import * as stopLane from './stop-lane/stop-lane.ts';
import * as consent from './tools/consent.ts';
import * as loop from './tools/loop.ts';
import { beginTurn } from './turn/begin-turn.ts';
import * as commit from './turn/commit.ts';
import { allowedCalls } from './turn/pending.ts';
import * as turn from './turn/turn.ts';
import { isOver, turnDelayMs } from './turn/turn-end.ts';
import * as utterance from './turn/utterance.ts';
import { judgeTurn, type TurnVerdict } from './turn/verdict.ts';
import { utteranceSettled } from './turn/words.ts';

/** Children run outside: the runner starts the real ones. Here they have only a name and an input. */
function child<Kind extends ChildKind>() {
  return fromCallback<MachineEvent, ChildInputs[Kind]>(() => {});
}

/** The named parts of the chart: children, guards, delays and actions. */
export function sessionSetup() {
  const base = setup({
    types: {} as { context: SessionContext; events: MachineEvent; input: MachineInput },
    actors: {
      stt: child<'stt'>(),
      speculation: child<'speculation'>(),
      memory: child<'memory'>(),
      llm: child<'llm'>(),
      tts: child<'tts'>(),
      playback: child<'playback'>(),
      actions: child<'actions'>(),
      lasting: child<'lasting'>(),
      discarded: child<'discarded'>(),
    },
    actions: { command: (_, _command: Command) => {} },
    guards: {
      finalKnown: ({ context }) => utteranceSettled(context),
      judged: ({ context }, verdict: TurnVerdict) => judgeTurn(context, context.parameters) === verdict,
      turnOver: ({ context }) => isOver(context, context.parameters),
      userSpeaks: ({ context }) => context.utterance !== null && context.utterance.endedAtMs === null,
      saidHaltDiscarded: ({ context }) => discarded.saidHaltDiscarded(context, context.parameters),
      needsWakePhrase: ({ context }) => attention.sleeps(context) && context.woken === undefined,
      sleeps: ({ context }) => attention.sleeps(context),
      replies: ({ context }) => context.reply !== null,
      isWoken: ({ context }) => context.woken === true,
      awaitsAnswer: ({ context }) => context.question !== undefined,
      asksHalt: ({ event }) => event.type === 'llm.action' && event.name === halt.HALT_ACTION,
      partialInterrupts: ({ context, event }) =>
        event.type === 'transcript.partial' &&
        bargeIn.partialInterrupts(event.text, context, context.parameters),
      soundsLikeListener: ({ context }) => bargeIn.soundsLikeListener(context, context.parameters),
      isIgnored: ({ context }) => bargeIn.isIgnored(context, context.parameters),
      partialListens: ({ context, event }) =>
        event.type === 'transcript.partial' &&
        event.text !== '' &&
        !bargeIn.interrupts(event.text, context, context.parameters),
      isWordless: ({ context }) => context.utterance?.partial === '',
      hintDucks: ({ context }) =>
        bargeIn.ducks(context.parameters) &&
        context.input.output !== 'text' &&
        inForce.earInterrupts(context),
      earTakesTurn: ({ context }) => inForce.earTakesTurn(context),
      earInterrupts: ({ context }) => inForce.earInterrupts(context),
      endsListening: ({ context, event }) => !inForce.earTakesTurn(inForce.settingsAfter(context, event)),
      endsYielding: ({ context, event }) => !inForce.earInterrupts(inForce.settingsAfter(context, event)),
      hasAudio: ({ context, event }) => commit.hasAudio(context, event),
      softens: ({ context }) => bargeIn.ducks(context.parameters),
      pausesAtOnce: ({ context }) => bargeIn.pauses(context.parameters),
      awaitsWords: ({ context }) => bargeIn.awaitsWords(context.parameters),
      interruptsAction: ({ context }) => inForce.earInterrupts(context) && robot.hasActed(context),
      notYetAudible: ({ context }) => !isAudible(context),
      mayFill: ({ context }) => filler.mayFill(context),
      ttsGivesAudio: ({ context }) =>
        toMicroseconds(remainingTtsMs(context, context.parameters.deadlines.ttsMs)) > 0,
      endsFirst: ({ context, event }) => robot.endsFirst(context, event, context.parameters),
      awaitsResult: ({ context, event }) => ends.awaitsResult(context, event),
      repliesInText: ({ context }) => context.input.output === 'text',
      textBegun: ({ context }) => context.input.output === 'text' && isAudible(context),
      actionRuns: ({ context }) => robot.actionRuns(context),
      moves: ({ context, event }) => body.moves(context, event, context.parameters),
      runsAllowed: ({ context }) => allowedCalls(context.reply) !== undefined,
      isLooping: ({ context }) => loop.loops(context.parameters),
      saysNoAnswer: ({ context }) => consent.saysNoAnswer(context, context.parameters),
      hasNextToolRound: ({ context }) => loop.hasNextToolRound(context, context.parameters),
      awaitsResults: ({ context }) => loop.awaitsResults(context, context.parameters),
      hasFollowUp: ({ context }) => followUps.hasFollowUp(context),
      maySpeculate: ({ context }) => speculation.maySpeculate(context, context.parameters),
      hasSpeculation: ({ context }) => context.speculation !== null,
      // A speculation has already requested it.
      asksMemory: ({ context }) =>
        context.input.memory &&
        context.reply?.phrase === null &&
        context.reply.userText !== '' &&
        allowedCalls(context.reply) === undefined &&
        context.speculation === null,
      saysPhrase: ({ context }) => context.reply?.phrase !== null,
      isOffered: ({ context }) => behaviour.isOffered(context),
      saysText: ({ event }) => event.type === 'behaviour.taken' && event.text !== undefined,
      saysForBehaviour: ({ context }) => context.reply?.cause.type === 'behaviour',
    },
    delays: {
      endpointDelay: ({ context }) => {
        const delayMs =
          context.settings?.turnDetection?.silenceMs ?? turnDelayMs(context, context.parameters);
        return left(delayMs, context.utterance?.endedAtMs, context);
      },
      steadyDelay: ({ context }) => speculation.steadyDelayMs(context, context.parameters),
      // From the onset, not from the last pause, so that an utterance with pauses ends too.
      maxUtterance: ({ context }) =>
        left(context.parameters.endpointing.maxUtteranceMs, context.utterance?.startedAtMs, context),
      attentionWindow: ({ context: { parameters } }) => parameters.attention.windowMs,
      answerDeadline: ({ context }) =>
        left(context.parameters.asking.answerMs, context.question?.sinceMs, context),
      confirmSpeech: ({ context: { parameters } }) => parameters.bargeIn.confirmSpeechMs,
      backchannelMax: ({ context: { parameters } }) => parameters.bargeIn.backchannelMaxMs,
      // What softens a reply does not let it be paused as long as a listener may speak.
      heardMax: ({ context: { parameters } }) =>
        bargeIn.ducks(parameters) ? NEVER_MS : parameters.bargeIn.backchannelMaxMs,
      // A reply that was not paused has no pause to confirm the speech in.
      confirmDoubted: ({ context: { parameters } }) =>
        bargeIn.pauses(parameters) ? NEVER_MS : parameters.bargeIn.confirmSpeechMs,
      hintDeadline: ({ context: { parameters } }) => parameters.bargeIn.duckMs,
      suspicion: () => stopLane.SUSPICION_MS,
      wordsDeadline: ({ context: { parameters } }) => parameters.bargeIn.wordsMs,
      verdict: ({ context: { parameters } }) => parameters.bargeIn.verdictMs,
      sttDeadline: ({ context: { parameters } }) => parameters.deadlines.sttMs,
      recallDeadline: ({ context: { parameters } }) => parameters.deadlines.recallMs,
      fillerDelay: ({ context }) => filler.fillerDelayMs(context, context.parameters),
      llmFirstToken: ({ context: { parameters } }) => parameters.deadlines.llmFirstTokenMs,
      llmStall: ({ context }) =>
        reply.isStillSilent(context)
          ? context.parameters.deadlines.llmFirstTokenMs
          : context.parameters.deadlines.llmStallMs,
      ttsDeadline: ({ context }) => remainingTtsMs(context, context.parameters.deadlines.ttsMs),
      actionDeadline: ({ context }) => robot.replyDeadlineMs(context, context.parameters),
    },
  });

  /** Turns a pure reducer into an action of the chart: the patch first, then its effects in order. */
  const act = (reduce: Reducer) =>
    base.enqueueActions(({ context, event, enqueue }) => {
      const { patch, effects } = reduce(context, event);
      if (patch) enqueue.assign(patch);
      for (const effect of effects ?? []) {
        switch (effect.type) {
          case 'stt.spawn':
            enqueue.spawnChild('stt', { id: 'stt', input: ({ context: now }) => sttInput(now) });
            break;
          case 'speculation.spawn':
            enqueue.spawnChild('speculation', {
              id: 'speculation',
              input: ({ context: now }) => speculation.speculationInput(now, loop.loops(now.parameters)),
            });
            break;
          case 'lasting.spawn':
            enqueue.spawnChild('lasting', {
              id: 'lasting',
              input: ({ context: now }) => ({
                number: now.lasting?.executors ?? 0,
                ...(stopLane.isHeld(now) && { paused: true as const }),
              }),
            });
            break;
          case 'discarded.spawn':
            enqueue.spawnChild('discarded', { id: 'discarded', input: { number: effect.number } });
            break;
          case 'stt.stop':
            enqueue.stopChild('stt');
            break;
          case 'speculation.stop':
            enqueue.stopChild('speculation');
            break;
          case 'lasting.stop':
            enqueue.stopChild('lasting');
            break;
          case 'discarded.stop':
            enqueue.stopChild('discarded');
            break;
          case 'lasting.deadline':
            enqueue.cancel(LASTING_DEADLINE);
            if (effect.dueMs !== null)
              enqueue.raise({ type: LASTING_DEADLINE }, { id: LASTING_DEADLINE, delay: effect.dueMs });
            break;
          case 'discarded.deadline':
            enqueue.cancel(DISCARDED_DEADLINE);
            if (effect.dueMs !== null)
              enqueue.raise({ type: DISCARDED_DEADLINE }, { id: DISCARDED_DEADLINE, delay: effect.dueMs });
            break;
          case 'publish':
          case 'send':
          case 'cancelWork':
          case 'ear':
          case 'persist':
            enqueue({ type: 'command', params: effect });
            break;
          default:
            unhandled(effect);
        }
      }
    });

  /** The same, of a reducer that depends on the parameters. */
  const by = (make: (parameters: SessionParameters) => Reducer) =>
    act((context, event) => make(context.parameters)(context, event));

  const sttInput = (context: SessionContext): ChildInputs['stt'] => ({
    utterance: context.utterance?.number ?? 0,
    fromSample: context.utterance?.startSample ?? 0,
    ...(context.utterance?.endSample === undefined ? {} : { toSample: context.utterance.endSample }),
    language: languageOf(context),
  });

  return base.extend({
    actions: {
      beginUtterance: by(utterance.beginUtterance),
      restartUtterance: by(utterance.restartUtterance),
      recordSpeechResumed: by(utterance.recordSpeechResumed),
      recordSpeechStop: act(utterance.recordSpeechStop),
      endSpeechUnheard: act(utterance.endSpeechUnheard),
      recordPartial: by(utterance.recordPartial),
      recordFinal: by(utterance.recordFinal),
      recordSttFailure: act(utterance.recordSttFailure),
      failSttLate: act(utterance.failSttLate),
      finishUtterance: act(utterance.finishUtterance),
      dropUtterance: act(utterance.dropUtterance),
      discardUtterance: by(discarded.discardUtterance),
      endDiscardedSpeech: by(discarded.endDiscardedSpeech),
      recordDiscardedWords: by(discarded.recordDiscardedWords),
      discardedOverdue: by(discarded.discardedOverdue),
      discardedFailed: by(discarded.discardedFailed),
      forgetDiscarded: act(discarded.forgetDiscarded),
      publishDiscardedHalt: by(discarded.publishDiscardedHalt),
      publishEarFailure: act(utterance.publishEarFailure),
      startSpeculation: act(speculation.startSpeculation),
      dropSpeculation: act(speculation.dropSpeculation),
      releaseSpeculation: act(speculation.releaseSpeculation),
      recordBody: act(body.recordBody),
      raiseVadThreshold: by(body.raiseVadThreshold),
      lowerVadThreshold: act(body.lowerVadThreshold),
      changeSettings: act(settings.changeSettings),
      setTools: act(settings.setTools),
      beginTypedTurn: by(turn.beginTypedTurn),
      keepTurn: by(turn.keepTurn),
      commitAudio: by(commit.commitAudio),
      commitUtterance: act(commit.commitUtterance),
      clearAudio: act(commit.clearAudio),
      refuseCommit: act(commit.refuseCommit),
      refuseTurn: act(commit.refuseTurn),
      publishNothing: act(commit.publishNothing),
      askReply: act(commit.askReply),
      beginTurn: by(beginTurn),
      dropPending: by(turn.dropPending),
      hold: act(stopLane.hold),
      releasePlaying: by((parameters) => stopLane.release('playing', parameters)),
      releaseDucked: by((parameters) => stopLane.release('ducked', parameters)),
      releasePaused: by((parameters) => stopLane.release('paused', parameters)),
      forgetSuspicion: act(stopLane.forgetSuspicion),
      removeWakePhrase: by(attention.removeWakePhrase),
      wake: act(attention.wake),
      fallAsleep: act(attention.fallAsleep),
      publishAwake: act(attention.publishAttention('awake')),
      publishWindow: act(attention.publishAttention('window')),
      publishAsleep: act(attention.publishAttention('asleep')),
      askBack: by(asking.askBack),
      beginAnsweredTurn: by(asking.beginAnsweredTurn),
      askAgain: by(asking.askAgain),
      awaitAnswer: act(asking.awaitAnswer),
      dropQuestion: act(consent.dropQuestion),
      beginConsentedCalls: by(consent.beginConsentedCalls),
      askCallsAgain: by(consent.askCallsAgain),
      sayNoAnswer: by(consent.sayNoAnswer),
      sayAllowed: by(reply.sayAllowed),
      publishStopped: act(halt.publishStopped),
      setHistory: by(turn.setHistory),
      beginReply: by(reply.beginReply),
      setRecalledFacts: act(reply.setRecalledFacts),
      publishMemoryFailure: act(reply.publishMemoryFailure),
      addKnownFacts: act(known.addKnownFacts),
      setSummary: act(setSummary),
      publishLateFailure: act(known.publishLateFailure),
      recordRequest: by(reply.recordRequest),
      recordDelta: by(reply.recordDelta),
      sayPhrase: by(reply.sayPhrase),
      endRound: by(reply.endRound),
      finishText: by(reply.finishText),
      failLlm: by(reply.failLlm),
      failTts: act(reply.failTts),
      failPlayback: act(reply.failPlayback),
      pausePlayout: act(bargeIn.pausePlayout),
      pauseAtHearing: by(bargeIn.pauseAtHearing),
      pauseAtYielding: by(bargeIn.pauseAtYielding),
      resumeUnlessAwaited: by(bargeIn.resumeUnlessAwaited),
      duckPlayout: act(bargeIn.duckPlayout),
      resumeDucked: act(bargeIn.resumeDucked),
      resumePlayout: act(bargeIn.resumePlayout),
      endReply: by((parameters) => resumed.endReplyLost(reply.endReply(parameters), parameters)),
      leaveActions: by(away.leaveActions),
      awaitReports: by(away.awaitReports),
      loseLasting: by(away.loseLasting),
      continueSession: by(resumed.continueSession),
      sayFiller: by(filler.sayFiller),
      recordFiller: act(filler.recordFiller),
      startAction: by(robot.startAction),
      refuseAction: by(robot.refuseAction),
      recordActionDone: by(ends.recordActionDone),
      recordActionResult: by(ends.recordActionResult),
      refuseActionResult: act(ends.refuseActionResult),
      recordActionFailed: by(ends.recordActionFailed),
      failOverdueActions: by(ends.failOverdueActions),
      failActions: by(ends.failActions),
      failOverdueLasting: by(ends.failOverdueLasting),
      failLasting: by(ends.failLasting),
      beginSpeech: act(behaviour.beginSpeech),
      sayOffered: act(behaviour.sayOffered),
      keepOffered: by(behaviour.keepOffered),
      beginBehaviourAction: by(behaviour.beginBehaviourAction),
      leaveBehaviourAction: by(behaviour.leaveBehaviourAction),
      dropLasting: by(ends.dropLasting),
      beginFollowUps: by(followUps.beginFollowUps),
      dropFollowUps: by(followUps.dropFollowUps),
    },
  });
}

/** The session's input and its parameters. */
export interface MachineInput {
  readonly input: SessionInput;
  readonly parameters: SessionParameters;
}

export type SessionChart = ReturnType<typeof sessionSetup>;

/** Remainder of `wholeMs` since `sinceMs`; all of it if `sinceMs` is not known. */
function left(wholeMs: number, sinceMs: number | null | undefined, { nowMs }: SessionContext): number {
  return Math.max(0, wholeMs - (nowMs - (sinceMs ?? nowMs)));
}

/** A case that a switch lacks is an error of types here. */
function unhandled(effect: never): never {
  throw new Error(`no case for ${JSON.stringify(effect)}`);
}
