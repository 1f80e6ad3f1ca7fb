import type { Heard } from '../../clients/typescript/src/browser/mod.ts';
import type { ActionStatus, EndReason, TurnTimings } from '../../machines/wire.ts';
import type { Rejection } from '../rejection.ts';

/** Turns shown at most; older ones go. */
const TURNS_KEPT = 100;

export interface UserText {
  readonly text: string;
  /** A partial transcript is not final and may still change. */
  readonly final: boolean;
  /** Why it was not understood, where the recogniser says so. */
  readonly rejected?: Rejection;
}

export interface Reply {
  readonly generation: number;
  readonly text: string;
  /** Absent until the reply has ended. */
  readonly end?: { readonly reason: EndReason; readonly heard: string };
}

export interface ActionLine {
  readonly id: string;
  readonly name: string;
  readonly status: ActionStatus;
  /** As the robot reported it. */
  readonly message?: string;
}

export interface Turn {
  readonly turn: number;
  /** BCP 47: what the user spoke, where the recogniser says so. */
  readonly language?: string;
  readonly user?: UserText;
  readonly replies: readonly Reply[];
  readonly actions: readonly ActionLine[];
}

/** What the page shows of the conversation. Plain data: `said` and `typed` give the next value. */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** Sent texts without an answer of the server yet. */
  readonly pending: readonly string[];
  /** Of the last reply that ended. */
  readonly timings?: TurnTimings;
}

export const EMPTY_CONVERSATION: Conversation = { turns: [], pending: [] };

/** The conversation after the user sent a typed turn. */
export function typed(conversation: Conversation, text: string): Conversation {
  return { ...conversation, pending: [...conversation.pending, text] };
}

/** The conversation after a message of the server; most messages change nothing. */
export function said(conversation: Conversation, message: Heard): Conversation {
  switch (message.type) {
    case 'transcript': {
      const pending = withoutFirst(conversation.pending, message.text);
      const { text, final, rejected, language } = message;
      const user: UserText = { text, final, ...(rejected && { rejected }) };
      return inTurn({ ...conversation, pending }, message.turn, (turn) => ({
        ...{ ...turn, user },
        ...(language !== undefined && { language }),
      }));
    }
    case 'reply':
      return inTurn(adopted(conversation, message.turn), message.turn, (turn) => ({
        ...turn,
        replies: inReply(turn.replies, message.generation, (reply) => ({
          ...reply,
          text: reply.text + message.text,
        })),
      }));
    case 'reply.end': {
      const end = { reason: message.reason, heard: message.heard };
      return {
        ...inTurn(adopted(conversation, message.turn), message.turn, (turn) => ({
          ...turn,
          replies: inReply(turn.replies, message.generation, (reply) => ({ ...reply, end })),
        })),
        timings: message.timings,
      };
    }
    case 'action': {
      const { id, name, status, message: reported } = message;
      const action: ActionLine = { id, name, status, ...(reported && { message: reported }) };
      const owner = conversation.turns.find((turn) => turn.actions.some((known) => known.id === id));
      return inTurn(conversation, owner?.turn ?? conversation.turns.at(-1)?.turn ?? 0, (turn) => ({
        ...turn,
        actions: [...turn.actions.filter((known) => known.id !== id), action],
      }));
    }
    case 'ready':
      return message.resumed ? conversation : EMPTY_CONVERSATION;
    default:
      return conversation;
  }
}

/** Actions of earlier turns that still run. Those of the newest turn are in sight. */
export function stillRunning({ turns }: Conversation): readonly ActionLine[] {
  return turns
    .slice(0, -1)
    .flatMap(({ actions }) => actions.filter(({ status }) => status === 'started' || status === 'progress'));
}

/** The server may not send a typed text back as a transcript, so the turn that answers it takes it over. */
function adopted(conversation: Conversation, number: number): Conversation {
  const [text, ...pending] = conversation.pending;
  const known = conversation.turns.find(({ turn }) => turn === number);
  if (text === undefined || known?.user) return conversation;
  return inTurn({ ...conversation, pending }, number, (turn) => ({ ...turn, user: { text, final: true } }));
}

function inTurn(conversation: Conversation, number: number, change: (turn: Turn) => Turn): Conversation {
  const known = conversation.turns.some(({ turn }) => turn === number);
  const turns = known
    ? conversation.turns.map((turn) => (turn.turn === number ? change(turn) : turn))
    : [...conversation.turns, change({ turn: number, replies: [], actions: [] })];
  return { ...conversation, turns: turns.slice(-TURNS_KEPT) };
}

function inReply(
  replies: readonly Reply[],
  generation: number,
  change: (reply: Reply) => Reply,
): readonly Reply[] {
  return replies.some((reply) => reply.generation === generation)
    ? replies.map((reply) => (reply.generation === generation ? change(reply) : reply))
    : [...replies, change({ generation, text: '' })];
}

function withoutFirst(texts: readonly string[], text: string): readonly string[] {
  const at = texts.indexOf(text);
  return at < 0 ? texts : texts.toSpliced(at, 1);
}
