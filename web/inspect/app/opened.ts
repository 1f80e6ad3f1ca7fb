import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { KernelEvent } from '../../../machines/kernel.ts';
import type { SessionFeed } from '../../../server/endpoints/inspect/wire.ts';
import { ApiError, type InspectorApi, type LoadedJournal } from '../api.ts';
import { RecordFollower } from '../follow.ts';
import type { LiveLink } from '../live.ts';
import { Explainer, type Explanation, type StateBefore } from '../model/explain.ts';
import type { JournalText } from '../model/journal-text.ts';
import { type Origin, SessionLog } from '../model/session-log.ts';
import { runInSlices } from '../model/slices.ts';
import { stateTree } from '../model/states.ts';
import { Tracer } from '../model/tracing.ts';
import { TimelineModel } from '../timeline/model.ts';
import { ChartCounts } from './chart-counts.ts';
import { Observable } from './observable.ts';
import { PublicTravel } from './public-travel.ts';
import { Recording } from './recording.ts';
import { Sound } from './sound.ts';

/** Cache of opened files. */
export interface SessionFiles {
  file(session: string): OpenSession | undefined;
}

/** A session as it is looked at: its journal, and the moment that all views show. */
export class OpenSession extends Observable {
  readonly session: string;
  log: SessionLog | undefined;
  tracer: Tracer | undefined;
  counts: ChartCounts | undefined;
  travel: PublicTravel | undefined;
  readonly timeline = new TimelineModel();
  /** The session is live: records arrive as they are made. */
  live = false;
  /** Why it cannot be shown, or only in part. */
  trouble: string | undefined;
  /** The moment: its time, in ms since the session's start, and the last record at or before it. */
  t = 0;
  index = -1;
  /** The moment stays at the end. */
  following = true;
  playing = false;
  #follower: RecordFollower | undefined;
  #link: LiveLink | undefined;
  #api: InspectorApi | undefined;
  #sound: Sound | undefined;
  #recording: Recording | undefined;
  #wanted: number | undefined;
  #tracing = false;
  #explainer: Explainer | undefined;
  #frame: number | undefined;

  private constructor(session: string) {
    super();
    this.session = session;
  }

  static ofFile(file: JournalText): OpenSession {
    const opened = new OpenSession(file.header.session);
    opened.#begin(file, 'file');
    opened.#take(file.records);
    opened.trouble = file.trouble;
    if (opened.log) {
      opened.log.footer = file.footer;
      opened.log.audio.push(...file.audio);
    }
    opened.seekRecord(0);
    void opened.#drawRecording();
    return opened;
  }

