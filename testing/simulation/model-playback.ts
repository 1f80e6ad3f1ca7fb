import { FRAME_MS, msOfSamples, samplesInMs } from '../../machines/audio.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { ModelChild } from './model-child.ts';

/** It looks after its frames less often than the real one, so that there are fewer events. */
const TICK_MS = 100;

/** Sends what there is, 200 ms ahead at most, and tells where it is with each frame. */
export class ModelPlayback extends ModelChild {
  #position = 0;
  #sent = 0;
  #seq = 0;
  #atMs = 0;
  #paused = false;
  #started = false;
  #over = false;
  #timer: TimerHandle | undefined;

  start(): void {
    this.scope.track.onWrite = () => this.#run();
    this.#atMs = this.scope.nowMs();
    this.after(0, () => this.#run());
  }

  override take(message: ChildMessage): void {
    if (message.type === 'pause') {
      this.#move();
      this.#paused = true;
      if (this.#started && !this.#over) this.#progress();
    } else if (message.type === 'resume') {
      this.#atMs = this.scope.nowMs();
      this.#paused = false;
      this.after(0, () => this.#run());
    }
  }

  #move(): void {
    const { rate, nowMs } = this.scope;
    if (!this.#paused)
      this.#position = Math.min(this.#sent, this.#position + samplesInMs(nowMs() - this.#atMs, rate));
    this.#atMs = nowMs();
  }

  #progress(): void {
    const moving = !this.#paused;
    this.tell({ type: 'playout.progress', samples: this.#position, sent: this.#sent, moving });
  }

  #run(): void {
    if (this.stopped || this.#over || this.#paused) return;
    this.#timer?.cancel();
    this.#move();
    const { rate, track, frame } = this.scope;
    const frameSamples = samplesInMs(FRAME_MS, rate);
    const room = () =>
      this.#sent + frameSamples - this.#position - samplesInMs(WIRE_LIMITS.sendAheadMs, rate);
    const ready = () =>
      track.written - this.#sent >= frameSamples || (track.ended && track.written > this.#sent);
    let first = false;
    while (room() <= 0 && ready()) {
      first = !this.#started;
      this.#started = true;
      frame(this.#seq++, frameSamples);
      this.#sent = Math.min(track.written, this.#sent + frameSamples);
      if (first) this.tell({ type: 'playout.started' });
      if (this.stopped || this.#paused) return;
    }
    if (this.#started) this.#progress();
    if (this.stopped || this.#paused) return;
    const left = this.#sent - this.#position;
    if (track.ended && this.#sent === track.written && left < 1) {
      this.#over = true;
      this.tell({ type: 'xstate.done.actor.playback', output: { samples: this.#sent } });
      return;
    }
    const waits = ready() ? room() : left;
    if (waits >= 1)
      this.#timer = this.after(ready() ? TICK_MS : Math.min(TICK_MS, msOfSamples(waits, rate)), () =>
        this.#run(),
      );
  }
}
