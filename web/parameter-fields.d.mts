/** A parameter of a session, for a form. */
export interface ParameterField {
  /** `endpointing.delayMs` */
  readonly name: string;
  readonly kind: string;
  /** `ms`, `letters` or empty. */
  readonly unit: string;
  readonly meaning: string;
  readonly defaultValue: unknown;
}
export function parameterFields(): Promise<readonly ParameterField[]>;
