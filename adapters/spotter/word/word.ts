/** The word whose sound is known as a whole. */
export const STOP = 'stop';
