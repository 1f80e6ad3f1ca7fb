import type { Clock } from '../../machines/clock.ts';

/** A pause this long ends a stretch: the client was muted, sends speech only, or the network stood still. */
const PAUSE_MS = 400;
/** Audio ahead of real time by which a stretch counts as too fast: more than any client buffers while it connects or returns. */
const AHEAD_MS = 3_000;
/** Time in which a stretch must be too slow: longer than networks recover in. */
const SLOW_MS = 5_000;
/** A stretch is looked at in parts, which must be alike: a burst is not a pace. */
const PARTS = 4;
/** Length of a part, until the stretch is longer; then the length doubles. */
const FIRST_PART_MS = 125;
/** Deviation of a part from the mean that a steady stream may have. */
const UNSTEADY = 0.3;
/** Paces that neither a clock's drift nor a network explains: slower and faster than real time. */
const [SLOW, FAST] = [0.8, 1.3];
/** Samples of the newest message that are looked at. */
const LOOKED_AT = 1_600;
/** Rates of microphones, Hz. */
const RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000];
/** Two rates this near are one. */
const SAME = 0.06;

/**
 * Finds out that audio arrives at another pace than its rate says, and what was probably confused. A wrong rate or number of
 * channels is steadily too fast or too slow; bursts after buffering are not steady.
 */
export class PaceWatch {
  readonly #clock: Clock;
  readonly #rate: number;
  #startMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Audio that arrived in each part of the stretch, ms. */
  #parts: number[] = [];
  #partMs = FIRST_PART_MS;
  /** Length of the complete parts when they were last looked at, ms. They change only with it. */
  #lookedAtMs = 0;
  #reported = false;

  /** `rate`: that the client declared, Hz. */
  constructor(clock: Clock, rate: number) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** Notes the arrival of PCM16LE. Returns what is probably wrong, for people, once. */
  heard(pcm: Uint8Array): string | undefined {
    if (this.#reported) return undefined;
    const nowMs = this.#clock.nowMs();
    const audioMs = (pcm.byteLength / 2 / this.#rate) * 1_000;
    if (nowMs - this.#lastMs > Math.max(PAUSE_MS, 4 * audioMs)) this.#begin(nowMs);
    else this.#add(nowMs, audioMs);
    this.#lastMs = nowMs;
    const pace = this.#steadyPace(nowMs);
    if (pace === undefined) return undefined;
    this.#reported = true;
    return `it arrives at ${pace.toFixed(1)} times real time for ${this.#rate} Hz, one channel, 16 bits: ${this.#guess(pace, pcm)}`;
  }

  /** The first message of a stretch was recorded before it. */
  #begin(nowMs: number): void {
    this.#startMs = nowMs;
    this.#parts = [];
    this.#partMs = FIRST_PART_MS;
    this.#lookedAtMs = 0;
  }

  #add(nowMs: number, audioMs: number): void {
    let part = Math.floor((nowMs - this.#startMs) / this.#partMs);
    while (part >= 2 * PARTS) {
      this.#parts = Array.from({ length: PARTS }, (_, at) => this.#in(2 * at) + this.#in(2 * at + 1));
      this.#partMs *= 2;
      part = Math.floor((nowMs - this.#startMs) / this.#partMs);
    }
    this.#parts[part] = this.#in(part) + audioMs;
  }

  #in(part: number): number {
    return this.#parts[part] ?? 0;
  }

  /** The pace of the stretch, if it is steadily wrong for long enough. */
  #steadyPace(nowMs: number): number | undefined {
    const whole = Math.floor((nowMs - this.#startMs) / this.#partMs);
    const spanMs = whole * this.#partMs;
    if (whole < PARTS || spanMs === this.#lookedAtMs) return undefined;
    this.#lookedAtMs = spanMs;
    const complete = Array.from({ length: whole }, (_, at) => this.#in(at));
    const mean = complete.reduce((sum, one) => sum + one, 0) / whole;
    const pace = mean / this.#partMs;
    const isFast = pace >= FAST && pace * spanMs - spanMs >= AHEAD_MS;
    const isSlow = pace <= SLOW && spanMs >= SLOW_MS;
    const isSteady = complete.every((one) => Math.abs(one - mean) <= UNSTEADY * mean);
    return (isFast || isSlow) && isSteady ? pace : undefined;
  }

  #guess(pace: number, pcm: Uint8Array): string {
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const samples = Math.min(LOOKED_AT, Math.floor(pcm.byteLength / 2));
    const sample = (at: number) => view.getInt16(2 * at, true);
    if (pace > FAST && isFloat(view)) return 'probably 32-bit floating point; send 16-bit integers';
    if (pace > FAST && isStereo(samples, sample)) {
      const other = rateOf((pace / 2) * this.#rate);
      const rate = other === undefined || other === this.#rate ? '' : ` at ${other} Hz`;
      return `probably stereo${rate}; send one channel`;
    }
    const rate = rateOf(pace * this.#rate);
    if (rate === undefined) return 'declare the rate at which it is recorded, and send it as it is recorded';
    const said = `probably recorded at ${rate} Hz; declare that rate or resample it`;
    return Math.abs(pace - 2) < 2 * SAME ? `${said}. Or stereo; send one channel` : said;
  }
}

/** The usual rate that is meant. */
function rateOf(hz: number): number | undefined {
  return RATES.find((rate) => Math.abs(rate - hz) <= SAME * rate);
}

/**
 * Whether every second sample belongs to another channel. Samples of one moment differ less than neighbours do if two
 * microphones hear the same; if they do not, neighbours differ more than every second sample; or one hears nothing.
 */
function isStereo(samples: number, sample: (at: number) => number): boolean {
  // By the parity of the sample.
  const steps = [0, 0];
  const power = [0, 0];
  let doubleSteps = 0;
  for (let at = 0; at + 2 < samples; at++) {
    const parity = at % 2;
    steps[parity] = (steps[parity] ?? 0) + (sample(at + 1) - sample(at)) ** 2;
    power[parity] = (power[parity] ?? 0) + sample(at) ** 2;
    doubleSteps += (sample(at + 2) - sample(at)) ** 2;
  }
  const loud = Math.max(...power);
  if (loud < samples) return false;
  const [one = 0, other = 0] = steps;
  return (
    Math.min(...power) < loud / 100 ||
    Math.min(...steps) < Math.max(...steps) / 2 ||
    one + other > 1.5 * doubleSteps
  );
}

/** Whether the bytes are floating point from -1 to 1: 16-bit samples read so are of every size. */
function isFloat(view: DataView): boolean {
  const count = Math.min(LOOKED_AT, Math.floor(view.byteLength / 4));
  let fits = 0;
  let sounds = 0;
  for (let at = 0; at < count; at++) {
    const size = Math.abs(view.getFloat32(4 * at, true));
    if (size <= 1 && (size === 0 || size > 1e-7)) fits++;
    if (size > 1e-4 && size <= 1) sounds++;
  }
  return fits > 0.98 * count && sounds > count / 10;
}
