import { describeMessage, describeTimings } from '../client/describe.ts';
import type { VoiceClient } from '../client/voice-client.ts';
import { print } from '../terminal.ts';
import type { Scene } from './conversation.ts';

const HIDDEN = new Set(['viseme', 'speech', 'reply', 'ready']);

/** Everything that a client received. */
type Heard = Pick<VoiceClient, 'arrivals' | 'frames'>;

/** Prints a timeline, and the delays that a user would notice. */
export function printTimeline(client: Heard, scenes: readonly Scene[]): void {
  const lines = [
    ...client.arrivals
      .filter(({ message }) => !HIDDEN.has(message.type))
      .map(({ atMs, message }) => ({ atMs, text: describeMessage(message) })),
    ...scenes.map(({ line, fromMs, toMs }) => ({
      atMs: fromMs,
      text: `SPEAKS      "${line.text}" (${Math.round(toMs - fromMs)} ms, ${line.how})`,
    })),
  ].sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, text } of lines) print(`${(atMs / 1_000).toFixed(3).padStart(8)} s  ${text}`);

  print('\nWhat the user feels, in ms:');
  for (const [index, scene] of scenes.entries()) {
    const felt = feltOf(client, scene, scenes[index + 1]);
    if (felt) print(`  ${scene.line.text.padEnd(20)} ${felt}`);
  }
}

function feltOf(client: Heard, scene: Scene, next: Scene | undefined): string | undefined {
  const within = client.arrivals.slice(scene.firstArrival, next?.firstArrival);
  const first = (type: string) => within.find(({ message }) => message.type === type);
  switch (scene.line.how) {
    case 'backchannel': {
      const [paused, resumed] = within.filter(
        ({ message }) => message.type === 'playback' && message.state !== 'ducked',
      );
      return paused && resumed
        ? `paused ${Math.round(paused.atMs - scene.fromMs)} after its onset, went on ${Math.round(resumed.atMs - paused.atMs)} later`
        : undefined;
    }
    case 'barge-in': {
      const paused = within.find(({ message }) => message.type === 'playback' && message.state === 'paused');
      const flush = first('flush');
      return paused && flush
        ? `silent ${Math.round(paused.atMs - scene.fromMs)} after its onset, confirmed ${Math.round(flush.atMs - paused.atMs)} later`
        : undefined;
    }
    default: {
      // A reply that was interrupted ends in the next scene.
      const end = client.arrivals
        .slice(scene.firstArrival)
        .find(({ message }) => message.type === 'reply.end')?.message;
      const frame = client.frames.find(({ atMs }) => atMs > scene.toMs);
      const stages = end?.type === 'reply.end' ? describeTimings(end.timings) : '';
      return frame
        ? `first sound ${Math.round(frame.atMs - scene.toMs)} after the last word's file${stages}`
        : undefined;
    }
  }
}
