import { fromCallback, setup } from 'xstate';
import { toMicroseconds } from '../clock.ts';
import type { SessionParameters } from '../parameters.ts';
import * as ends from './actions/ends.ts';
import * as followUps from './actions/follow-ups.ts';
import * as robot from './actions/robot-actions.ts';
import * as asking from './asking/asking.ts';
import * as attention from './attention/attention.ts';
import * as bargeIn from './barge-in/barge-in.ts';
import * as body from './body/body.ts';
import type { ChildInputs, Command } from './commands.ts';
import type { SessionContext, SessionInput } from './context.ts';
import { LASTING_DEADLINE, type MachineEvent, type Reducer } from './effects.ts';
import type { ChildKind } from './events.ts';
import * as filler from './filler/filler.ts';
import * as halt from './halt/halt.ts';
import { languageOf } from './language/language.ts';
import * as known from './memory/known.ts';
import { takeSummary } from './memory/summary.ts';
import * as resumed from './presence/resumed.ts';
import { isAudible, remainingTtsMs } from './reply/listener.ts';
import * as reply from './reply/reply.ts';
import * as settings from './settings/settings.ts';
import * as speculation from './speculation/speculation.ts';
import * as stopLane from './stop-lane/stop-lane.ts';
import * as consent from './tools/consent.ts';
import * as loop from './tools/loop.ts';
import * as offer from './tools/offer.ts';
import * as commit from './turn/commit.ts';
import * as turn from './turn/turn.ts';
import { isOver, turnDelayMs } from './turn/turn-end.ts';
import * as utterance from './turn/utterance.ts';
import { utteranceSettled } from './turn/words.ts';

/** Children run outside: the runner starts the real ones. Here they have only a name and an input. */
function child<Kind extends ChildKind>() {
  return fromCallback<MachineEvent, ChildInputs[Kind]>(() => {});
}

