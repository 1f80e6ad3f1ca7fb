import type { JsonObject } from '../../machines/json.ts';

/** What a validator of JSON Schema found. */
export interface SchemaVerdict {
  readonly valid: boolean;
  readonly errors: readonly {
    readonly keyword: string;
    readonly keywordLocation: string;
    readonly instanceLocation: string;
    readonly error: string;
  }[];
}

/**
 * Compares arguments with a schema away from the event loop, for those that may take long. Rejects if the check takes
 * more than its time limit, or fails.
 */
export type SlowSchemaCheck = (schema: JsonObject, args: JsonObject) => Promise<SchemaVerdict>;
