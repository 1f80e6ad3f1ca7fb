import { type Entry, type MakeInvariant, publishedIn } from '../facts.ts';

/** 1, 2 and 3, in part: frames are contiguous, none comes after its flush, and an interrupted reply is flushed. */
export const audioInvariant: MakeInvariant = ({ facts, broken }) => {
  let flushed = 0;
  const checkFrame = (entry: Entry<'frame'>) => {
    const { generation, seq, samples, atMs } = entry;
    const { reply } = facts;
    if (generation <= flushed) broken(1, `a frame of generation ${generation} came after its flush`, entry);
    if (reply?.generation !== generation) {
      const what = generation <= facts.generation ? 'came after its end' : 'came before its beginning';
      broken(generation < facts.generation ? 3 : 1, `a frame of generation ${generation} ${what}`, entry);
      return;
    }
    const { nextFrame, frameSamples, position } = reply;
    if (seq !== nextFrame) broken(2, `frame ${seq} came where ${nextFrame} was due`, entry);
    if (frameSamples !== 0 && samples !== frameSamples)
      broken(2, `a frame of ${samples} samples among those of ${frameSamples}`, entry);
    if (position.pausedAtMs !== null && atMs > position.pausedAtMs)
      broken(2, `frame ${seq} was sent while the playback is paused`, entry);
  };
  return {
    observe(entry) {
      if (entry.type === 'frame') checkFrame(entry);
      const message = publishedIn(entry);
      if (message?.type === 'flush') flushed = Math.max(flushed, message.generation);
      if (message?.type !== 'reply.end' || message.reason !== 'interrupted') return;
      if (facts.reply?.generation === message.generation && flushed < message.generation)
        broken(1, `interrupted generation ${message.generation} was not flushed`, entry);
    },
  };
};
