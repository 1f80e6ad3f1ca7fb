import type { MakeInvariant } from '../facts.ts';

/** 2, in part: a filler comes before the reply's own audio, and once a turn. */
export const fillerInvariant: MakeInvariant = ({ facts, broken }) => {
  /** The newest turn in which a filler has sounded. */
  let filledTurn = 0;
  return {
    observe(entry) {
      const { reply, turn } = facts;
      if (!reply) return;
      if (entry.type === 'event') {
        const { event } = entry;
        if (event.type !== 'filler.audio' || event.samples === 0) return;
        // On a busy server this event waits, while frames of the filler and then of the reply leave.
        const { fillerAtMs = Number.POSITIVE_INFINITY, playingAtMs } = event.listener ?? {};
        const late =
          playingAtMs === undefined ? reply.position.sent > event.samples : playingAtMs < fillerAtMs;
        if (reply.filler > 0 || late) broken(2, 'a filler came when something of the reply was there', entry);
      }
      if (entry.type !== 'frame' || entry.generation !== reply.generation) return;
      if (reply.filler === 0 || reply.nextFrame > 0) return;
      if (turn === filledTurn) broken(2, `a second filler was said in turn ${turn}`, entry);
      filledTurn = turn;
    },
  };
};
