/** A session that several servers can have, in bad weather. */

import type { TakenSession } from '../../../actors/failover/takeover.ts';
import type { ClientCommand } from '../../../actors/session/client-command.ts';
import type { Session } from '../../../actors/session/handle.ts';
import type { Rebuilt } from '../../../actors/session/rebuild.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { callsOf } from '../../../machines/journal/calls.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { Command, TurnOutcome } from '../../../machines/session/commands.ts';
import { publishedIn } from '../../../machines/session/facts.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { Disk } from '../disk.ts';
import type { FaultPoint } from '../faults.ts';
import type { Handle, MortalOptions } from '../mortal-session.ts';
import { checkReplay, WholeReplay } from '../replays.ts';
import { Broker } from './broker.ts';
import { Client } from './client.ts';
import type { Life } from './life.ts';
import { ClusterServer } from './server.ts';

const SERVERS = 3;
/** Records among which the end of the last turn is. */
const RECENT = 100;
/** A dead server is started again after this time, ms. */
const DOWN_MS = [50, 20_000] as const;
const SLOW_MS = [200, 12_000] as const;
const CUT_MS = [100, 15_000] as const;
/** Of the wall clock of a server with another time, ms. */
const SKEW_MS = 60_000;

/** Opens a session that outlives any of its servers. */
export function openClustered(options: MortalOptions): Handle {
  return new ClusteredSession(options);
}

class ClusteredSession implements Handle {
  readonly #options: MortalOptions;
  readonly #broker: Broker;
  readonly #servers: readonly ClusterServer[];
  readonly #disks = new Map<ClusterServer, Disk>();
  readonly #client: Client;
  /** Whose log counts: the one that the client was let in to last. */
  #heard: Life | undefined;
  /** Actions that have begun outside. */
  readonly #begun = new Set<string>();
  /** Turns whose end the client was told. `isKept`: it was on disk or in the stream by then. */
  readonly #told: { readonly key: string; readonly isKept: boolean; readonly atMs: number }[] = [];
  /** When the client got a message that waits for nothing, and takes with it what waits. */
  readonly #urgentAtMs = new Set<number>();
  #lastSeq = 0;
  /** The newest epoch of a lease, and of an admission. */
  #newest = 1;
  #seen = 1;
  /** Where the client said its last word, until it is connected again. */
  readonly #unsent: ClientCommand[] = [];
  #over = false;
  readonly #timers = new Set<TimerHandle>();

