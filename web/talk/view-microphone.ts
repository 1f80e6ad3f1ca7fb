import { byId, setText } from './elements.ts';

/** Quietest level that the meter shows, in dB of full scale. */
const FLOOR_DB = -60;
/** A level above this share of the meter is a sound: about −48 dB, above the noise of a quiet room. */
const AUDIBLE = 0.2;
/** After this long without a sound the page says so: a wrong or muted device is the usual reason. */
const SILENT_AFTER_MS = 5_000;

export type MicrophoneState = 'none' | 'on' | 'muted';

/** The microphone's state and level, and the button that mutes it. */
export class MicrophoneView {
  readonly #mute: HTMLButtonElement;
  readonly #words = byId('microphone', HTMLElement);
  readonly #ear = byId('ear', HTMLElement);
  readonly #echo = byId('echo', HTMLElement);
  readonly #decibels = byId('decibels', HTMLElement);
  readonly #level = byId('level', HTMLMeterElement);
  #state: MicrophoneState = 'none';
  #usable = true;
  #heardAtMs = 0;

  constructor(mute: HTMLButtonElement) {
    this.#mute = mute;
  }

  show(state: MicrophoneState): void {
    this.#state = state;
    this.#heardAtMs = performance.now();
    this.#mute.textContent = state === 'muted' ? 'Unmute mic' : 'Mute mic';
    this.#draw(0);
  }

  /** `level` is an RMS of 0..1; shown on a decibel scale. */
  showLevel(level: number): void {
    const share = level <= 0 ? 0 : Math.max(0, 1 - (20 * Math.log10(level)) / FLOOR_DB);
    if (share > AUDIBLE) this.#heardAtMs = performance.now();
    this.#draw(Math.min(1, share));
  }

  /** What the server's ear measures, decides, and makes of the robot's own voice. */
  showEar(level: string, decision: string, echo: string): void {
    setText(this.#decibels, level);
    setText(this.#ear, decision);
    setText(this.#echo, echo);
  }

  /** False while the server is gone. */
  enable(usable: boolean): void {
    if (this.#usable === usable) return;
    this.#usable = usable;
    this.#heardAtMs = performance.now();
    this.#draw(0);
  }

  #draw(share: number): void {
    this.#mute.disabled = this.#state === 'none' || !this.#usable;
    this.#level.value = this.#usable ? share : 0;
    setText(this.#words, this.#stateWords());
  }

  #stateWords(): string {
    if (this.#state === 'none') return 'Microphone off';
    if (!this.#usable) return 'Microphone paused';
    if (this.#state === 'muted') return 'Microphone muted';
    return performance.now() - this.#heardAtMs > SILENT_AFTER_MS ? 'Microphone: no sound' : 'Microphone on';
  }
}
