/** How well an engine's connections are reused: `1 - opened / requests`. Counted since the engine was made. */
export interface ConnectionStats {
  /** Connections opened. */
  readonly opened: number;
  /** Requests sent over them. */
  readonly requests: number;
}

/** What every engine that talks over a network offers besides its port. */
export interface ReportsConnections {
  connectionStats(): ConnectionStats;
}
