import { idIn } from './identifiers.ts';
import { replyTokens, tokensFor } from './reply-tokens.ts';
import type { EnginesReport } from './reports.ts';
import { REPLY } from './world.ts';

/** Engine requests of one turn. */
export interface Calls {
  stt?: EnginesReport['stt'][number];
  llm?: EnginesReport['llm'][number];
  tts?: EnginesReport['tts'][number];
}

/** Delays between one engine's answer and the next one's request, in ms: the part of the system under test. */
export interface ReplyParts {
  /** Time at which the recogniser had the utterance. */
  readonly sttReceivedMs: number;
  /** Transcript sent → request at the model. */
  readonly toLlmMs: number;
  /** Token sent that completes the first segment → request at speech synthesis. */
  readonly toTtsMs: number;
  /** First PCM sent → first frame of the reply at the client. */
  readonly toClientMs: number;
  /** Number of tokens in the first segment. */
  readonly tokens: number;
}

/** The engines' calls by the id of the turn. */
export function callsById(engines: EnginesReport): Map<string, Calls> {
  const calls = new Map<string, Calls>();
  const of = (id: string) => {
    const known = calls.get(id) ?? {};
    calls.set(id, known);
    return known;
  };
  for (const stt of engines.stt) of(stt.id).stt = stt;
  for (const llm of engines.llm) of(llm.id).llm = llm;
  // The id is spoken in the first segment only.
  for (const tts of engines.tts) if (tts.id !== '') of(tts.id).tts ??= tts;
  return calls;
}

/** Undefined for a turn without speech or audio. `tokens`: number of tokens for the first segment. Default: those that contain its text; set it if the system waits for more.
 */
export function replyParts(
  engines: ReadonlyMap<string, Calls>,
  seen: { readonly words: string; readonly firstFrameMs?: number | undefined },
  tokens?: number,
): ReplyParts | undefined {
  const id = idIn(seen.words);
  const { stt, llm, tts } = engines.get(id) ?? {};
  if (!stt || !llm || tts?.firstMs === undefined || seen.firstFrameMs === undefined) return undefined;
  const needed = tokens ?? tokensFor(tts.text, replyTokens(id, REPLY));
  const completedMs = needed === undefined ? undefined : llm.tokensMs[needed - 1];
  if (needed === undefined || completedMs === undefined) return undefined;
  return {
    sttReceivedMs: stt.receivedMs,
    toLlmMs: llm.receivedMs - stt.answeredMs,
    toTtsMs: tts.receivedMs - completedMs,
    toClientMs: seen.firstFrameMs - tts.firstMs,
    tokens: needed,
  };
}

/** Minimum number of tokens before a request to speech synthesis: the number that a system waits for. */
export function tokensWaitedFor(engines: ReadonlyMap<string, Calls>): number | undefined {
  const counts = [...engines.values()].flatMap(({ llm, tts }) =>
    llm && tts ? [llm.tokensMs.filter((atMs) => atMs < tts.receivedMs).length] : [],
  );
  return counts.length > 0 ? Math.max(1, Math.min(...counts)) : undefined;
}

/** The part of a reply's delay after the transcript that no engine caused, in ms. */
export function afterTranscriptMs({ toLlmMs, toTtsMs, toClientMs }: ReplyParts): number {
  return toLlmMs + toTtsMs + toClientMs;
}
