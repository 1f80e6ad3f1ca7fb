import type { ControlCommand, InspectMessage } from '../../../server/endpoints/inspect/wire.ts';
import { InspectorApi } from '../api.ts';
import { LiveLink, type LiveStatus } from '../live.ts';
import { parseJournalText } from '../model/journal-text.ts';
import { Observable } from './observable.ts';
import { OpenSession } from './opened.ts';
import { loadParameterFields, type ParameterField } from './parameter-fields.ts';
import { readRoute, type Tab, writeRoute } from './route.ts';
import { SessionList } from './session-list.ts';

/** What a server reports about itself in `ready`. */
export type ServerFacts = Extract<InspectMessage, { type: 'ready' }>;

/** Maximum size of a file: a larger one does not fit into a page. 50,000 events are 40 MB. */
const LARGEST_FILE = 512 * 1_024 * 1_024;

/** The page as a whole: its connection, the list of sessions, and the one that is open. */
export class Inspector extends Observable {
  readonly api: InspectorApi;
  readonly link: LiveLink;
  readonly list: SessionList;
  status: LiveStatus = 'connecting';
  statusWords = '';
  /** When a lost connection is tried again (`performance.now()`); undefined while connected or offline by choice. */
  retryAtMs: number | undefined;
  facts: ServerFacts | undefined;
  open: OpenSession | undefined;
  /** For the form of other parameters; loaded at the start, so that it works without the server. */
  parameterFields: readonly ParameterField[] = [];
  tab: Tab = 'events';
  help = false;
  /** The last error, in words for the user. */
  trouble: string | undefined;

  constructor(token: string) {
    super();
    this.api = new InspectorApi(location.origin, token);
    this.list = new SessionList(this.api);
    this.link = new LiveLink(
      {
        onStatus: (status, words, retryInMs) => this.#onStatus(status, words, retryInMs),
        onMessage: (message) => this.#onMessage(message),
      },
      () => this.api.token,
    );
  }

  start(): void {
    this.link.list(true);
    this.link.open();
    void this.list.reload();
    loadParameterFields().then(
      (fields) => {
        this.parameterFields = fields;
        this.changed();
      },
      (error: unknown) => this.fail(error),
    );
    window.addEventListener('hashchange', () => this.#follow());
    this.#follow();
  }

  /** Another token: connects again with it. */
  authorise(token: string): void {
    this.api.token = token;
    this.link.close();
    this.link.open();
    void this.list.reload();
    const { session } = readRoute(location.hash);
    if (session !== undefined && this.open?.trouble !== undefined) this.show(session);
  }

  /** Opens a session; `record` is the moment to begin with. */
  show(session: string, record?: number): void {
    this.#leave();
    const file = this.list.file(session);
    const { api, link } = this;
    this.open =
      file ?? OpenSession.ofServer(session, { api, link, ...(record === undefined ? {} : { record }) });
    if (file && record !== undefined) file.seekRecord(record);
    this.#write('push');
    this.changed();
  }

  /** Back to the list. */
  leave(): void {
    this.#leave();
    this.open = undefined;
    this.#write('push');
    this.changed();
  }

  setTab(tab: Tab): void {
    this.tab = tab;
    this.#write('replace');
    this.changed();
  }

  /** The connection is lost: views that need the server are disabled. */
  get gone(): boolean {
    return this.retryAtMs !== undefined;
  }

  /** The session after or before the open one in the list as it is filtered. */
  stepSession(by: 1 | -1): void {
    const { rows } = this.list;
    const at = rows.findIndex(({ session }) => session === this.open?.session);
    const next = rows[at < 0 ? 0 : at + by];
    if (next) this.show(next.session);
  }

  /** An address of this page that leads to the open session and the moment shown. */
  shareAddress(): string {
    const { open, tab } = this;
    const route = open
      ? { session: open.session, ...(open.index >= 0 ? { record: open.index } : {}), tab }
      : {};
    return `${location.origin}${location.pathname}${writeRoute(route)}`;
  }

  /** Opens a journal's file, without any server. */
  async openFile(file: File): Promise<void> {
    try {
      if (file.size > LARGEST_FILE) throw new Error(`${file.name} is too large for a page`);
      const opened = OpenSession.ofFile(parseJournalText(await file.text(), file.name));
      this.list.addFile(opened);
      this.trouble = undefined;
      this.show(opened.session);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  async control(command: ControlCommand): Promise<void> {
    if (!this.open) return;
    try {
      await this.api.control(this.open.session, command);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  fail(thrown: unknown): void {
    this.trouble = thrown instanceof Error ? thrown.message : String(thrown);
    this.changed();
  }

  dismiss(): void {
    this.trouble = undefined;
    this.changed();
  }

  toggleHelp(): void {
    this.help = !this.help;
    this.changed();
  }

  /** Follows the address: at the start, and after back or forward. */
  #follow(): void {
    const { session, record, tab } = readRoute(location.hash);
    this.tab = tab ?? 'events';
    if (session === undefined) {
      this.#leave();
      this.open = undefined;
    } else if (session !== this.open?.session) this.show(session, record);
    else if (record !== undefined) this.open.seekRecord(record);
    this.changed();
  }

  #leave(): void {
    // A file stays as it is; feeds of other sessions are dropped.
    if (this.open && !this.list.file(this.open.session)) this.open.close();
    else this.open?.pause();
  }

  #write(how: 'push' | 'replace'): void {
    const { open, tab } = this;
    const hash = writeRoute(open ? { session: open.session, tab } : {});
    const shown = readRoute(location.hash);
    if (shown.session === open?.session && shown.record !== undefined && shown.tab === tab) return;
    const url = `${location.pathname}${location.search}${hash === '#' ? '' : hash}`;
    if (how === 'push' && shown.session !== open?.session) history.pushState(null, '', url);
    else history.replaceState(null, '', url);
  }

  #onStatus(status: LiveStatus, words: string, retryInMs = 0): void {
    this.status = status;
    this.statusWords = words;
    if (status === 'waiting') this.retryAtMs = performance.now() + retryInMs;
    else if (status !== 'connecting') this.retryAtMs = undefined;
    this.changed();
  }

  #onMessage(message: InspectMessage): void {
    switch (message.type) {
      case 'ready':
        this.facts = message;
        void this.list.reload();
        break;
      case 'sessions':
        this.list.told(message);
        return;
      case 'watching':
        if (message.session === this.open?.session) this.open.watching(message.live);
        return;
      case 'feed':
        if (message.feed.session === this.open?.session) this.open.feed(message.feed);
        return;
      case 'error':
        this.trouble = `${message.code}: ${message.message}`;
        break;
    }
    this.changed();
  }
}
