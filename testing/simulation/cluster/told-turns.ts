import type { Clock } from '../../../machines/clock.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { Command, TurnOutcome } from '../../../machines/session/commands.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { Disk } from '../disk.ts';
import type { Broker } from './broker.ts';
import type { Life } from './life.ts';
import type { ClusterServer } from './server.ts';

/** Records among which the end of the last turn is. */
const RECENT = 100;

export interface ToldTurnsOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly broker: Pick<Broker, 'snapshot'>;
  readonly servers: readonly Pick<ClusterServer, 'turns'>[];
  readonly disks: ReadonlyMap<ClusterServer, Disk>;
  readonly found: (what: string) => void;
}

/** The turns whose end the client got. */
export class ToldTurns {
  readonly #options: ToldTurnsOptions;
  /** `isKept`: it was on disk or in the record by then. */
  readonly #told: { readonly key: string; readonly isKept: boolean; readonly atMs: number }[] = [];
  /** When the client got a message that waits for nothing, and takes with it what waits. */
  readonly #urgentAtMs = new Set<number>();

  constructor(options: ToldTurnsOptions) {
    this.#options = options;
  }

  /** `life`: whom the client hears. */
  note(message: SessionMessage, life: Life | undefined): void {
    const atMs = this.#options.clock.nowMs();
    if (message.type === 'reply.end' && life?.log.some((entry) => isTurn(entry, message.generation)))
      this.#told.push({ key: keyOf(message), isKept: this.#keeps(life, message.generation), atMs });
    if (isUrgent(message)) this.#urgentAtMs.add(atMs);
  }

  /** Every one is in a store, or in the journal of a server that died as it was sent, or in the record. */
  check(): void {
    const { servers, disks, found, broker } = this.#options;
    const known = new Set(servers.flatMap(({ turns }) => turns.map(keyOf)));
    const missing = this.#told.filter(
      ({ key, isKept, atMs }) => !known.has(key) && (isKept || !this.#urgentAtMs.has(atMs)),
    );
    if (missing.length === 0) return;
    const journaled = [...disks.values()].flatMap((disk) => (disk.isEmpty ? [] : disk.whole().records));
    for (const turn of [...turnsIn(journaled), ...(broker.snapshot?.unsaved ?? [])]) known.add(keyOf(turn));
    for (const { key } of missing)
      if (!known.has(key)) found(`the turn ${key} reached the client, and is in no store`);
  }

  #keeps({ server }: Life, generation: number): boolean {
    const { broker, disks } = this.#options;
    const disk = disks.get(server);
    const journaled = disk && !disk.isEmpty ? turnsIn(disk.left().records.slice(-RECENT)) : [];
    const recorded = broker.snapshot?.unsaved ?? [];
    return [...journaled, ...recorded, ...server.turns].some((turn) => turn.generation === generation);
  }
}

/** A turn that is going to be continued ends without one. */
function isTurn(entry: LogEntry, generation: number): boolean {
  return (
    entry.type === 'command' &&
    entry.command.type === 'persist' &&
    entry.command.turn.generation === generation
  );
}

/** See acknowledged-turns.ts. */
function isUrgent(message: SessionMessage): boolean {
  return (
    ['flush', 'playback', 'hold', 'action', 'error'].includes(message.type) ||
    (message.type === 'state' && message.value === 'stopped')
  );
}

function turnsIn(records: readonly JournalRecord[]): readonly TurnOutcome[] {
  return records.flatMap(({ commands }) => {
    if (!commands.includes('"persist"')) return [];
    // As a kernel made them.
    const all: readonly Command[] = JSON.parse(commands);
    return all.flatMap((command) => (command.type === 'persist' ? [command.turn] : []));
  });
}

function keyOf({ generation, reason, heard }: { generation: number; reason: string; heard: string }): string {
  return `${generation} ${reason} ${heard}`;
}
