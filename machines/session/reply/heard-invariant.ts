import { samplesInMs } from '../../audio.ts';
import type { EndReason } from '../../wire.ts';
import { type Entry, type MakeInvariant, type Message, type OpenReply, publishedIn } from '../facts.ts';
import { countWords, heardFault } from './heard-check.ts';

/** The machine knows the position to one frame. */
const POSITION_SLACK_MS = 20;

/** 5: history holds what was heard; the listener's position agrees with the frames. */
export const heardInvariant: MakeInvariant = ({ facts, options, broken }) => {
  const slack = samplesInMs(POSITION_SLACK_MS, options.outputRate);

  /** Checks the event's listener sample against the frames sent and their duration. */
  const checkListener = (entry: Entry<'event'>) => {
    const { reply } = facts;
    if (!reply) return;
    const { listener } = entry.event;
    const { position, frameSamples } = reply;
    const sent = listener?.sent ?? 0;
    // The last frame of a reply is padded with silence.
    if (sent > position.sent || (sent <= position.sent - frameSamples && position.sent > 0))
      broken(5, `the listener knows of ${sent} samples, but ${position.sent} were sent`, entry);
    if (!listener) return;
    if (listener.generation !== reply.generation)
      broken(7, `the listener hears generation ${listener.generation}, not ${reply.generation}`, entry);
    if (listener.played > sent)
      broken(5, `the listener has played ${listener.played} of ${sent} samples`, entry);
    if (listener.acknowledged) return;
    const { least, most } = position.around(entry.atMs);
    if (listener.played < Math.min(sent, least) - slack || listener.played > most + slack)
      broken(
        5,
        `the listener has played ${listener.played} samples, by the pacing ${least} to ${most}`,
        entry,
      );
  };

  const playedFault = (reply: OpenReply, heard: string, reason: EndReason) => {
    const { position, segments, text, filler, listener } = reply;
    const played = (listener?.played ?? 0) - filler;
    // After `resumed` only the listener knows of the last frames of the process before.
    const sent = Math.max(position.sent, listener?.sent ?? 0);
    if (
      sent <= filler &&
      countWords(heard) > 0 &&
      segments.some(({ ready, samples }) => !ready || samples > 0)
    )
      return 'words count as heard, but no audio of them was sent';
    const completed = reason === 'completed';
    return heardFault({ heard, text, completed, segments, least: played - slack, most: played + slack });
  };

  const checkEnd = (
    { generation, heard, reason, timings }: Message<'reply.end'>,
    entry: Entry<'command'>,
  ) => {
    const { reply } = facts;
    if (reply?.generation !== generation) return;
    const fault = options.output === 'text' ? unsentFault(reply, heard) : playedFault(reply, heard, reason);
    if (fault) broken(5, fault, entry);
    for (const [stage, ms] of Object.entries(timings))
      if (ms < 0) broken(5, `the reply's timing ${stage} is ${ms} ms`, entry);
  };

  return {
    observe(entry) {
      // The process that sent the last frames cannot say how many.
      if (entry.type === 'event' && entry.event.type !== 'resumed') checkListener(entry);
      const message = publishedIn(entry);
      if (message?.type === 'reply.end' && entry.type === 'command') checkEnd(message, entry);
    },
  };
};

function unsentFault({ text }: OpenReply, heard: string): string | undefined {
  return heard === text.trim() ? undefined : 'the text that counts as heard is not what was sent';
}