/** The named parts of the chart: children, guards, delays and actions. */
export function sessionSetup(parameters: SessionParameters) {
  const { endpointing, deadlines } = parameters;

  const base = setup({
    types: {} as { context: SessionContext; events: MachineEvent; input: SessionInput },
    actors: {
      stt: child<'stt'>(),
      speculation: child<'speculation'>(),
      memory: child<'memory'>(),
      llm: child<'llm'>(),
      tts: child<'tts'>(),
      playback: child<'playback'>(),
      actions: child<'actions'>(),
      lasting: child<'lasting'>(),
    },
    actions: { command: (_, _command: Command) => {} },
    guards: {
      finalKnown: ({ context }) => utteranceSettled(context),
      turnOver: ({ context }) => isOver(context, parameters),
      turnKnown: ({ context }) => context.pending !== null && context.utterance === null,
      userSpeaks: ({ context }) => context.utterance !== null && context.utterance.endedAtMs === null,
      saidHalt: ({ context }) =>
        (utteranceSettled(context) || context.utterance === null) && halt.saidHalt(context, parameters),
      wakes: ({ context }) => attention.wakes(context, parameters),
      isForOthers: ({ context }) => attention.isForOthers(context),
      isUnwoken: ({ context }) => attention.sleeps(context) && context.woken === undefined,
      sleeps: ({ context }) => attention.sleeps(context),
      replies: ({ context }) => context.reply !== null,
      isWoken: ({ context }) => context.woken === true,
      answersYes: ({ context }) => asking.answers('yes', context, parameters),
      asksBack: ({ context }) => asking.asksBack(context, parameters),
      givesUp: ({ context }) => asking.givesUp(context, parameters),
      answersNothing: ({ context }) =>
        context.question !== undefined && turn.saidNothing(context, parameters),
      awaitsAnswer: ({ context }) => context.question !== undefined,
      saidNothing: ({ context }) => turn.saidNothing(context, parameters),
      asksHalt: ({ event }) => event.type === 'llm.action' && event.name === halt.HALT_ACTION,
      partialInterrupts: ({ context, event }) =>
        event.type === 'transcript.partial' && bargeIn.partialInterrupts(event.text, context, parameters),
      finalInterrupts: ({ context }) =>
        bargeIn.finalInterrupts(context, parameters) && !attention.isForOthers(context),
      soundsLikeListener: ({ context }) => bargeIn.soundsLikeListener(context, parameters),
      isIgnored: ({ context }) => bargeIn.isIgnored(context, parameters),
      partialListens: ({ context, event }) =>
        event.type === 'transcript.partial' &&
        event.text !== '' &&
        !bargeIn.interrupts(event.text, context, parameters),
      isWordless: ({ context }) => context.utterance?.partial === '',
      hintDucks: ({ context }) =>
        bargeIn.ducks(parameters) && context.input.output !== 'text' && settings.earInterrupts(context),
      earTakesTurn: ({ context }) => settings.earTakesTurn(context),
      earInterrupts: ({ context }) => settings.earInterrupts(context),
      endsListening: ({ context, event }) => !settings.earTakesTurn(settings.settingsAfter(context, event)),
      endsYielding: ({ context, event }) => !settings.earInterrupts(settings.settingsAfter(context, event)),
      startsNoReply: ({ context }) =>
        utteranceSettled(context) && !settings.responds(context) && !context.pending?.asked,
      hasAudio: ({ context, event }) => commit.hasAudio(context, event),
      interruptsAction: ({ context }) => settings.earInterrupts(context) && robot.hasActed(context),
      notYetAudible: ({ context }) => !isAudible(context),
      mayFill: ({ context }) => filler.mayFill(context),
      ttsGivesAudio: ({ context }) => toMicroseconds(remainingTtsMs(context, deadlines.ttsMs)) > 0,
      endsFirst: ({ context, event }) => robot.endsFirst(context, event, parameters),
      awaitsResult: ({ context, event }) => ends.awaitsResult(context, event),
      repliesInText: ({ context }) => context.input.output === 'text',
      textBegun: ({ context }) => context.input.output === 'text' && isAudible(context),
      actionRuns: ({ context }) => robot.actionRuns(context),
      moves: ({ context, event }) => body.moves(context, event, parameters),
      runsAllowed: ({ context }) => context.reply?.asked?.calls !== undefined,
      isLooping: () => loop.loops(parameters),
      allowsCalls: ({ context }) => consent.allows(context, parameters),
      deniesCalls: ({ context }) => consent.denies(context, parameters),
      asksCallsAgain: ({ context }) => consent.asksAgain(context, parameters),
      goesOn: ({ context }) => loop.goesOn(context, parameters),
      awaitsResults: ({ context }) => loop.awaitsResults(context, parameters),
      clientActs: ({ context }) => context.input.results === true,
      hasFollowUp: ({ context }) => followUps.hasFollowUp(context),
      maySpeculate: ({ context }) => speculation.maySpeculate(context, parameters),
      hasSpeculation: ({ context }) => context.speculation !== null,
      // A speculation has already requested it.
      asksMemory: ({ context }) =>
        context.input.memory &&
        context.reply?.phrase === null &&
        context.reply.userText !== '' &&
        context.reply.asked?.calls === undefined &&
        context.speculation === null,
      saysPhrase: ({ context }) => context.reply?.phrase !== null,
    },
    delays: {
      endpointDelay: ({ context }) => {
        const delayMs = context.settings?.turnDetection?.silenceMs ?? turnDelayMs(context, parameters);
        return left(delayMs, context.utterance?.endedAtMs, context);
      },
      steadyDelay: ({ context }) => speculation.steadyDelayMs(context, parameters),
      // From the onset, not from the last pause, so that an utterance with pauses ends too.
      maxUtterance: ({ context }) =>
        left(endpointing.maxUtteranceMs, context.utterance?.startedAtMs, context),
      attentionWindow: () => parameters.attention?.windowMs ?? 0,
      answerDeadline: ({ context }) =>
        left(parameters.asking?.answerMs ?? 0, context.question?.sinceMs, context),
      confirmSpeech: () => parameters.bargeIn.confirmSpeechMs,
      backchannelMax: () => parameters.bargeIn.backchannelMaxMs,
      hintDeadline: () => parameters.bargeIn.duckMs,
      suspicion: () => stopLane.SUSPICION_MS,
      wordsDeadline: () => parameters.bargeIn.wordsMs ?? 0,
      verdict: () => parameters.bargeIn.verdictMs,
      sttDeadline: () => deadlines.sttMs,
      recallDeadline: () => deadlines.recallMs,
      fillerDelay: ({ context }) => filler.fillerDelayMs(context, parameters),
      llmFirstToken: () => deadlines.llmFirstTokenMs,
      llmStall: () => deadlines.llmStallMs,
      ttsDeadline: ({ context }) => remainingTtsMs(context, deadlines.ttsMs),
      actionDeadline: ({ context }) => robot.replyDeadlineMs(context, parameters),
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
        else if (effect.type === 'speculation.spawn')
          enqueue.spawnChild('speculation', {
            id: 'speculation',
            input: ({ context: now }) => speculation.speculationInput(now, loop.loops(parameters)),
          });
        else if (effect.type === 'speculation.stop') enqueue.stopChild('speculation');
        else if (effect.type === 'lasting.spawn')
          enqueue.spawnChild('lasting', {
            id: 'lasting',
            input: ({ context: now }) => ({
              number: now.lasting?.executors ?? 0,
              ...(stopLane.isHeld(now) && { paused: true as const }),
            }),
          });
        else if (effect.type === 'lasting.stop') enqueue.stopChild('lasting');
        else if (effect.type === 'lasting.deadline') {
          enqueue.cancel(LASTING_DEADLINE);
          if (effect.dueMs !== null)
            enqueue.raise({ type: LASTING_DEADLINE }, { id: LASTING_DEADLINE, delay: effect.dueMs });
        } else enqueue({ type: 'command', params: effect });
      }
    });

  const sttInput = (context: SessionContext): ChildInputs['stt'] => ({
    utterance: context.utterance?.number ?? 0,
    fromSample: context.utterance?.startSample ?? 0,
    ...(context.utterance?.endSample === undefined ? {} : { toSample: context.utterance.endSample }),
    language: languageOf(context),
  });

  return base.extend({
    actions: {
      beginUtterance: act(utterance.beginUtterance),
      restartUtterance: act(utterance.restartUtterance),
      noteSpeechResumed: act(utterance.noteSpeechResumed),
      noteSpeechStop: act(utterance.noteSpeechStop),
      endSpeechUnheard: act(utterance.endSpeechUnheard),
      notePartial: act(utterance.notePartial(parameters)),
      noteFinal: act(utterance.noteFinal(parameters)),
      noteSttFailure: act(utterance.noteSttFailure),
      failSttLate: act(utterance.failSttLate),
      finishUtterance: act(utterance.finishUtterance),
      dropUtterance: act(utterance.dropUtterance),
      publishEarFailure: act(utterance.publishEarFailure),
      startSpeculation: act(speculation.startSpeculation),
      dropSpeculation: act(speculation.dropSpeculation),
      releaseSpeculation: act(speculation.releaseSpeculation),
      noteBody: act(body.noteBody),
      strainEar: act(body.strainEar(parameters)),
      relaxEar: act(body.relaxEar),
      changeSettings: act(settings.changeSettings),
      takeTools: act(offer.takeTools),
      takeText: act(turn.takeText(parameters)),
      keepTurn: act(turn.keepTurn(parameters)),
      commitAudio: act(commit.commitAudio(parameters)),
      commitUtterance: act(commit.commitUtterance),
      clearAudio: act(commit.clearAudio),
      refuseCommit: act(commit.refuseCommit),
      refuseTurn: act(commit.refuseTurn),
      publishNothing: act(commit.publishNothing),
      askReply: act(commit.askReply),
      takeUtterance: act(turn.takeUtterance(parameters)),
      dropPending: act(turn.dropPending(parameters)),
      hold: act(stopLane.hold),
      releasePlaying: act(stopLane.release('playing', parameters)),
      releaseDucked: act(stopLane.release('ducked', parameters)),
      releasePaused: act(stopLane.release('paused', parameters)),
      forgetSuspicion: act(stopLane.forgetSuspicion),
      takeWakePhrase: act(attention.takeWakePhrase(parameters)),
      wake: act(attention.wake),
      fallAsleep: act(attention.fallAsleep),
      publishAwake: act(attention.publishAttention('awake')),
      publishWindow: act(attention.publishAttention('window')),
      publishAsleep: act(attention.publishAttention('asleep')),
      askBack: act(asking.askBack(parameters)),
      takeAnswer: act(asking.takeAnswer(parameters)),
      askAgain: act(asking.askAgain(parameters)),
      awaitAnswer: act(asking.awaitAnswer),
      dropQuestion: act(consent.dropQuestion),
      takeConsent: act(consent.takeConsent(parameters)),
      askCallsAgain: act(consent.askCallsAgain(parameters)),
      sayAllowed: act(reply.sayAllowed(parameters)),
      publishStopped: act(halt.publishStopped),
      takeHistory: act(turn.takeHistory(parameters)),
      beginReply: act(reply.beginReply(parameters)),
      noteFacts: act(reply.noteFacts),
      publishMemoryFailure: act(reply.publishMemoryFailure(parameters)),
      noteKnown: act(known.noteKnown),
      takeSummary: act(takeSummary),
      publishLateFailure: act(known.publishLateFailure),
      noteAsked: act(reply.noteAsked(parameters)),
      noteDelta: act(reply.noteDelta(parameters)),
      sayPhrase: act(reply.sayPhrase(parameters)),
      endRound: act(reply.endRound(parameters)),
      finishText: act(reply.finishText(parameters)),
      failLlm: act(reply.failLlm(parameters)),
      failTts: act(reply.failTts),
      failPlayback: act(reply.failPlayback),
      pausePlayout: act(bargeIn.pausePlayout),
      duckPlayout: act(bargeIn.duckPlayout),
      resumeDucked: act(bargeIn.resumeDucked),
      resumePlayout: act(bargeIn.resumePlayout),
      endReply: act(resumed.endReplyLost(reply.endReply(parameters), parameters)),
      continueSession: act(resumed.continueSession(parameters)),
      sayFiller: act(filler.sayFiller(parameters)),
      noteFiller: act(filler.noteFiller),
      startAction: act(robot.startAction(parameters)),
      refuseAction: act(robot.refuseAction(parameters)),
      noteActionDone: act(ends.noteActionDone(parameters)),
      noteActionResult: act(ends.noteActionResult(parameters)),
      refuseActionResult: act(ends.refuseActionResult),
      noteActionFailed: act(ends.noteActionFailed(parameters)),
      failOverdueActions: act(ends.failOverdueActions(parameters)),
      failActions: act(ends.failActions(parameters)),
      failOverdueLasting: act(ends.failOverdueLasting(parameters)),
      failLasting: act(ends.failLasting(parameters)),
      dropLasting: act(ends.dropLasting(parameters)),
      takeFollowUps: act(followUps.takeFollowUps),
      dropFollowUps: act(followUps.dropFollowUps(parameters)),
    },
  });
}

export type SessionChart = ReturnType<typeof sessionSetup>;

/** Remainder of `wholeMs` since `sinceMs`; all of it if `sinceMs` is not known. */
function left(wholeMs: number, sinceMs: number | null | undefined, { nowMs }: SessionContext): number {
  return Math.max(0, wholeMs - (nowMs - (sinceMs ?? nowMs)));
}
