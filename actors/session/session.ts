import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { identityOf } from '../../machines/behaviour/program.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SpawnCommand, TurnOutcome } from '../../machines/session/commands.ts';
import type { ClientEvent, EarEvent, SessionEvent } from '../../machines/session/events.ts';
import type { SessionContext } from '../../machines/session/model.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { ModelRequests } from '../behaviour/models.ts';
import { schemaProblems } from '../calls/call-check.ts';
import { withOutdated } from '../calls/outdated.ts';
import type { ChildLogic } from '../child.ts';
import { actionsChild } from '../children/actions.ts';
import { llmChild, memoryChild, requestsOf } from '../children/llm.ts';
import { outsideSpeechChild } from '../children/outside-speech.ts';
import { playbackChild } from '../children/playback.ts';
import { discardedChild, type Handover, sttChild } from '../children/stt.ts';
import { ttsChild } from '../children/tts.ts';
import { openEar } from '../ear/ear.ts';
import { InputAudio } from '../ear/input-audio.ts';
import { wantedFrom } from '../ear/wanted-from.ts';
import { cancelPayload } from '../engine-rpc/mod.ts';
import { acknowledgedBy, acknowledgedTurns } from '../journal/acknowledged-turns.ts';
import { strictActions } from '../journal/strict-actions.ts';
import { sessionMemory } from '../memory/session-memory.ts';
import { Summaries } from '../memory/summaries.ts';
import type { OutsideSpeech } from '../ports/outside-speech.ts';
import { SessionKeeper } from '../records/session-keeper.ts';
import { Listener } from '../reply/listener.ts';
import { ReplyTrack } from '../reply-track.ts';
import { Speculation, speculationChild } from '../speculation/speculation.ts';
import { SpeechSession } from '../speech/speech-session.ts';
import { defaultDetectorParameters } from '../speech-detector.ts';
import { withStopLane } from '../stop-lane/stop-lane.ts';
import { subjects } from '../subjects.ts';
import { type ClientCommand, clientCommand, clientEvent, STARTS_TURN } from './client-command.ts';
import type { SessionDeps } from './deps.ts';
import { earProblems } from './ear-problems.ts';
import type { Session, SessionClient } from './handle.ts';
import {
  asError,
  callCheck,
  eventRefusal,
  jsonBytes,
  offerTools,
  parsedBytes,
  settingsRefusal,
  watchedActions,
  withLanguage,
} from './parts.ts';
import type { ResumedSession } from './resumed-session.ts';
import { SessionRunner } from './runner.ts';
import { type SessionOptions, sessionInput } from './session-input.ts';
import { Vault } from './vault.ts';
import { wantedPartials } from './wanted-partials.ts';
import { watchInvariants } from './watch.ts';

export type { SessionDeps } from './deps.ts';

/** Input audio kept beyond the longest utterance and its pre-roll: it covers the time until STT starts to read. */
const INPUT_SLACK_MS = 1_000;

/**
 * Starts one session: its ear, its runner and its bus subscriptions. `rebuilt`: continues what another process began, with
 * its client away.
 */
