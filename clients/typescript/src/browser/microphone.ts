import { PIPELINE_RATE } from '../../../../machines/audio.ts';
import { CaptureWatch } from './capture-watch.ts';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './worklets/protocol.ts';

export interface MicrophoneEvents {
  /** 20 ms of PCM16 mono at 16 kHz, and its level (RMS, 0..1). */
  onFrame(pcm: ArrayBuffer, level: number): void;
  /** The device went away, or the browser gives no audio of it any more. Called once. */
  onLost(error: DOMException): void;
}

/** Captures that were opened anew without any audio between, after which the microphone is lost. */
const MOST_FRUITLESS = 3;

/** The stream of a device and the context that reads it. */
interface Capture {
  readonly stream: MediaStream;
  readonly context: AudioContext;
  readonly watch: CaptureWatch;
}

/** An open microphone. A client owns at most one. It stays open over suspensions and interruptions of its audio context. */
export class Microphone {
  readonly #echoCancellation: boolean;
  readonly #events: MicrophoneEvents;
  #capture: Capture | undefined;
  #muted = false;
  #closed = false;
  #fruitless = 0;

  private constructor(echoCancellation: boolean, events: MicrophoneEvents) {
    this.#echoCancellation = echoCancellation;
    this.#events = events;
  }

  /** Asks for the microphone; the browser cancels echo or not. Rejects with the browser's DOMException. */
  static async open(echoCancellation: boolean, events: MicrophoneEvents): Promise<Microphone> {
    if (!navigator.mediaDevices) throw new DOMException('insecure context', 'SecurityError');
    const microphone = new Microphone(echoCancellation, events);
    await microphone.#open();
    return microphone;
  }

  /** A muted microphone keeps sending silence, so that the server still hears where speech ended. */
  set muted(muted: boolean) {
    this.#muted = muted;
    for (const track of this.#capture?.stream.getTracks() ?? []) track.enabled = !muted;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#release();
  }

  async #open(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        ...{ channelCount: 1, echoCancellation: this.#echoCancellation },
        ...{ noiseSuppression: true, autoGainControl: true },
      },
    });
    let context: AudioContext | undefined;
    try {
      const opened = await openSource(stream);
      context = opened.context;
      await context.audioWorklet.addModule(new URL('./worklet-capture.js', import.meta.url));
      const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
        numberOfOutputs: 0,
        channelCount: 1,
        channelCountMode: 'explicit',
      });
      const watch = new CaptureWatch(context, { onBroken: () => void this.#reopen() });
      const capture = { stream, context, watch };
      node.port.onmessage = ({ data }: MessageEvent<CaptureMessage>) => {
        watch.heard();
        this.#fruitless = 0;
        this.#events.onFrame(data.pcm, data.level);
      };
      opened.source.connect(node);
      for (const track of stream.getTracks()) {
        track.enabled = !this.#muted;
        track.addEventListener('ended', () => this.#ended(capture));
      }
      this.#capture = capture;
    } catch (error) {
      endTracks(stream);
      await context?.close();
      throw error;
    }
    // The page closed it while the browser asked the user.
    if (this.#closed) await this.#release();
  }

  /** A device that is unplugged ends its tracks; an interruption may do so too, and is mended when it is over. */
  #ended(capture: Capture): void {
    if (this.#capture !== capture || this.#closed) return;
    const state: string = capture.context.state;
    if (state !== 'interrupted') this.#lose(new DOMException('the microphone went away', 'NotFoundError'));
  }

  async #reopen(): Promise<void> {
    if (this.#closed) return;
    await this.#release();
    if (++this.#fruitless > MOST_FRUITLESS) {
      this.#lose(new DOMException('the browser gives no audio of the microphone', 'NotReadableError'));
      return;
    }
    try {
      await this.#open();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#lose(error instanceof DOMException ? error : new DOMException(words, 'NotReadableError'));
    }
  }

  #lose(error: DOMException): void {
    if (this.#closed) return;
    void this.close();
    this.#events.onLost(error);
  }

  async #release(): Promise<void> {
    const capture = this.#capture;
    this.#capture = undefined;
    if (!capture) return;
    capture.watch.close();
    endTracks(capture.stream);
    if (capture.context.state !== 'closed') await capture.context.close();
  }
}

/** At 16 kHz where the browser converts by itself, else at the device's rate: the capture worklet converts then. */
async function openSource(
  stream: MediaStream,
): Promise<{ context: AudioContext; source: MediaStreamAudioSourceNode }> {
  const context = new AudioContext({ sampleRate: PIPELINE_RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    await context.close();
    const native = new AudioContext();
    return { context: native, source: native.createMediaStreamSource(stream) };
  }
}

function endTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
