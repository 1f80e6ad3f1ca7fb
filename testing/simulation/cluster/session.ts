/** A session that several servers can have, on a faulty network. */

import type { ClientCommand } from '../../../actors/session/client-command.ts';
import type { Session } from '../../../actors/session/handle.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { LogEntry } from '../../../machines/log.ts';
import { publishedIn } from '../../../machines/session/facts.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { Continued } from '../../../server/continuing/continuing.ts';
import type { CrashingOptions, Handle } from '../crashing-session.ts';
import { Disk } from '../disk.ts';
import type { FaultPoint } from '../faults.ts';
import { checkReplay } from '../replays.ts';
import { Broker } from './broker.ts';
import { Client } from './client.ts';
import { Forgotten } from './forgotten.ts';
import type { Life } from './life.ts';
import { ClusterServer } from './server.ts';
import { ToldTurns } from './told-turns.ts';

const SERVERS = 3;
/** A dead server is started again after this time, ms. */
const DOWN_MS = [50, 20_000] as const;
const SLOW_MS = [200, 12_000] as const;
const CUT_MS = [100, 15_000] as const;
const ELECTION_MS = [300, 6_000] as const;
/** Of the wall clock of a server with another time, ms. */
const SKEW_MS = 60_000;

/** Opens a session that outlives any of its servers. */
export function openClustered(options: CrashingOptions): Handle {
  return new ClusteredSession(options);
}

class ClusteredSession implements Handle {
  readonly #options: CrashingOptions;
  readonly #broker: Broker;
  readonly #servers: readonly ClusterServer[];
  readonly #disks = new Map<ClusterServer, Disk>();
  readonly #client: Client;
  /** Whose log counts: the one that the client was let in to last. */
  #heard: Life | undefined;
  /** Actions that have begun outside. */
  readonly #begun = new Set<string>();
  readonly #told: ToldTurns;
  #lastSeq = 0;
  /** The newest epoch with which a server took the session, and of an admission. */
  #newest = 1;
  #seen = 1;
  /** Where the client said its last word, until it is connected again. */
  readonly #unsent: ClientCommand[] = [];
  #over = false;
  /** The brokers have the session. */
  #begins = false;
  readonly #forgotten: Forgotten;
  /** Left to another server by one that has stopped. */
  #left: Life | undefined;
  readonly #timers = new Set<TimerHandle>();

