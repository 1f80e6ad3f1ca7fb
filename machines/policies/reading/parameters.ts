/** What becomes of stage directions such as `*smiles*`. `emotion`: not said, but sent to the client. */
export const STAGE_DIRECTIONS = ['drop', 'speak', 'emotion'] as const;
export type StageDirections = (typeof STAGE_DIRECTIONS)[number];

export interface ReadingParameters {
  readonly stageDirections: StageDirections;
  /** By what is written: what is said. */
  readonly words: Readonly<Record<string, string>>;
}

export const plainReading: ReadingParameters = { stageDirections: 'drop', words: {} };