export function openSession(
  deps: SessionDeps,
  options: SessionOptions,
  given?: SessionClient,
  rebuilt?: ResumedSession,
): Session {
  const { bus, clock, parameters, record, detector = defaultDetectorParameters } = deps;
  const { session, outputRate, attention = parameters.attention.mode } = options;
  const { maxUtteranceMs, prerollMs } = parameters.endpointing;
  /** Index in the session's input of the first sample that this process hears. The ear counts from there. */
  const inputFrom = rebuilt?.inputEnd ?? 0;
  // Built once, because the bus would hash a new string for each frame.
  const audioIn = subjects.audioIn(session);
  const audioOut = subjects.audioOut(session);
  const out = subjects.out(session);
  const ev = subjects.ev(session);
  const audio = new InputAudio(
    samplesInMs(maxUtteranceMs + prerollMs + INPUT_SLACK_MS, PIPELINE_RATE),
    // An utterance may be recognised again from its start as long as the machine keeps it.
    () => wantedFrom(ear, runner.kernel.context, inputFrom) - samplesInMs(prerollMs, PIPELINE_RATE),
    inputFrom,
  );
  const identify = parameters.languages.follow ? deps.identify : undefined;
  const memory = sessionMemory(deps, options, (event) => runner.receive(event, 'server'));
  const input =
    rebuilt?.kernel.context.input ??
    sessionInput(options, {
      ...{ memory: memory !== undefined, attention },
      behaviour: deps.behaviour && identityOf(deps.behaviour),
    });
  const onProblem = (error: Error) => deps.onProblem(session, error);
  const observe = watchInvariants(parameters, input, {
    ...{ hears: options.input, before: rebuilt?.log, clock, onProblem },
  });
  const log = (entry: LogEntry) => {
    observe(entry);
    deps.onLog?.(session, entry);
  };
  const vault = deps.secrets && new Vault(deps.secrets);
  const checkIn = (context: () => SessionContext) => {
    const plain = callCheck(deps, context);
    return vault?.check(plain) ?? plain;
  };
  const check = checkIn(() => runner.kernel.context);
  const speech = deps.speech && new SpeechSession({ ...deps, ...options, ...deps.speech, check, onProblem });
  const engines = vault?.engines((speech ?? deps).engines) ?? (speech ?? deps).engines;
  const who = { session, ...(options.user !== undefined && { user: options.user }) };
  const client = given && (vault?.client(given) ?? given);
  let track = new ReplyTrack(outputRate);
  /** The last reply that has begun to speak. */
  let listener: Listener | undefined;
  /** The last reply that was started. */
  let speculation: Speculation | undefined;
  const handover: Handover = new Map();
  /** For the next reply that plays speech from outside. */
  let outside: OutsideSpeech | undefined;

  /** Makes the real child. TTS starts first in a reply, so it creates the reply's track. */
  const makeChild = (command: SpawnCommand, generation: number): ChildLogic => {
    switch (command.child) {
      case 'stt': {
        // An utterance leads to the next reply, so no cancel of the present reply or of a speculation may reach it.
        const { lastGeneration } = runner.kernel.context;
        const next = lastGeneration + parameters.speculation.maxPerTurn + 1;
        const engine = engines.stt({ session, generation: next });
        const wanted = wantedPartials(deps.economy, parameters, () => runner.kernel);
        const parts = { ...deps, engine, audio, prerollMs, identify, wanted, handover };
        return sttChild(parts, command.input);
      }
      case 'discarded':
        return discardedChild(handover);
      case 'memory':
        if (!memory) throw new ParleyError('MEMORY_FAILED', 'there is none');
        return memoryChild(memory, command.input);
      case 'speculation': {
        const scope = { session, generation: command.input.generation };
        speculation = new Speculation(command.input, {
          ...{ llm: requestsOf(engines.llm(scope), who), tts: engines.tts(scope), economy: deps.economy },
          ...(memory && { memory }),
          ...{
            recallMs: parameters.deadlines.recallMs,
            reply: parameters.reply,
            reading: parameters.reading,
          },
        });
        return speculationChild(speculation);
      }
      case 'llm': {
        const engine = requestsOf(engines.llm({ session, generation }), who);
        const asked = speculation && command.input.speculated ? speculation.asLlm(engine) : engine;
        return llmChild(asked, command.input, check);
      }
      case 'tts': {
        track = new ReplyTrack(outputRate);
        listener = new Listener({ generation, track, clock, startMs: runner.startMs });
        if (command.input.outside && outside) {
          outside.onBegin(generation);
          const { resamplers } = deps;
          const quietMs = parameters.deadlines.ttsMs;
          return outsideSpeechChild({ speech: outside, resamplers, track, clock, quietMs });
        }
        const own = engines.tts({ session, generation });
        const taken = command.input.speculated ? speculation : undefined;
        return ttsChild(
          {
            engine: taken?.asTts(own) ?? own,
            ...(taken && { onEnd: () => taken.endSpeech() }),
            resamplers: deps.resamplers,
            track,
            listener,
            reading: parameters.reading,
            parallelSegments: parameters.reply.parallelSegments,
          },
          command.input,
        );
      }
      case 'playback':
        return playbackChild({
          clock,
          track,
          ...(listener && { listener }),
          ...(command.input.paused && { paused: true }),
          ...{ aheadMs: options.aheadMs, frameMs: options.frameMs },
          sendFrame: (seq, samples) => sendFrame(generation, seq, samples),
          onSent: () => afterStarts(() => attempt(() => client?.audioSent?.(generation))),
          sendViseme: ({ phoneme, viseme }, inMs) =>
            publish({ type: 'viseme', generation, at: runner.nowMs() + inMs, phoneme, viseme }),
        });
      case 'actions':
      case 'lasting':
        return actionsChild(robot, session, { paused: command.input.paused, recorded: strict?.recorded });
    }
  };

  /** A failing client or bus must not stop the session; it is reported to the operator. */
  const attempt = (send: () => void) => {
    try {
      send();
    } catch (thrown) {
      deps.onProblem(session, asError(thrown));
    }
  };
  /** The bus only gets copies, for observers. */
  const copy = (subject: string, payload: () => Uint8Array, headers?: Readonly<Record<string, string>>) => {
    if (bus.listened?.(subject) !== false)
      attempt(() => bus.publish(subject, payload(), headers && { headers }));
  };
  const sendFrame = (generation: number, seq: number, samples: Int16Array) => {
    const sentAtMs = clock.nowMs();
    log({ type: 'frame', atMs: runner.nowMs(sentAtMs), generation, seq, samples: samples.length });
    journal?.said(generation, samples);
    ear?.sent(generation, samples);
    const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    attempt(() => client?.audio(generation, seq, pcm));
    copy(audioOut, () => pcm, { generation: String(generation), seq: String(seq) });
    return sentAtMs;
  };
  const publish = (message: SessionMessage) => {
    ear?.ordered(message);
    attempt(() => client?.message(message));
    copy(out, () => jsonBytes(message), { type: message.type });
  };
  let storeFailurePublished = false;
  /** The client gets one error, even if several parts of the session cannot be recorded. */
  const storeFailed = (error: unknown) => {
    deps.onProblem(session, asError(error));
    if (storeFailurePublished) return;
    storeFailurePublished = true;
    const { code, message } = errorRecord(error, 'STORE_FAILED');
    publish({ type: 'error', code, message, fatal: false });
  };
  const save = (turn: TurnOutcome) => {
    const saved = deps.store.saveTurn({ session, ...turn, timings: { ...turn.timings } });
    keeper?.saving(turn, saved);
    saved.catch(storeFailed);
  };

  const journal = deps.journal?.(session, input, storeFailed, parameters, rebuilt?.journal);
  const keeper = record && new SessionKeeper(record, () => [runner.kernel, audio.written], rebuilt?.snapshot);
  const durable = async () => void (await Promise.all([record?.saved(), journal?.durable()]));
  const acknowledged = acknowledgedBy(record, journal);
  const turns = acknowledgedTurns({ acknowledged, publish, save });
  /** Port to the robot that logs each action when it really begins. */
  const robot = watchedActions(vault?.actions(deps.actions) ?? deps.actions, options.results, (id) =>
    log({ type: 'action.start', atMs: runner.nowMs(), id }),
  );
  const strict = journal || record ? strictActions({ durable, publish: turns.publish }) : undefined;
  const afterStarts = strict?.afterStarts ?? ((call: () => void) => call());

  const runner = new SessionRunner(
    session,
    parameters,
    input,
    {
      clock,
      child: makeChild,
      listener: (atMs) =>
        runner.kernel.context.reply?.generation === listener?.generation ? listener?.sample(atMs) : undefined,
      publish: strict?.publish ?? turns.publish,
      ...(journal ? { journal } : {}),
      stepped: (step, event, { context }) => keeper?.stepped(step, event, context.generation),
      cancelWork: (generation) => {
        attempt(() => bus.publish(subjects.cancel(session), cancelPayload(generation)));
        speech?.interrupted(generation, listener?.heardMs(generation) ?? 0);
      },
      persist: (turn) => {
        turns.save(turn);
        queueMicrotask(() => summaries.replyEnded());
      },
      model: (command) => models.carryOut(command),
      ear: (strict) => ear?.setDetector(strict ? { ...detector, ...parameters.body } : detector),
      log: (entry) => {
        log(entry);
        if (entry.type !== 'event') return;
        memory?.foresee(entry.event);
        copy(ev, () => jsonBytes(entry));
      },
      onDefect: (error) => {
        deps.onProblem(session, error);
        publish({
          type: 'error',
          code: 'INTERNAL',
          message: errorRecord(error, 'INTERNAL').message,
          fatal: true,
        });
      },
    },
    { kernel: rebuilt?.kernel, behaviour: deps.behaviour },
  );
  const hear = (event: EarEvent) =>
    runner.receive('sample' in event ? { ...event, sample: event.sample + inputFrom } : event, 'ear');

  const emit = (event: SessionEvent) => runner.receive(event, 'server');
  const models = new ModelRequests({ session, llm: engines.llm, slow: deps.slowSchemaCheck, emit });
  const summaries = new Summaries({
    ...{ session, clock, parameters, llm: engines.llm, onProblem, emit },
    context: () => runner.kernel.context,
  });
  const vad = withStopLane(deps.vad, deps.stopSpotter, {
    ...{ clock, emit: hear, onProblem, context: () => runner.kernel.context },
    ownWords: (agoMs) => listener?.lately(agoMs) ?? '',
  });
  const ear =
    options.input === 'text'
      ? undefined
      : openEar({
          ...{ ...deps, ...options, vad, audio, emit: hear, onProblem: earProblems(onProblem, publish) },
          onReport(report) {
            const message = { type: 'ear', at: runner.nowMs(), ...report } as const;
            if (options.earReports) attempt(() => client?.message(message));
            copy(subjects.ear(session), () => jsonBytes(message));
          },
        });
  const identified = (event: ClientEvent) => withLanguage(event, identify, runner.kernel.context);
  /** Played reports are not events: the listener uses them whenever an event is handled. */
  const command = (sent: ClientCommand) => {
    const given = vault?.command(sent) ?? sent;
    const refusal = given.type === 'settings' ? settingsRefusal(given, deps.supports) : undefined;
    const problems = given.type === 'settings' ? schemaProblems(given.tools ?? []) : [];
    const refused = refusal ?? (given.type === 'event' ? eventRefusal(given, deps.behaviour) : undefined);
    for (const { code, message } of refused ? [refused] : problems)
      publish({ type: 'error', code, message, fatal: false });
    if (refused) return;
    if (given.type === 'commit' || given.type === 'clear') ear?.settle();
    if (given.type !== 'played') {
      const event = identified(clientEvent(given, audio.written));
      runner.receive(withOutdated(event, runner.kernel.context, checkIn), 'client');
    } else if (given.generation === listener?.generation) {
      listener.acknowledge(given.samples);
      ear?.played(given.generation, given.samples);
    }
  };
  const isAway = () => runner.kernel.regions?.presence === 'away';
  // Peers on the bus may command the session; its own client calls it directly.
  const peers = bus.subscribe(subjects.cmd(session), (message) => {
    const { data } = clientCommand.safeParse(parsedBytes(message.payload));
    if (data && !(isAway() && STARTS_TURN.has(data.type))) command(data);
    else bus.reportMalformed?.(message.subject, data ? 'a turn while the client is away' : 'no command');
  });
  if (rebuilt?.kernel.regions?.body) ear?.setDetector({ ...detector, ...parameters.body });
  if (rebuilt) runner.resume(rebuilt.listener, rebuilt.snapshot?.kernel.seq);
  else runner.start();
  const unwatch = offerTools(deps.tools, (tools) =>
    runner.receive(withOutdated({ type: 'tools', tools }, runner.kernel.context, checkIn), 'server'),
  );
  if (attention === 'push' && !rebuilt) command({ type: 'settings', turnDetection: { mode: 'manual' } });

  const release = async () => {
    unwatch?.();
    await runner.ended;
    peers.unsubscribe();
    for (const part of [memory, models, summaries, speech, ear]) part?.close();
  };
  return {
    command,
    audio(pcm, sample) {
      if (!ear) throw new ParleyError('AUDIO_NOT_TAKEN');
      ear.hear(pcm, sample);
      const at = sample === undefined ? undefined : sample + inputFrom;
      journal?.heard(pcm, at);
      copy(audioIn, () => pcm, at === undefined ? undefined : { sample: String(at) });
    },
    present(here, epoch) {
      // What was said before the connection was lost counts as said then.
      if (!here) ear?.settle();
      if (record && epoch !== undefined) record.epoch = epoch;
      runner.receive({ type: here ? 'back' : 'away' }, 'client');
    },
    stopHeard: (event) => runner.receive(event, 'ear'),
    speak(speech) {
      if (options.output === 'text' || runner.kernel.state !== 'idle' || isAway()) return false;
      outside = speech;
      runner.receive({ type: 'respond', outside: true }, 'client');
      return true;
    },
    heardAt: (generation, samples) =>
      listener?.generation === generation ? listener.heardAt(samples) : undefined,
    setEcho: (echo) => ear?.setEcho(echo),
    durable: acknowledged ?? durable,
    async close(reason) {
      runner.receive({ type: reason }, 'client');
      await release();
      await journal?.end();
      await record?.end();
    },
    async leave(why) {
      if (why === 'superseded') record?.abandon();
      else runner.receive({ type: 'away' }, 'client');
      runner.leave();
      await release();
      await Promise.all([record?.leave(), journal?.leave()]);
    },
  };
}