  /** Loads it from the server, and follows it if it is live. `record`: the moment to begin with; otherwise the end. */
  static ofServer(
    session: string,
    { api, link, record }: { api: InspectorApi; link: LiveLink; record?: number },
  ): OpenSession {
    const opened = new OpenSession(session);
    opened.#wanted = record;
    opened.#link = link;
    opened.#api = api;
    opened.#follower = new RecordFollower(api, session, {
      onJournal: (journal) => {
        opened.#begin(journal, opened.live ? 'live' : 'store');
        if (opened.log) opened.log.footer = journal.footer;
      },
      onRecords: (records) => opened.#take(records),
      onError: (error) => opened.#failed(error),
    });
    link.watch(session);
    // The journal gives the position of its audio on the clock.
    void opened.#follower.refill().then(() => opened.#drawRecording());
    return opened;
  }

  /** The whole journal of a session, without opening it. Rejects with ApiError. */
  static async whole(session: string, from: { api: InspectorApi; list: SessionFiles }): Promise<SessionLog> {
    const file = from.list.file(session)?.log;
    if (file) return file;
    let log: SessionLog | undefined;
    for (let at: number | null = 0; at !== null; ) {
      const page: LoadedJournal = await from.api.journal(session, at);
      log ??= new SessionLog({ header: page.header, headerHash: page.headerHash, origin: 'store' });
      log.append(page.records);
      at = page.next;
      // A session that runs has no last page.
      if (page.records.length === 0) break;
    }
    if (!log) throw new ApiError('SESSION_UNKNOWN', 'nothing is recorded of it', 0);
    return log;
  }

  /** The last record shown; -1 if there is none yet. */
  get last(): number {
    return (this.log?.records.length ?? 0) - 1;
  }

  /** Handles the answer to `watch`. After a reconnection it loads the missed records. */
  watching(live: boolean): void {
    this.live = live;
    void this.#follower?.refill();
    this.changed();
  }

  feed(feed: SessionFeed): void {
    this.#follower?.feed(feed);
    if (feed.levels.length > 0) this.timeline.addLevels(feed.levels);
    if (feed.ear) this.timeline.addEar(feed.ear);
    if (feed.ended) {
      this.live = false;
      if (this.log) this.log.footer = { status: 'ended', records: this.log.records.length };
    }
    this.changed();
  }

  /**
   * Why the record's event did what it did. Before the trace has come that far it is worked out from the state before
   * it. Undefined for what no machine of this version can say.
   */
  explainAt(index: number): Explanation | undefined {
    const traced = this.tracer?.at(index);
    const { log } = this;
    const record = log?.records[index];
    if (traced || !log || !record || index === 0) return traced;
    try {
      this.#explainer ??= new Explainer(log.header.parameters);
      // The text was written by one kernel and is read by another.
      const before = stateTree(log.stateAt(index - 1)) as unknown as StateBefore;
      return this.#explainer.explain(before, JSON.parse(record.event) as KernelEvent, record.t);
    } catch {
      return undefined;
    }
  }

  seekRecord(index: number): void {
    this.index = Math.max(-1, Math.min(index, this.last));
    this.t = this.log?.records[this.index]?.t ?? 0;
    this.following = this.live && this.index === this.last;
    this.changed();
  }

  seekTime(t: number): void {
    this.t = Math.max(0, Math.min(t, this.log?.durationMs ?? 0));
    this.index = this.log?.indexAt(this.t) ?? -1;
    this.following = this.live && this.index === this.last;
    this.changed();
  }

  /** Ends playing and moves to the record. */
  goTo(index: number): void {
    this.pause();
    this.seekRecord(index);
  }

  /** To the record before or after the present one. */
  stepEvent(by: number): void {
    this.goTo(Math.max(0, this.index + by));
  }

  /** To the beginning of the turn before or after. */
  stepTurn(by: 1 | -1): void {
    const starts = this.log?.turnStarts ?? [];
    const next = by > 0 ? starts.find((at) => at > this.index) : starts.findLast((at) => at < this.index);
    this.goTo(next ?? (by > 0 ? this.last : 0));
  }

  /** Lets the moment stay at the end of a live session. */
  follow(): void {
    this.goTo(this.last);
  }

  togglePlay(): void {
    if (this.playing) this.pause();
    else this.#play();
  }

  pause(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    if (this.playing) this.#sound?.stop();
    this.playing = false;
    this.changed();
  }

  close(): void {
    this.pause();
    this.#follower?.close();
    this.#link?.unwatch(this.session);
  }

  /** In real time, from the moment to the end. */
  #play(): void {
    const duration = this.log?.durationMs ?? 0;
    if (this.t >= duration) this.seekTime(0);
    this.playing = true;
    // Continue without sound if it cannot be loaded.
    this.#sound?.play(() => this.t).catch(() => {});
    let before = performance.now();
    const frame = (now: number) => {
      this.seekTime(this.t + Math.max(0, now - before));
      before = now;
      if (this.t < (this.log?.durationMs ?? 0)) this.#frame = requestAnimationFrame(frame);
      else this.pause();
    };
    this.#frame = requestAnimationFrame(frame);
    this.changed();
  }

  #begin(journal: Pick<JournalText, 'header' | 'headerHash'>, origin: Origin): void {
    const { header, headerHash } = journal;
    this.log = new SessionLog({ header, headerHash, origin });
    this.tracer = new Tracer(header, this.log.records);
    this.counts = new ChartCounts(this.log, this.tracer);
    this.travel = new PublicTravel(this.log);
    const api = this.#api;
    this.#recording = new Recording(this.log, api && ((from) => api.audio(this.session, from)));
    this.#sound = new Sound(this.log, this.#recording);
    this.trouble = undefined;
    this.changed();
  }

  async #drawRecording(): Promise<void> {
    try {
      this.timeline.addRecordedLevels((await this.#recording?.userLevels()) ?? []);
    } catch (thrown) {
      // The journal can be inspected without it; another view shows the server's error.
      this.timeline.recording = thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.changed();
  }

  #take(records: readonly JournalRecord[]): void {
    const { log } = this;
    if (!log) return;
    const atEnd = this.following || this.index < 0;
    log.append(records);
    this.timeline.append(records);
    this.#trace();
    if (this.#wanted !== undefined && this.last >= this.#wanted) {
      this.seekRecord(this.#wanted);
      this.#wanted = undefined;
    } else if (atEnd && this.#wanted === undefined) {
      this.seekRecord(this.last);
      this.following = true;
    }
    this.changed();
  }

  #trace(): void {
    const { tracer } = this;
    if (this.#tracing || !tracer) return;
    this.#tracing = true;
    const job = (function* () {
      while (tracer.next()) yield tracer.done;
    })();
    void runInSlices(job, { onProgress: () => this.changed() }).then(() => {
      this.#tracing = false;
      if (tracer.done < this.last + 1) this.#trace();
      this.changed();
    });
  }

  #failed(error: Error): void {
    const gone = error instanceof ApiError && error.code === 'SESSION_UNKNOWN';
    this.trouble = gone ? 'Session not found: it neither runs nor has a journal here.' : error.message;
    this.changed();
  }
}
