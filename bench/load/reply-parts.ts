import { idIn } from './identifiers.ts';
import { replyTokens, tokensFor } from './reply-tokens.ts';
import type { EnginesReport } from './reports.ts';
import { REPLY } from './world.ts';

/** What the engines were asked for one turn. */
export interface Calls {
  stt?: EnginesReport['stt'][number];
  llm?: EnginesReport['llm'][number];
  tts?: EnginesReport['tts'][number];
}

/** From one engine's answer to the next one's request, in ms: the part of whoever is between them. */
export interface ReplyParts {
  /** When the utterance was with the recogniser. */
  readonly sttReceivedMs: number;
  /** Transcript sent → the model has been asked. */
  readonly toLlmMs: number;
  /** Token sent that completes the first segment → speech synthesis has been asked. */
  readonly toTtsMs: number;
  /** First PCM sent → first frame of the reply where it is heard. */
  readonly toClientMs: number;
  /** Tokens that the first segment took. */
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

/**
 * Undefined for a turn that did not go from speech to audio. `tokens`: how many tokens the first segment takes; those
 * that hold its text, unless it is known that more are waited for.
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

/** The fewest tokens after which speech synthesis was ever asked: what a system waits for, whatever its first segment holds. */
export function tokensWaitedFor(engines: ReadonlyMap<string, Calls>): number | undefined {
  const counts = [...engines.values()].flatMap(({ llm, tts }) =>
    llm && tts ? [llm.tokensMs.filter((atMs) => atMs < tts.receivedMs).length] : [],
  );
  return counts.length > 0 ? Math.max(1, Math.min(...counts)) : undefined;
}

/** What of a reply's delay after the transcript was not an engine's, in ms. */
export function afterTranscriptMs({ toLlmMs, toTtsMs, toClientMs }: ReplyParts): number {
  return toLlmMs + toTtsMs + toClientMs;
}
