/** What the sessions of a process do without while it has too much to do. It changes: read it each time. */
export interface Economy {
  /** Whether replies are prepared before the turn has ended. */
  readonly speculates: boolean;
  /** Whether words are reported while the user still speaks and nothing is there to interrupt or to stop. */
  readonly partials: boolean;
}