  constructor(options: CrashingOptions) {
    this.#options = options;
    const { deps, session, clock, faults, random, found, reached, ear } = options;
    const onRead = () => this.#mayAwake();
    this.#broker = new Broker({ clock, faults, random, found, reached, onRead });
    this.#forgotten = new Forgotten(clock, this.#broker);
    this.#servers = Array.from({ length: SERVERS }, (_, number) => {
      const skewed = faults.does('server.skew');
      const disk = new Disk(options);
      const server = new ClusterServer({
        ...{ name: `s${number + 1}`, deps, session, disk, found, reached },
        broker: this.#broker,
        skewMs: skewed ? faults.stream('server.skew').ms(-SKEW_MS, SKEW_MS) : 0,
        reach: (url) => this.#reach(server, url),
        onEntry: (life, entry) => this.#onEntry(life, entry),
        logBefore: (taken) => this.#logBefore(taken),
        onTaken: (life, taken) => this.#onTaken(life, taken),
        onLeft: (life, whole) => this.#onLeft(life, whole),
      });
      server.start();
      this.#disks.set(server, disk);
      return server;
    });
    this.#told = new ToldTurns({
      ...{ clock, found, servers: this.#servers, disks: this.#disks, broker: this.#broker },
    });
    this.#client = new Client({
      ...{ clock, random, servers: this.#servers },
      seen: () => ({ lastSeq: this.#lastSeq, played: ear.played(), epoch: this.#seen }),
      onReady: (life) => this.#onReady(life),
      message: (message) => this.#tell(message),
      audio: (generation, seq, pcm) => options.client.audio(generation, seq, pcm),
      onRefused: (code) => {
        if (code === 'SESSION_UNKNOWN') this.#onUnknown();
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
    for (const server of this.#servers) server.stay();
    const lives = this.#servers.flatMap(({ life }) => life ?? []);
    const last = this.#client.life ?? lives.sort((a, b) => b.epoch - a.epoch)[0];
    await last?.close(reason);
    for (const server of this.#servers) await server.life?.session.leave('superseded');
    this.#told.check();
    for (const disk of this.#disks.values())
      if (!disk.isEmpty) checkReplay(disk.whole(), this.#options.found);
    for (const server of this.#servers) server.kill();
  }

  #send(send: (session: Session) => void, command?: ClientCommand): void {
    const { life, line } = this.#client;
    if (!life || !line || life.over) {
      // A user whose words, or release of a stop, were not taken repeats them.
      const repeats = command?.type === 'text' || command?.type === 'rearm';
      if (repeats && this.#options.faults.calm) this.#unsent.push(command);
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
    if (this.#heard && this.#heard === this.#left && this.#heard !== life)
      reached('a session was taken from a server that stopped in an orderly way');
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

  /** What happened up to the record, as whoever wrote it has logged it. */
  #logBefore({ record, snapshot }: Continued): readonly LogEntry[] {
    const seq = snapshot?.kernel.seq ?? 0;
    const log = this.#broker.authorOf(record?.revision)?.log ?? [];
    return log.filter((entry) => (entry.type === 'event' || entry.type === 'command') && entry.seq <= seq);
  }

  #onTaken(life: Life, { record, snapshot }: Continued): void {
    const { found, reached, onLost } = this.#options;
    const seq = snapshot?.kernel.seq ?? 0;
    const { seq: had, isOlder, isExcused } = this.#forgotten;
    if (had !== undefined && seq < had && !this.#broker.isRepeated(record?.revision ?? 0)) {
      // As a server knew it that had lost it: nothing else is left, and its epochs are those of then.
      if (isOlder && isExcused) {
        this.#newest = 0;
        queueMicrotask(onLost);
      } else found(`a server took the session as of event ${seq}, and the brokers had event ${had}`);
    }
    for (const { life: other } of this.#servers)
      if (other && other !== life && !other.over) reached('a session was taken from a server that lived');
  }

  #tell(message: SessionMessage): void {
    if (message.type === 'state') this.#lastSeq = message.seq;
    this.#told.note(message, this.#client.life);
    this.#options.client.message(message);
  }

  #onEntry(life: Life, entry: LogEntry): void {
    life.log.push(entry);
    if (life.over && life.fenced && entry.type === 'action.start')
      this.#options.found(`the action ${entry.id} began at a server that had lost the session`);
    if (entry.type === 'action.start') this.#checkAction(entry.id);
    if (life.gone || (this.#heard !== undefined && life !== this.#heard)) return;
    if (this.#forgotten.ends())
      this.#options.reached('a session went on when the brokers had lost their disks');
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
    if (!this.#broker.knewCall(id)) found(`the action ${id} began, and the brokers do not have it`);
  }

  /** What may happen to the servers. */
  #befall({ server }: Life, withinMs: number): void {
    this.#may('server.dies', withinMs, () => this.#kill(server));
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
        server.back();
      });
      this.#leaves(ms, server);
    });
    this.#may('server.apart', withinMs, (ms) => {
      this.#cut(server, 'servers', ms(...CUT_MS));
      this.#leaves(ms, server);
    });
    this.#may('server.drains', withinMs, (ms) => {
      const restart = () => void this.#later(this.#options.random.ms(...DOWN_MS), () => server.start());
      server.drain(ms(0, 6_000), ms(0, 1) < 0.5, restart);
    });
    this.#may('broker.forgets', withinMs, (ms) => {
      this.#forget();
      // All of them had the same power.
      if (ms(0, 1) < 0.5) this.#kill(server);
    });
    this.#may('broker.elects', withinMs, (ms) => this.#broker.elect(ms(...ELECTION_MS)));
    this.#may('client.cutOff', withinMs, (ms) => {
      this.#cut(server, 'client', ms(...CUT_MS));
      this.#client.breakIf((one) => one === server);
    });
  }

  #kill(server: ClusterServer): void {
    this.#client.breakIf((one) => one === server);
    server.kill();
    this.#later(this.#options.random.ms(...DOWN_MS), () => server.start());
  }

  #forget(): void {
    this.#forgotten.begin();
    for (const server of this.#servers) server.back();
  }

  #onUnknown(): void {
    const { found, reached, onLost } = this.#options;
    if (!this.#forgotten.isExcused) found('the session was lost');
    else reached('a session was lost with its server and the disks of the brokers');
    onLost();
  }

  #onLeft(life: Life, whole: boolean): void {
    const last = life.log.findLast((entry) => entry.type === 'event');
    const isOwn = this.#broker.record?.owner === '' && this.#broker.authorOf() === life;
    if (whole && !life.fenced && isOwn && last && this.#broker.seq < last.seq)
      this.#options.found(`a server stopped, and the brokers have ${this.#broker.seq} of ${last.seq} events`);
    this.#left = life;
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
    this.#begins ||= this.#broker.record !== undefined;
    if (this.#over || !this.#begins) return;
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
}
