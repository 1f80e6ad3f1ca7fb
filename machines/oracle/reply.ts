import type { ErrorRecord } from '../errors.ts';
import type { SessionParameters } from '../parameters.ts';
import { heardText, type SpokenSegment } from '../policies/heard.ts';
import { cutSegments } from '../policies/segmenter.ts';
import type { SttOutput } from '../session/events.ts';
import type { ActionStatus, EndReason } from '../wire.ts';

/** What the oracle knows of the speech in hand. */
export interface OracleUtterance {
  readonly startSample: number;
  readonly startedAtMs: number;
  /** Null while the user speaks. */
  endedAtMs: number | null;
  /** True once STT was told to finish. */
  decided: boolean;
  partial: string;
  partialAtMs: number | null;
  final: SttOutput | null;
  failure: ErrorRecord | null;
}

/** A reply that is prepared before the turn is over. */
export interface OracleDraft {
  readonly generation: number;
  readonly text: string;
}

/** The words that the next reply answers. */
export interface Words {
  readonly text: string;
  /** True if they go on a turn that was counted already. */
  readonly counted: boolean;
  readonly phrase: string | null;
  readonly failed: boolean;
  /** The end of the user's speech, or when the text was typed. */
  readonly turnEndedAtMs: number;
}

export interface OracleAction {
  readonly id: string;
  readonly name: string;
  status: ActionStatus;
  readonly startedAtMs: number;
}

/** What the oracle knows of the reply in hand. */
export interface OracleReply {
  readonly turn: number;
  readonly generation: number;
  readonly userText: string;
  readonly phrase: string | null;
  facts: readonly string[];
  text: string;
  /** How much of `text` TTS has got. */
  cut: number;
  readonly segments: SpokenSegment[];
  readonly actions: OracleAction[];
  failed: boolean;
  played: number;
  /** When `played` was told, if the playback goes on from there. */
  playingSinceMs: number | null;
  sent: number;
  acknowledged: boolean;
  /** True once its first frame has left, or its filler's. */
  audible: boolean;
  readonly turnEndedAtMs: number;
  readonly seed: number;
  /** Samples of the filler before its own; null if none was asked for. */
  filler: number | null;
}

/** More text of the reply: what is told and what goes to TTS. `final`: no more will come. */
export function say(
  reply: OracleReply,
  added: string,
  final: boolean,
  parameters: SessionParameters,
): readonly string[] {
  const out = added === '' ? [] : [`say reply ${reply.turn} ${reply.generation} '${added}'`];
  reply.text += added;
  const segment = reply.segments.length;
  for (const length of cutSegments(reply.text.slice(reply.cut), { segment, final }, parameters.reply)
    .lengths) {
    const text = reply.text.slice(reply.cut, reply.cut + length);
    reply.cut += length;
    if (reply.segments.length === 0 && text.trim() === '') continue;
    out.push(`send tts segment ${reply.segments.length} '${text}'`);
    reply.segments.push({ text, samples: 0, ready: false, words: [] });
  }
  if (final) out.push('send tts end', 'send actions end');
  return out;
}

/** Everything that is said and stored when a reply ends, into `out`; gives what was heard of it. */
export function endReply(reply: OracleReply, reason: EndReason, continued: boolean, out: string[]): string {
  const { turn, generation, userText, text } = reply;
  const played = Math.max(0, reply.played - (reply.filler ?? 0));
  const heard = heardText(reply.segments, reason === 'completed' ? Number.POSITIVE_INFINITY : played);
  for (const { id, name, status } of reply.actions)
    if (status === 'started') out.push(`say action ${id} ${name} cancelled`);
  if (reason === 'interrupted') out.push(`cancelWork ${generation}`, `say flush ${generation}`);
  out.push(`say reply.end ${turn} ${generation} ${reason} '${heard}'`);
  if (!continued) out.push(`persist ${turn} ${generation} ${reason} '${userText}' '${text}' '${heard}'`);
  return heard;
}
