import type { Dialog } from '../../../actors/dialog/mod.ts';
import { dialogActions, dialogReader, withoutSummaries } from '../../../actors/dialog/mod.ts';
import { defaultEarParameters, type EarParameters } from '../../../actors/ear/front-end.ts';
import type { JournalAudio } from '../../../actors/ports/journal.ts';
import { type ClientCommand, clientCommand } from '../../../actors/session/client-command.ts';
import type { SpeechDetectorParameters } from '../../../actors/speech-detector.ts';
import { clientAction } from '../../../adapters/action/client-action.ts';
import { speexResampler } from '../../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../../adapters/bus/in-process.ts';
import type { EspeakTtsOptions } from '../../../adapters/tts/espeak/espeak.ts';
import { FRAME_MS, msOfSamples, PIPELINE_RATE } from '../../../machines/audio.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Journal } from '../../../machines/journal/record.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import type { ClientEvent } from '../../../machines/session/events.ts';
import { Conversation } from '../../conversation.ts';
import { EvalClient } from '../client.ts';
import { type EvalEngineOptions, evalEngines, rememberingEspeak } from '../engines.ts';
import { MODELLED_LATENCY } from '../evaluate.ts';
import { HeldTime, type ModelledLatency } from '../held-time.ts';
import { arrivingFrames } from './microphone.ts';
import { heldMoments, recordedMoments } from './moments.ts';
import { type Partings, partingsOf } from './partings.ts';

/** A session as it was recorded, with its audio. */
export interface Recording {
  readonly journal: Journal;
  readonly audio: readonly JournalAudio[];
}

export interface RehearOptions {
  readonly dialog: Dialog;
  /** Default: those of the recording. */
  readonly parameters?: SessionParameters;
  readonly detector?: SpeechDetectorParameters;
  /** Default: that of a server. */
  readonly ear?: EarParameters;
  readonly vad?: EvalEngineOptions['vad'];
  readonly espeak?: EspeakTtsOptions;
  readonly latency?: ModelledLatency;
}

/** Where a session that hears the same audio again parts from its recording. */
export interface Rehearing extends Partings {
  readonly session: string;
  /** Length of the recorded input, ms. */
  readonly audioMs: number;
  /** Broken invariants and differences in a replay: defects of Parley. */
  readonly defects: readonly string[];
}

/** A session is held for this long after the last of its recording, ms: a slower one comes to its end too. */
const AFTERWARDS_MS = 2_000;
/** Between client and server and from the player to the air, ms: as in a scenario. */
const [NETWORK_MS, OUTPUT_MS] = [10, 20];

/**
 * Plays the recorded input of a session to a session of now, on virtual time with the embedded engines, and sends the
 * client's recorded commands at their times. The same arguments give the same result. The recording's own replies are not
 * used. Rejects with JOURNAL_NO_AUDIO, or an error of the engines.
 */
export async function rehear(recording: Recording, options: RehearOptions): Promise<Rehearing> {
  const { journal, audio } = recording;
  const { session, parameters: recorded, input } = journal.header;
  const { dialog, parameters = recorded, detector, vad, espeak, latency = MODELLED_LATENCY } = options;
  const { ear = defaultEarParameters } = options;
  const frames = arrivingFrames(journal, audio);
  if (frames.length === 0) throw new ParleyError('JOURNAL_NO_AUDIO', session);
  const engines = await evalEngines({ dialog, ...(vad && { vad }) });
  const tts = rememberingEspeak(espeak);
  try {
    await tts.warm?.();
    const time = new HeldTime(latency);
    const { clock } = time;
    const client = new EvalClient({
      ...{ clock, networkMs: NETWORK_MS, outputMs: OUTPUT_MS },
      onPlayed: (generation, samples) => talk.send({ type: 'played', generation, samples }),
    });
    const talk: Conversation = new Conversation({
      ...{ bus: inProcessBus({ clock }), clock, resamplers: await speexResampler() },
      parameters: { ...parameters, history: withoutSummaries(parameters.history) },
      ...{ outputRate: PIPELINE_RATE, language: input.language, seed: input.seed },
      ...(input.voice !== undefined && { replyVoice: input.voice }),
      ...(input.output && { output: input.output }),
      ...(input.results && { results: input.results }),
      ...(detector && { detector }),
      ear,
      actions: clientAction({ clock, durationsMs: dialogActions(dialog) }),
      read: dialogReader(dialog),
      vad: time.vad(engines.vad),
      stt: time.stt(engines.stt, engines.decoded),
      llm: time.llm(engines.llm),
      tts: time.tts(tts),
      onHeard: (heard) => client.receive(heard),
    });
    const commands = recordedCommands(journal);
    const endMs = Math.max(journal.records.at(-1)?.t ?? 0, frames.at(-1)?.atMs ?? 0) + AFTERWARDS_MS;
    for (let [frame, command] = [0, 0]; clock.nowMs() < endMs; ) {
      const nowMs = clock.nowMs();
      for (let next = frames[frame]; next && next.atMs < nowMs + FRAME_MS; next = frames[++frame]) {
        const { samples } = next;
        const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
        clock.setTimer(next.atMs - nowMs, () => talk.audio(pcm));
      }
      for (let next = commands[command]; next && next.atMs < nowMs + FRAME_MS; next = commands[++command]) {
        const given = next.command;
        clock.setTimer(next.atMs - nowMs, () => talk.send(given));
      }
      await clock.advance(FRAME_MS);
      client.played();
    }
    const { violations, divergence } = await talk.end();
    return {
      session,
      audioMs: msOfSamples(
        frames.reduce((sum, { samples }) => sum + samples.length, 0),
        PIPELINE_RATE,
      ),
      ...partingsOf(
        recordedMoments(journal),
        heldMoments(talk.log).filter(({ atMs }) => atMs < endMs),
      ),
      defects: [
        ...violations.map(({ invariant, what }) => `invariant ${invariant}: ${what}`),
        ...(divergence ? [`replay differs at ${divergence.seq}`] : []),
        ...talk.problems.map((problem) => problem.message),
      ],
    };
  } finally {
    await Promise.all([engines.close(), tts.close()]);
  }
}

/** What the client commanded, and when, ms since the session's start. */
function recordedCommands({ records }: Journal): readonly { atMs: number; command: ClientCommand }[] {
  return records
    .filter(({ source }) => source === 'client')
    .flatMap(({ t, event: text }) => {
      const event = JSON.parse(text) as ClientEvent;
      const given = event.type === 'settings' ? { type: event.type, ...event.change } : event;
      const { data } = clientCommand.safeParse(given);
      return data && !('outside' in event) ? { atMs: t, command: data } : [];
    });
}