  constructor(options: MortalOptions) {
    this.#options = options;
    const { deps, session, clock, faults, random, found, reached, ear } = options;
    const onRead = () => this.#mayAwake();
    const replay = new WholeReplay(deps.machine, found);
    this.#broker = new Broker({ clock, faults, random, found, onRead });
    this.#servers = Array.from({ length: SERVERS }, (_, number) => {
      const skewed = faults.does('server.skew');
      const disk = new Disk(options);
      const server = new ClusterServer({
        ...{ name: `s${number + 1}`, deps, session, disk, replay, found, reached },
        broker: this.#broker,
        skewMs: skewed ? faults.stream('server.skew').ms(-SKEW_MS, SKEW_MS) : 0,
        reach: (url) => this.#reach(server, url),
        onEntry: (life, entry) => this.#onEntry(life, entry),
        onRebuilt: (life, taken, rebuilt) => this.#onRebuilt(life, taken, rebuilt),
      });
      server.start();
      this.#disks.set(server, disk);
      return server;
    });
    this.#client = new Client({
      ...{ clock, random, servers: this.#servers },
      seen: () => ({ lastSeq: this.#lastSeq, played: ear.played(), epoch: this.#seen }),
      onReady: (life) => this.#onReady(life),
      message: (message) => this.#tell(message),
      audio: (generation, seq, pcm) => options.client.audio(generation, seq, pcm),
      onRefused: (code) => {
        if (code === 'SESSION_UNKNOWN') found('the session was lost');
      },
    });
    this.#client.begin(random.pick(this.#servers));
  }

  command(command: ClientCommand): void {
    this.#send((session) => session.command(command), command);
  }

  audio(pcm: Uint8Array, sample: number): void {
    const { life, line } = this.#client;
    if (life && line)
      life.server.whenAwake(() => {
        if (life.serves(line)) life.audio(pcm, sample);
      });
  }

  stopHeard(event: Parameters<Session['stopHeard']>[0]): void {
    this.#send((session) => session.stopHeard(event));
  }

  present(here: boolean): void {
    this.#client.present(here);
  }

  async close(reason: 'bye' | 'lost'): Promise<void> {
    this.#over = true;
    this.#client.close();
    for (const timer of this.#timers) timer.cancel();
    const lives = this.#servers.flatMap(({ life }) => life ?? []);
    const last = this.#client.life ?? lives.sort((a, b) => b.epoch - a.epoch)[0];
    // Its stream and lease are deleted with it.
    const { records } = this.#broker;
    const stream = [...records];
    await last?.close(reason);
    for (const server of this.#servers) await server.life?.session.leave('superseded');
    this.#checkTurns();
    if (last && !last.fenced) this.#checkJournal(last, stream);
    for (const server of this.#servers) server.kill();
  }

  #send(send: (session: Session) => void, command?: ClientCommand): void {
    const { life, line } = this.#client;
    if (!life || !line || life.over) {
      // A user whose words were not taken says them again.
      if (command?.type === 'text' && this.#options.faults.calm) this.#unsent.push(command);
      return;
    }
    life.server.whenAwake(() => {
      if (life.serves(line)) send(life.session);
    });
  }

  #reach(from: ClusterServer, url: string): ClusterServer | undefined {
    const to = this.#servers.find((one) => url.startsWith(`${one.url}/`));
    return to?.isUp && !to.isCut('servers') && !from.isCut('servers') ? to : undefined;
  }

  #onReady(life: Life): void {
    const { audit, ear, reached, found } = this.#options;
    const { epoch } = life;
    if (epoch < this.#newest) found(`the client came back to epoch ${epoch} after ${this.#newest}`);
    this.#newest = Math.max(epoch, this.#newest);
    this.#seen = life.admissions;
    if (this.#heard && this.#heard !== life) {
      audit.resume(life.log);
      ear.resumed(life.lastGeneration);
      reached('another server took a session over');
    }
    this.#heard = life;
    queueMicrotask(() => {
      for (const command of this.#unsent.splice(0)) this.command(command);
    });
  }

  #onRebuilt(life: Life, { last, records }: TakenSession, { journal }: Rebuilt): void {
    const { found, reached } = this.#options;
    const inStream = this.#broker.recordsUpTo(last);
    if (records.length !== inStream)
      found(`a server took ${records.length} of the ${inStream} records before its fence over`);
    if (journal.records < inStream) found(`of ${inStream} records ${journal.records} were rebuilt`);
    for (const { life: other } of this.#servers)
      if (other && other !== life && !other.over) reached('a session was taken from a server that lived');
  }

  #tell(message: SessionMessage): void {
    if (message.type === 'state') this.#lastSeq = message.seq;
    const { life } = this.#client;
    const { clock } = this.#options;
    if (message.type === 'reply.end' && life?.log.some((entry) => isTurn(entry, message.generation)))
      this.#told.push({
        key: keyOf(message),
        isKept: this.#keeps(life, message.generation),
        atMs: clock.nowMs(),
      });
    if (isUrgent(message)) this.#urgentAtMs.add(clock.nowMs());
    this.#options.client.message(message);
  }

  #keeps({ server }: Life, generation: number): boolean {
    const disk = this.#disks.get(server);
    const journals = [this.#broker.records, disk && !disk.isEmpty ? disk.left().records : []];
    return journals.some((records) =>
      turnsIn(records.slice(-RECENT)).some((turn) => turn.generation === generation),
    );
  }

  #onEntry(life: Life, entry: LogEntry): void {
    life.log.push(entry);
    if (life.over && life.fenced && entry.type === 'action.start')
      this.#options.found(`the action ${entry.id} began at a server that had lost the session`);
    if (entry.type === 'action.start') this.#checkAction(entry.id);
    if (this.#heard !== undefined && life !== this.#heard) return;
    this.#options.deps.onLog?.(this.#options.session.session, entry);
    const message = publishedIn(entry);
    if (message?.type === 'action' && message.status === 'started') this.#befall(life, 60);
    if (message?.type === 'reply.end') this.#befall(life, 100);
    if (message?.type === 'state') this.#befall(life, 3_000);
  }

  #checkAction(id: string): void {
    const { found } = this.#options;
    if (this.#begun.has(id)) found(`the action ${id} began twice`);
    this.#begun.add(id);
    if (!callsOf(this.#broker.records).some((call) => call.id === id))
      found(`the action ${id} began, and the stream does not have it`);
  }

  /** What may happen to the servers. */
  #befall({ server }: Life, withinMs: number): void {
    this.#may('server.dies', withinMs, () => {
      this.#client.breakIf((one) => one === server);
      server.kill();
      this.#later(this.#options.random.ms(...DOWN_MS), () => server.start());
    });
    this.#may('server.slow', withinMs, (ms) => {
      const { life } = server;
      server.slow(ms(...SLOW_MS), () => {
        if (life && !life.over && life.epoch < this.#newest)
          this.#options.reached('a slow server went on when another one had its session');
      });
      this.#leaves(ms, server);
    });
    this.#may('server.cutOff', withinMs, (ms) => {
      const { life } = server;
      this.#cut(server, 'broker', ms(...CUT_MS), () => {
        if (life && !life.over && life.epoch === this.#newest)
          this.#options.reached('a server that was cut off from the brokers kept its session');
      });
      this.#leaves(ms, server);
    });
    this.#may('server.apart', withinMs, (ms) => {
      this.#cut(server, 'servers', ms(...CUT_MS));
      this.#leaves(ms, server);
    });
    this.#may('client.cutOff', withinMs, (ms) => {
      this.#cut(server, 'client', ms(...CUT_MS));
      this.#client.breakIf((one) => one === server);
    });
  }

  #mayAwake(): void {
    for (const server of this.#servers)
      if (server.isSlow && this.#options.faults.does('server.awakes'))
        this.#later(this.#options.faults.stream('server.awakes').ms(0, 4), () => server.awake());
  }

  /** The client's connection breaks too, or it stays. */
  #leaves(ms: (least: number, most: number) => number, server: ClusterServer): void {
    const afterMs = ms(0, 4_000);
    if (afterMs < 2_000) this.#later(afterMs, () => this.#client.breakIf((one) => one === server));
  }

  #cut(server: ClusterServer, from: 'broker' | 'servers' | 'client', ms: number, onHealed = () => {}): void {
    const { clock } = this.#options;
    server.cutUntilMs[from] = Math.max(server.cutUntilMs[from], clock.nowMs() + ms);
    this.#later(ms, onHealed);
  }

  #may(
    point: FaultPoint,
    withinMs: number,
    happen: (ms: (least: number, most: number) => number) => void,
  ): void {
    const { faults } = this.#options;
    // Before that there is nothing to go on with.
    if (this.#over || !this.#broker.lease || this.#broker.records.length === 0) return;
    if (!faults.does(point)) return;
    const stream = faults.stream(point);
    const draws = [stream.next(), stream.next()];
    this.#later(stream.ms(0, withinMs), () => {
      if (!faults.calm) happen((least, most) => least + (draws.shift() ?? 0.5) * (most - least));
    });
  }

  #later(ms: number, run: () => void): void {
    const timer = this.#options.clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  /** Every turn that the client knows to be over is in a store, or in the journal of a server that died as it was told. */
  #checkTurns(): void {
    const known = new Set(this.#servers.flatMap(({ turns }) => turns.map(keyOf)));
    const missing = this.#told.filter(
      ({ key, isKept, atMs }) => !known.has(key) && (isKept || !this.#urgentAtMs.has(atMs)),
    );
    if (missing.length === 0) return;
    const journaled = [...this.#disks.values()].flatMap((disk) => (disk.isEmpty ? [] : disk.whole().records));
    for (const turn of turnsIn(journaled)) known.add(keyOf(turn));
    for (const { key } of missing)
      if (!known.has(key)) this.#options.found(`the turn ${key} was told, and is in no store`);
  }

  #checkJournal({ server }: Life, stream: readonly { readonly stateHash: string }[]): void {
    const journal = this.#disks.get(server)?.whole();
    if (!journal) return;
    const { deps, found } = this.#options;
    checkReplay(deps.machine, journal, found);
    const other = stream.findIndex(({ stateHash }, at) => journal.records[at]?.stateHash !== stateHash);
    if (other >= 0) found(`record ${other} of the stream is another than that of the last server`);
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
