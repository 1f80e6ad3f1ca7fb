import type { Link } from '../../clients/typescript/src/browser/mod.ts';
import type { PublicState } from '../../machines/wire.ts';
import { byId, setText } from './elements.ts';
import { MicrophoneView } from './view-microphone.ts';

/** What the user reads and does while disconnected counts as one more state. */
export type ShownState = PublicState | 'offline';

const STATES: Record<ShownState | 'gone', { name: string; hint: string }> = {
  offline: { name: 'Offline', hint: 'Connect to begin.' },
  idle: { name: 'Idle', hint: 'Speak, or type below.' },
  listening: { name: 'Listening', hint: 'Go on, I hear you.' },
  processing: { name: 'Processing', hint: 'Working out a reply.' },
  speaking: { name: 'Speaking', hint: 'Just talk to interrupt.' },
  stopped: { name: 'Stopped', hint: 'Nothing speaks or moves until you rearm.' },
  ended: { name: 'Ended', hint: 'The session is over.' },
  gone: { name: 'Server gone', hint: '' },
};

const LINKS: Record<Link, { words: string; button: string }> = {
  offline: { words: 'Not connected', button: 'Connect' },
  connecting: { words: 'Connecting …', button: 'Cancel' },
  connected: { words: 'Connected', button: 'Disconnect' },
  waiting: { words: 'Not connected', button: 'Cancel' },
};

/** A second click must not undo the stop by accident. */
const REARM_AFTER_MS = 800;
/** How often the countdown is drawn. */
const TICK_MS = 250;

/** A connection that was lost: why, and when it is tried again (`performance.now()`). */
interface Gone {
  readonly words: string;
  readonly retryAtMs: number;
}

/** State, connection and controls. Buttons are public so that `main` can listen to them. */
export class View {
  readonly connectButton = byId('connect', HTMLButtonElement);
  readonly retryButton = byId('retry', HTMLButtonElement);
  readonly stopButton = byId('stop', HTMLButtonElement);
  readonly interruptButton = byId('interrupt', HTMLButtonElement);
  readonly muteButton = byId('mute', HTMLButtonElement);
  readonly sayForm = byId('say', HTMLFormElement);
  readonly textField = byId('text', HTMLInputElement);
  readonly settingsForm = byId('settings', HTMLFormElement);
  readonly tokenField = byId('token', HTMLInputElement);
  readonly serverEchoBox = byId('server-echo', HTMLInputElement);
  readonly microphone = new MicrophoneView(this.muteButton);
  readonly #state = byId('state', HTMLElement);
  readonly #hint = byId('hint', HTMLElement);
  readonly #linkWords = byId('link', HTMLElement);
  readonly #stopLabel = byId('stop-label', HTMLElement);
  readonly #send = byId('send', HTMLButtonElement);
  readonly #trouble = byId('trouble', HTMLElement);
  readonly #troubleWords = byId('trouble-words', HTMLElement);
  readonly #notice = byId('notice', HTMLElement);
  readonly #noticeWords = byId('notice-words', HTMLElement);
  readonly #inspect = byId('inspect', HTMLAnchorElement);
  #inspectAddress = 'inspect/';
  #shown: ShownState = 'offline';
  #paused = false;
  #link: Link = 'offline';
  #gone: Gone | undefined;
  #stopOwed = false;
  #guard: number | undefined;
  #tick: number | undefined;

  constructor() {
    const wide = window.matchMedia('(min-width: 52rem)');
    const unfold = () => {
      for (const id of ['chart-box', 'timings-box']) byId(id, HTMLDetailsElement).open = wide.matches;
    };
    wide.addEventListener('change', unfold);
    unfold();
    byId('dismiss', HTMLButtonElement).addEventListener('click', () => this.clearTrouble());
    byId('notice-dismiss', HTMLButtonElement).addEventListener('click', () => {
      this.#notice.hidden = true;
    });
  }

  /** True if the big button offers to rearm, after the delay that prevents accidental double clicks. */
  get offersRearm(): boolean {
    return this.#mayRearm && this.stopButton.getAttribute('aria-disabled') !== 'true';
  }

  get offersStop(): boolean {
    return !this.#mayRearm;
  }

