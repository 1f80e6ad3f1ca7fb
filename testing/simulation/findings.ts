/** Something that must not be. */
export interface Finding {
  /** Who noticed: an invariant by its number, the replay, the client's ear, … */
  readonly by: `invariant ${number}` | 'replay' | 'chain' | 'liveness' | 'client' | 'defect' | 'unhandled';
  readonly what: string;
  readonly session: string;
  /** Number of the event in its session; -1 if it is of none. */
  readonly seq: number;
}
