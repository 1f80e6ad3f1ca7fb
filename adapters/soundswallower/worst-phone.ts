import type { Phone, Stretch } from './decoder.ts';

/** How much worse the worst phone of `own` fits than what `others` have in its place, in log units a frame. 0 without phones. */
export function worstPhone(own: readonly Phone[], others: readonly Stretch[]): number {
  const excess = own
    .filter(({ name, frames }) => /^[A-Z]+$/.test(name) && name !== 'SIL' && frames > 0)
    .map((phone) => (phone.cost - costWithin(others, phone)) / phone.frames);
  return Math.max(0, ...excess);
}

/** What a path costs in the time of another stretch. */
function costWithin(path: readonly Stretch[], { fromFrame, frames }: Stretch): number {
  return path.reduce((sum, one) => {
    const common =
      Math.min(fromFrame + frames, one.fromFrame + one.frames) - Math.max(fromFrame, one.fromFrame);
    return common > 0 ? sum + (one.cost * common) / one.frames : sum;
  }, 0);
}
