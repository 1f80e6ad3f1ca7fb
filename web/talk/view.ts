import type { PublicState, TurnTimings } from '../../machines/wire.ts';
import type { Link } from './connection.ts';
import { byId, element } from './elements.ts';

/** What the user reads and does while disconnected counts as one more state. */
export type ShownState = PublicState | 'offline';

const STATES: Record<ShownState, { name: string; hint: string }> = {
  offline: { name: 'Offline', hint: 'Connect to begin.' },
  idle: { name: 'Idle', hint: 'Speak, or type below.' },
  listening: { name: 'Listening', hint: 'Go on, I hear you.' },
  processing: { name: 'Processing', hint: 'Working out a reply.' },
  speaking: { name: 'Speaking', hint: 'Just talk to interrupt.' },
  stopped: { name: 'Stopped', hint: 'Voice stop: nothing speaks or moves until you rearm.' },
  ended: { name: 'Ended', hint: 'The session is over.' },
};

const LINKS: Record<Link, { words: string; button: string }> = {
  offline: { words: 'Not connected', button: 'Connect' },
  connecting: { words: 'Connecting …', button: 'Cancel' },
  connected: { words: 'Connected', button: 'Disconnect' },
  waiting: { words: 'Connection lost, trying again …', button: 'Cancel' },
};

const STAGES: readonly (readonly [keyof TurnTimings, string])[] = [
  ['endpoint', 'End of speech noticed'],
  ['stt', 'Speech to text'],
  ['recall', 'Memory asked'],
  ['llmFirstToken', 'First word of the reply'],
  ['firstSegment', 'First words to speak'],
  ['ttsFirstAudio', 'First sound made'],
  ['firstFrame', 'First sound sent'],
  ['firstAudio', 'Silence until the reply'],
  ['firstPlayed', 'From there to the loudspeaker'],
  ['filler', 'Silence until a filler'],
];

/** A second click in panic must not undo the stop. */
const REARM_AFTER_MS = 800;
/** Quietest level that the meter shows, in dB of full scale. */
const FLOOR_DB = -60;

/** Everything on the page but the conversation. Buttons are public so that `main` can listen to them. */
export class View {
  readonly connectButton = byId('connect', HTMLButtonElement);
  readonly stopButton = byId('stop', HTMLButtonElement);
  readonly interruptButton = byId('interrupt', HTMLButtonElement);
  readonly muteButton = byId('mute', HTMLButtonElement);
  readonly sayForm = byId('say', HTMLFormElement);
  readonly textField = byId('text', HTMLInputElement);
  readonly settingsForm = byId('settings', HTMLFormElement);
  readonly tokenField = byId('token', HTMLInputElement);
  readonly #state = byId('state', HTMLElement);
  readonly #hint = byId('hint', HTMLElement);
  readonly #link = byId('link', HTMLElement);
  readonly #stopLabel = byId('stop-label', HTMLElement);
  readonly #send = byId('send', HTMLButtonElement);
  readonly #level = byId('level', HTMLMeterElement);
  readonly #trouble = byId('trouble', HTMLElement);
  readonly #troubleWords = byId('trouble-words', HTMLElement);
  readonly #timings = byId('timings', HTMLElement);
  readonly #inspect = byId('inspect', HTMLAnchorElement);
  #shown: ShownState = 'offline';
  #guard: number | undefined;

  constructor() {
    byId('timings-box', HTMLDetailsElement).open = window.matchMedia('(min-width: 52rem)').matches;
    byId('dismiss', HTMLButtonElement).addEventListener('click', () => this.clearTrouble());
  }

  /** True while the big button offers to rearm, and has done so long enough to be meant. */
  get offersRearm(): boolean {
    return this.#shown === 'stopped' && this.stopButton.getAttribute('aria-disabled') !== 'true';
  }

  get offersStop(): boolean {
    return this.#shown !== 'stopped';
  }

  /** `paused` is playback held back while the server finds out whether the user interrupts. */
  showState(state: ShownState, paused: boolean): void {
    document.body.dataset.state = state;
    setText(this.#state, STATES[state].name);
    setText(this.#hint, paused ? 'Paused: did you say something?' : STATES[state].hint);
    this.interruptButton.disabled = state !== 'processing' && state !== 'speaking';
    if (this.#shown === state) return;
    this.#shown = state;
    window.clearTimeout(this.#guard);
    this.stopButton.setAttribute('aria-disabled', 'false');
    setText(this.#stopLabel, state === 'stopped' ? 'Rearm' : 'Stop');
    if (state !== 'stopped') return;
    this.stopButton.setAttribute('aria-disabled', 'true');
    this.#guard = window.setTimeout(() => {
      this.stopButton.setAttribute('aria-disabled', 'false');
    }, REARM_AFTER_MS);
  }

  showLink(link: Link): void {
    document.body.dataset.link = link;
    setText(this.#link, LINKS[link].words);
    setText(this.connectButton, LINKS[link].button);
    this.#send.disabled = link !== 'connected';
  }

  /** Where the inspector shows this session. */
  showInspector(address: string): void {
    this.#inspect.href = address;
    this.#inspect.hidden = false;
  }

  showMicrophone(microphone: 'none' | 'on' | 'muted'): void {
    this.muteButton.disabled = microphone === 'none';
    setText(this.muteButton, microphone === 'muted' ? 'Unmute mic' : 'Mute mic');
    if (microphone === 'none') this.showLevel(0);
  }

  /** `level` is an RMS of 0..1; shown on a decibel scale. */
  showLevel(level: number): void {
    const share = level <= 0 ? 0 : Math.max(0, 1 - (20 * Math.log10(level)) / FLOOR_DB);
    this.#level.value = Math.min(1, share);
  }

  showTimings(timings: TurnTimings | undefined): void {
    this.#timings.replaceChildren(
      ...STAGES.flatMap(([stage, label]) => {
        const ms = timings?.[stage];
        return [element('dt', '', label), element('dd', '', ms === undefined ? '–' : `${Math.round(ms)} ms`)];
      }),
    );
  }

  showTrouble(code: string, words: string): void {
    setText(this.#troubleWords, code ? `${words} (${code})` : words);
    this.#trouble.hidden = false;
  }

  clearTrouble(): void {
    this.#trouble.hidden = true;
    setText(this.#troubleWords, '');
  }
}

/** Leaves equal text alone: a screen reader would say it again. */
function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
