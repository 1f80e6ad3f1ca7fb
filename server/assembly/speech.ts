import { withBehaviour } from '../../actors/behaviour/hearing.ts';
import type { ChainEvent } from '../../actors/chain/mod.ts';
import { withDialog, withRecogniser } from '../../actors/dialog/mod.ts';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { StopSpotter } from '../../actors/ports/stop-spotter.ts';
import type { VadEngine } from '../../actors/ports/vad.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { vadEngine } from '../../adapters/vad/engine.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { boundedReplies } from '../bounded-replies.ts';
import { Governor } from '../degradation/governor.ts';
import { processMeter } from '../degradation/meter.ts';
import { Newcomers } from '../degradation/newcomers.ts';
import { Admission, burstGate } from '../door/admission.ts';
import { EngineLoad } from '../engine-load.ts';
import { logEngineEvent } from '../engine-log.ts';
import { type LocalEngines, makeEngines, tellsPartials } from '../engines.ts';
import { type HostedEngines, hostEngines } from '../hosted-engines.ts';
import { answersWithModel, offeredActions } from '../offered-actions.ts';
import type { ServeOptions } from '../serve-options.ts';
import { makeStopSpotter } from '../stop-spotter.ts';
import { withTools } from '../tools/parameters.ts';
import { type Base, configuredKinds } from './base.ts';

/** Engines and the parts that belong to them. */
export interface Speech {
  readonly engines: LocalEngines;
  readonly vad: VadEngine;
  readonly stopSpotter: StopSpotter | undefined;
  readonly resamplers: ResamplerFactory;
  readonly parameters: SessionParameters;
  readonly hosted: HostedEngines;
  readonly admission: Admission;
  readonly governor: Governor;
  /** `hosted.clients`, watched for overload. */
  readonly clients: SessionDeps['engines'];
}

export async function makeSpeech({
  options,
  closers,
  dialog,
  behaviour,
  bus,
  metrics,
  loop,
  stores,
  shared,
  tracer,
}: Base): Promise<Speech> {
  const { config, log, parts, onEngineEvent, onProgress } = options;
  const onProblem = (error: ParleyError) => log.warn({ err: error }, error.message);
  const counted = metrics && { onRun: metrics.onVadRun };
  const meter = processMeter(() => loop.medianMs());
  const { firstPercent } = config.overload;
  const newcomers = new Newcomers({ most: config.limits.newSessions, firstPercent });
  const governor = new Governor({ clock: realClock, meter, limits: config.overload, newcomers, log });
  closers.push(async () => governor.close());
  const economy = { leastGatherMs: () => governor.gatherMs };
  const vad = parts?.vad ?? vadEngine({ ...config.vad, ...counted, ...economy, onCrash: onProblem });
  const stopSpotter = await makeStopSpotter(options, dialog, metrics?.onStopDropped, onProblem);
  for (const ear of [vad, stopSpotter]) closers.push(async () => ear?.close());
  const resamplers = await speexResampler();
  const onEvent = (event: ChainEvent) => {
    logEngineEvent(log, event);
    metrics?.onChainEvent(event);
    stores.meter?.engines.onChainEvent(event);
    if (event.type === 'warmed') onProgress?.(`${event.kind} engine ${event.engine} is ready`);
    onEngineEvent?.(event);
  };
  const kinds = configuredKinds(options);
  const engines: LocalEngines = {
    ...(await makeEngines(config, dialog, kinds, {
      ...{ bus, resamplers, onEvent, onProblem, sharedFiles: shared.files },
      heard: withBehaviour(dialog, behaviour),
    })),
    ...parts?.engines,
  };
  const offered = parts?.engines ? undefined : offeredActions(config, dialog);
  const models = modelMayAnswer(options);
  const parameters = withRecogniser(
    withTools(withDialog(config, dialog, offered, models), config),
    tellsPartials(engines, config),
  );
  const hosted = hostEngines(engines, config, bus);
  closers.push(() => hosted.close());
  const { sttMs, llmFirstTokenMs, ttsMs } = parameters.deadlines;
  const load = new EngineLoad({
    nowMs: () => realClock.nowMs(),
    maxWaiting: config.limits.waitingRequests,
    maxWaitMs: { stt: sttMs / 2, llm: llmFirstTokenMs / 2, tts: ttsMs / 2 },
  });
  const busGone = new ParleyError('BUS_UNREACHABLE', 'connect again in a moment');
  const admission = new Admission(
    [
      (what) => (bus.connected() || what === 'turn' ? undefined : busGone),
      loop.gate(config.limits.loopDelayMs),
      governor.gate,
      () => load.refusal(),
      newcomers.gate,
      burstGate(realClock, config.limits.waitingRequests),
    ],
    realClock,
    log,
    () => Math.max(governor.load, loop.medianMs() / config.limits.loopDelayMs),
    (livedMs) => newcomers.ended(livedMs),
  );
  const { replyChars } = config.limits;
  const bounded = boundedReplies(tracer?.engines(hosted.clients) ?? hosted.clients, replyChars, (session) =>
    log.warn({ session, replyChars }, 'a reply was cut: it is too long'),
  );
  const clients = load.watch(bounded, (session) => admission.refusal('turn', session));
  return { engines, vad, stopSpotter, resamplers, parameters, hosted, admission, governor, clients };
}

/** Whether any other language engine than the dialog may answer. */
export function modelMayAnswer({ config, parts }: ServeOptions): boolean {
  return parts?.engines ? parts.engines.llm !== undefined : answersWithModel(config);
}
