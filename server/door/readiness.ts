/** Reasons why a part of the server cannot work at the moment, for `/readyz`; empty if it can. Must be cheap. */
export type HealthSource = () => readonly string[];

/** Collects from all parts why the server is not ready. Each part adds its own source when it is made. */
export class Readiness {
  readonly #sources: HealthSource[] = [];

  add(source: HealthSource): void {
    this.#sources.push(source);
  }

  /** The reasons of all parts, in the order of `add`; empty if the server is ready. */
  reasons(): readonly string[] {
    return this.#sources.flatMap((source) => source());
  }
}
