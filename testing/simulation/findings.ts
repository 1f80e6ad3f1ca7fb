/** A violation. */
export interface Finding {
  /** The check that found it: an invariant by its number, the replay, the client's ear, … */
  readonly by: `invariant ${number}` | 'replay' | 'chain' | 'liveness' | 'client' | 'defect' | 'unhandled';
  readonly what: string;
  readonly session: string;
  /** Number of the event in its session; -1 if there is none. */
  readonly seq: number;
}