  get #mayRearm(): boolean {
    return this.#shown === 'stopped' && !this.#gone;
  }

  /** `paused` is playback held back while the server finds out whether the user interrupts. */
  showState(state: ShownState, paused: boolean): void {
    const changed = this.#shown !== state;
    this.#shown = state;
    this.#paused = paused;
    this.#draw();
    if (!changed) return;
    window.clearTimeout(this.#guard);
    this.stopButton.setAttribute('aria-disabled', `${state === 'stopped'}`);
    if (state !== 'stopped') return;
    this.#guard = window.setTimeout(() => {
      this.stopButton.setAttribute('aria-disabled', 'false');
    }, REARM_AFTER_MS);
  }

  /** `words` say why the link is `waiting`; it is tried again in `retryInMs`. */
  showLink(link: Link, words = '', retryInMs = 0): void {
    this.#link = link;
    window.clearInterval(this.#tick);
    if (link === 'waiting') {
      this.#gone = { words, retryAtMs: performance.now() + retryInMs };
      this.#tick = window.setInterval(() => this.#draw(), TICK_MS);
    } else if (link !== 'connecting') {
      this.#gone = undefined;
      this.#stopOwed = false;
    }
    this.#draw();
  }

  /** Shows that a stop is sent first when the server is back. */
  showStopOwed(): void {
    this.#stopOwed = true;
    this.#draw();
  }

  /** Where the inspector shows this session. */
  showInspector(address: string): void {
    this.#inspectAddress = address;
    this.#draw();
  }

  showTrouble(code: string, words: string): void {
    setText(this.#troubleWords, code ? `${words} (${code})` : words);
    this.#trouble.hidden = false;
  }

  clearTrouble(): void {
    this.#trouble.hidden = true;
    setText(this.#troubleWords, '');
  }

  /** Shows the server's warnings. After a dismissal only different ones are shown. */
  showNotices(messages: readonly string[]): void {
    const words = messages.join(' ');
    if (this.#noticeWords.textContent === words) return;
    setText(this.#noticeWords, words);
    this.#notice.hidden = words === '';
  }

  #draw(): void {
    const shown = this.#gone ? 'gone' : this.#shown;
    document.body.dataset.state = shown;
    document.body.dataset.link = this.#link;
    setText(this.#state, STATES[shown].name);
    setText(this.#hint, this.#hintWords());
    setText(this.#linkWords, LINKS[this.#link].words);
    setText(this.connectButton, LINKS[this.#link].button);
    this.connectButton.classList.toggle('primary', this.#link === 'offline');
    this.retryButton.hidden = this.#link !== 'waiting';
    const usable = this.#link === 'connected';
    this.textField.disabled = this.#gone !== undefined;
    this.#send.disabled = !usable;
    this.interruptButton.disabled = !usable || (shown !== 'processing' && shown !== 'speaking');
    this.stopButton.disabled = this.#link === 'offline';
    setText(this.#stopLabel, this.#stopWords());
    this.microphone.enable(this.#gone === undefined);
    this.#drawInspect();
  }

  #hintWords(): string {
    const gone = this.#gone;
    if (!gone) return this.#paused ? 'Paused: did you say something?' : STATES[this.#shown].hint;
    if (this.#link === 'connecting') return `${gone.words} Trying to connect …`;
    const seconds = Math.ceil((gone.retryAtMs - performance.now()) / 1_000);
    return `${gone.words} Trying again ${seconds > 0 ? `in ${seconds} s` : 'now'}. The robot does not hear you meanwhile.`;
  }

  #stopWords(): string {
    if (this.#gone) return this.#stopOwed ? 'Stop comes first when back' : 'Stop when back';
    return this.#shown === 'stopped' ? 'Rearm' : 'Stop';
  }

  /** The inspector lives on the same server. */
  #drawInspect(): void {
    if (this.#gone) this.#inspect.removeAttribute('href');
    else if (this.#inspect.getAttribute('href') !== this.#inspectAddress)
      this.#inspect.href = this.#inspectAddress;
    this.#inspect.setAttribute('aria-disabled', `${this.#gone !== undefined}`);
  }
}
