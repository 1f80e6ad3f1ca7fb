// Streaming speech synthesis over OpenAI's protocol. The framework's own plugin waits for the whole answer before the
// first frame, which would make a comparison of delays unfair.
import { AudioByteStream, tts } from '@livekit/agents';

const RATE = 24_000;
const FRAME_SAMPLES = RATE / 50;

export class StreamingTts extends tts.TTS {
  label = 'bench.StreamingTts';
  #baseURL;

  constructor(baseURL) {
    super(RATE, 1, { streaming: false });
    this.#baseURL = baseURL;
  }

  synthesize(text, connOptions, abortSignal) {
    const answer = fetch(`${this.#baseURL}/audio/speech`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: text, model: 'fake', voice: 'alloy', response_format: 'pcm' }),
      signal: abortSignal,
    });
    answer.catch(() => {}); // `run` handles the error
    return new Speech(this, text, answer, connOptions, abortSignal);
  }

  stream() {
    throw new Error('not a streaming engine: the framework cuts the text into sentences');
  }
}

class Speech extends tts.ChunkedStream {
  label = 'bench.Speech';
  #answer;
  #id = crypto.randomUUID();

  constructor(engine, text, answer, connOptions, abortSignal) {
    super(text, engine, connOptions, abortSignal);
    this.#answer = answer;
  }

  async run() {
    try {
      const { body } = await this.#answer;
      const frames = new AudioByteStream(RATE, 1, FRAME_SAMPLES);
      let held;
      for await (const bytes of body) {
        for (const frame of frames.write(bytes)) {
          if (held) this.#put(held, false);
          held = frame;
        }
      }
      if (held) this.#put(held, true);
    } catch (error) {
      if (error?.name !== 'AbortError') throw error;
    } finally {
      this.queue.close();
    }
  }

  #put(frame, final) {
    this.queue.put({ requestId: this.#id, segmentId: this.#id, frame, final });
  }
}
