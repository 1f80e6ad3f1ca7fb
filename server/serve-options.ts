import type { ChainEvent } from '../actors/chain/mod.ts';
import type { ActionPort } from '../actors/ports/action.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { InspectStore } from '../actors/ports/inspect.ts';
import type { JournalStore } from '../actors/ports/journal.ts';
import type { MemoryPort } from '../actors/ports/memory.ts';
import type { StopSpotter } from '../actors/ports/stop-spotter.ts';
import type { Store } from '../actors/ports/store.ts';
import type { VadEngine } from '../actors/ports/vad.ts';
import type { JsonObject } from '../machines/json.ts';
import type { LogEntry } from '../machines/log.ts';
import type { Config } from './config/schema.ts';
import type { DoorStats } from './door/stats.ts';
import type { EngineStats, LocalEngines } from './engines.ts';
import type { Logger } from './log.ts';
import type { Siblings } from './processes/siblings.ts';
import type { Events } from './stores.ts';

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Receives a line about each step of the start. */
  readonly onProgress?: (what: string) => void;
  /** The ordered log of every session. */
  readonly onLog?: (session: string, entry: LogEntry) => void;
  /** The session has ended completely here; another process may have it. */
  readonly onClosed?: (session: string) => void;
  /** Receives the events of the engine chains. Must not throw. */
  readonly onEngineEvent?: (event: ChainEvent) => void;
  /** The other processes of the same supervisor, which hands the connections of clients to this one. Default: none. */
  readonly siblings?: Siblings;
  /** Parts that replace the configured ones. See docs/how-to/embed.md. */
  readonly parts?: {
    /** For a kind that is absent here, the configured engines are used. */
    readonly engines?: LocalEngines;
    /** Executes actions. Default: the client does, and each takes the duration given in the dialog. */
    readonly actions?: ActionPort;
    /** Provides facts before each reply. Default: none. */
    readonly memory?: MemoryPort;
    readonly vad?: VadEngine;
    readonly stopSpotter?: StopSpotter;
    readonly store?: Store;
    readonly journals?: JournalStore;
    readonly inspectStore?: InspectStore;
    /** Of `store`: without them its turns cause no events. */
    readonly events?: Events;
  };
}

export interface Server {
  /** `http://host:port`. */
  readonly url: string;
  readonly port: number;
  readonly bus: Bus;
  readonly store: Store;
  stats(): DoorStats;
  /** The live sessions of this process. */
  sessions(): readonly { readonly session: string; readonly user?: string }[];
  /** The robot says `text` in this session. Throws SESSION_UNKNOWN, TURN_RUNNING during another turn, or SESSION_STOPPED. */
  say(session: string, text: string): void;
  /** Something happened to the robot of this session, for its behaviour. Throws SESSION_UNKNOWN, or ROBOT_EVENT_INVALID. */
  event(session: string, name: string, data?: JsonObject): void;
  /** Statistics of the configured engines. */
  engineStats(): EngineStats | undefined;
  /** The flags of new sessions from now on; see docs/how-to/deploy.md. */
  setFlags(flags: Config['flags']): void;
  /** Refuses new sessions and ends live ones after `graceMs` (default `limits.drainGraceMs`). Resolves when all records are on disk, so the process may end then. Idempotent.
   */
  drain(graceMs?: number): Promise<void>;
  /** Like `drain`, but each session that its client can come back to in another process is left as soon as it rests. */
  leave(graceMs: number): Promise<void>;
  /** Drains and releases everything. Idempotent. */
  close(): Promise<void>;
}
