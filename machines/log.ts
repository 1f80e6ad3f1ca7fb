import type { KernelEvent } from './kernel.ts';
import type { ChildKind } from './session/children.ts';
import type { Command } from './session/commands.ts';
import type { SessionEvent } from './session/events.ts';
import type { PublicState } from './wire.ts';

/** Sender of an event. */
export type EventSource = 'client' | 'server' | 'ear' | 'timer' | ChildKind;

/** The ordered log of a session: its events, commands and frames. The invariants are checked over it. */
export type LogEntry =
  | {
      readonly type: 'event';
      readonly seq: number;
      readonly atMs: number;
      readonly source: EventSource;
      readonly event: KernelEvent;
      readonly state: PublicState;
    }
  /** From a child that has ended or was replaced: it had no effect. */
  | {
      readonly type: 'stale';
      readonly atMs: number;
      readonly child: string;
      readonly generation: number;
      readonly event: SessionEvent;
    }
  /** `atMs`: when it was carried out, which on a busy server is after its event's time. */
  | { readonly type: 'command'; readonly seq: number; readonly atMs: number; readonly command: Command }
  | {
      readonly type: 'child.start';
      readonly atMs: number;
      readonly child: string;
      readonly kind: ChildKind;
      readonly generation: number;
    }
  | {
      readonly type: 'child.end';
      readonly atMs: number;
      readonly child: string;
      readonly kind: ChildKind;
      readonly generation: number;
      readonly how: 'done' | 'error' | 'cancelled';
    }
  /** A voice stop arrived; the event follows when it is handled. */
  | { readonly type: 'halt.arrived'; readonly atMs: number }
  /** The robot begins an action: its journal record is durable. */
  | { readonly type: 'action.start'; readonly atMs: number; readonly id: string }
  /** A frame of audio was sent to the client. */
  | {
      readonly type: 'frame';
      readonly atMs: number;
      readonly generation: number;
      readonly seq: number;
      readonly samples: number;
    };
