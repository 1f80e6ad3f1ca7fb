import type { OutputRate } from '../../../../machines/audio.ts';
import type { EchoState } from '../../../../machines/wire.ts';
import type { OpusLibrary } from '../audio/opus.ts';
import type { PlayoutStats } from '../audio/playout.ts';
import { SessionClient } from '../client.ts';
import type { Socket } from '../connection.ts';
import { AudioSpeaker } from './audio-speaker.ts';
import { Microphone } from './microphone.ts';

export * from '../mod.ts';

/** A session of a page. Its loudspeaker opens with `connect`; call that from a click, or the browser may hold sound back. */
export class ParleyClient extends SessionClient {
  declare protected speaker: AudioSpeaker | undefined;
  /** Who removes the robot's voice from the microphone, from the next connection on: the browser, or the server (`present`). */
  override echo: EchoState = 'cancelled';
  #microphone: Microphone | undefined;
  #muted = false;

  get microphone(): 'none' | 'on' | 'muted' {
    if (!this.#microphone) return 'none';
    return this.#muted ? 'muted' : 'on';
  }

  /** What the loudspeaker had to put up with; undefined without one. */
  get playback(): ({ readonly rate: number } & PlayoutStats) | undefined {
    return this.speaker && { rate: this.speaker.rate, ...this.speaker.stats };
  }

  /**
   * Asks for the microphone and sends what it hears, also in later sessions of this connection. Rejects with the browser's DOMException. Call it
   * after `connect`; it closes with the connection. It goes on when the browser has suspended or interrupted it. `onLost` is called once
   * it cannot, as is the event `trouble`.
   */
  async openMicrophone({ onLost }: { readonly onLost?: (error: DOMException) => void } = {}): Promise<void> {
    const same = this.sameVisit();
    const opened = await Microphone.open(this.echo === 'cancelled', {
      onFrame: (pcm, level) => {
        this.emit('level', level);
        this.audio(new Int16Array(pcm));
      },
      onLost: (error) => {
        this.closeMicrophone();
        this.emit('trouble', { device: 'microphone', error });
        onLost?.(error);
      },
    });
    if (!same()) return opened.close();
    this.#microphone = opened;
    this.#muted = false;
  }

  /** A muted microphone keeps sending silence, so that the server still hears where speech ended. */
  mute(muted: boolean): void {
    if (!this.#microphone) return;
    this.#muted = muted;
    this.#microphone.muted = muted;
  }

  closeMicrophone(): void {
    void this.#microphone?.close();
    this.#microphone = undefined;
  }

  protected openSocket(url: string, subprotocol: string): Socket {
    return new WebSocket(url, subprotocol);
  }

  /** The codec is a file of its own beside this one, which only clients load that want it. */
  protected async loadOpus(): Promise<OpusLibrary> {
    return import(new URL('./opus.js', import.meta.url).href);
  }

  protected async prepare(): Promise<void> {
    if (this.audible) await this.#openSpeaker(this.outputRate);
  }

  protected async matchSpeaker(rate: OutputRate): Promise<void> {
    this.#closeSpeaker();
    await this.#openSpeaker(rate);
  }

  protected release(): void {
    this.#closeSpeaker();
    this.closeMicrophone();
  }

  async #openSpeaker(rate: number): Promise<void> {
    const same = this.sameVisit();
    try {
      const opened = await AudioSpeaker.open(rate, this.onPlayed);
      if (!same()) return await opened.close();
      this.speaker = opened;
      // May stay pending for as long as the browser holds sound back; nothing waits for it.
      opened.wake().catch(() => {});
    } catch (error) {
      this.emit('trouble', { device: 'speaker', error });
    }
  }

  #closeSpeaker(): void {
    void this.speaker?.close();
    this.speaker = undefined;
  }
}
